// A repo as a folder: by a command of its own, by a daemon, by mount(8), and after its process was killed.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { CLI, openPlace, type Place } from './cairn.ts'

const NO_FUSE = !existsSync('/dev/fuse')
  ? 'there is no /dev/fuse'
  : process.getuid?.() === 0
    ? undefined
    : 'only root may mount'
const KILLS = process.env['CAIRN_SLOW'] === '1' ? 100 : 3
const run = promisify(execFile)

describe.skipIf(NO_FUSE !== undefined)(`cairn mount${NO_FUSE === undefined ? '' : ` (skipped: ${NO_FUSE})`}`, () => {
  test('shows the mutable files, takes what is written, and ends when it is unmounted', async () => {
    await withRepo(async (place, folder) => {
      const mounted = place.start(['mount', '--offline', 'files'])
      await toBeMounted(folder)
      await sh(`mkdir ${folder}/a; echo hello > ${folder}/a/f`)
      expect((await place.cairn(['mount', folder])).stderr).toMatch(/mounted already|is using it/)
      expect(await place.output(['umount', 'files'])).toBe('')
      expect(await mounted.ended).toMatchObject({ code: 0, stderr: '' })
      expect(await place.output(['files', 'read', '/a/f'])).toBe('hello\n')
      expect(await place.cairn(['umount', 'files'])).toMatchObject({ code: 1 })
      expect(await place.cairn(['mount', 'nowhere'])).toMatchObject({ code: 1 })
      expect(await place.cairn(['mount', 'files', '--path', '/other'])).toMatchObject({ code: 1 })
      expect(await place.cairn(['mount', 'files', '--path', '/mfs/missing'])).toMatchObject({ code: 1 })
      const cid = (await place.output(['files', 'stat', '--hash', '/a'])).trim()
      expect(await place.output(['mount', '-d', '--read-only', '--path', `/ipfs/${cid}`, 'files'])).toContain('Mounted')
      expect(await sh(`cat ${folder}/f`)).toBe('hello\n')
      await expect(sh(`echo > ${folder}/f`)).rejects.toThrow('Read-only')
      await place.output(['umount', 'files'])
      const failed = await place.cairn(['mount', '-d', '--path', '/mfs/missing', 'files'])
      expect(failed).toMatchObject({ code: 1, stderr: 'Error: Cannot find "missing"\n' })
    })
  }, 60_000)

  test('in a daemon, where commands see what is written, and programs what commands change', async () => {
    await withRepo(async (place, folder) => {
      const content = place.path('content')
      await mkdir(content)
      await place.output(['config', '--json', 'Mounts', JSON.stringify({ MFS: folder, IPFS: content })])
      const daemon = place.start(['daemon', '--offline', '--mount'])
      await toBeMounted(content)
      await sh(`echo one > ${folder}/f; sync ${folder}/f`)
      expect(await place.output(['files', 'read', '/f'])).toBe('one\n')
      await place.output(['files', 'cp', '/f', '/g'])
      await expect.poll(() => sh(`cat ${folder}/g`).catch(() => '')).toBe('one\n')
      const cid = (await place.output(['files', 'stat', '--hash', '/f'])).trim()
      expect(await sh(`cat ${content}/${cid}`)).toBe('one\n')
      // A program that is inside keeps nobody from ending.
      const inside = run('bash', ['-c', `cd ${folder}; exec 3<g; sleep 3; ! cat <&3`])
      await sh('sleep 0.3')
      daemon.child.kill('SIGTERM')
      expect(await daemon.ended).toMatchObject({ code: 0 })
      await inside
      expect(await sh(`ls -A ${folder} ${content}`)).toBe(`${content}:\n\n${folder}:\n`)
      expect(await place.cairn(['daemon', '--offline', '--mount', '--mount-mfs', 'missing'])).toMatchObject({ code: 1 })
    })
  }, 60_000)

  test('by WebDAV from a daemon too, with the tokens of the RPC, and both show the same', async () => {
    await withRepo(async (place, folder) => {
      await place.output([
        'config',
        '--json',
        'Mounts',
        JSON.stringify({ MFS: folder, WebDAV: { Address: '/ip4/127.0.0.1/tcp/0' } }),
      ])
      const said = Promise.withResolvers<string>()
      const daemon = place.start(['daemon', '--offline', '--mount'], {
        async read(stdout) {
          let text = ''
          for await (const piece of stdout) {
            text += String(piece)
            if (text.includes('Daemon is ready')) said.resolve(text)
          }
        },
      })
      const port = /WebDAV server listening on \/ip4\/127.0.0.1\/tcp\/(\d+)/.exec(await said.promise)?.[1]
      const url = `http://127.0.0.1:${port}/f`
      expect((await fetch(url, { method: 'PUT', body: 'by WebDAV' })).status).toBe(201)
      expect(await sh(`cat ${folder}/f; echo ', by a program' >> ${folder}/f`)).toBe('by WebDAV')
      expect(await (await fetch(url)).text()).toBe('by WebDAV, by a program\n')
      expect(await place.output(['files', 'read', '/f'])).toBe('by WebDAV, by a program\n')
      const rebound = await sh(`curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' ${url}`)
      expect(rebound).toBe('401')
      const token = (await place.output(['token', 'add', 'me'])).trim().replace('bearer:', '')
      const looker = (await place.output(['token', 'add', 'looker', '--read-only'])).trim().replace('bearer:', '')
      const other = (await place.output(['token', 'add', 'other', '--allow', '/api/v0/pin']))
        .trim()
        .replace('bearer:', '')
      const status = async (method: string, authorization: string): Promise<number> =>
        (await fetch(url, { method, headers: { authorization } })).status
      const basic = (secret: string): string => `Basic ${Buffer.from(`anybody:${secret}`).toString('base64')}`
      expect((await fetch(url)).status).toBe(401)
      expect([await status('GET', basic(token)), await status('GET', `Bearer ${token}`)]).toEqual([200, 200])
      expect([await status('GET', basic(looker)), await status('DELETE', basic(looker))]).toEqual([200, 403])
      expect([await status('GET', basic(other)), await status('GET', basic('wrong'))]).toEqual([401, 401])
      expect(await status('DELETE', basic(token))).toBe(204)
      expect(await sh(`ls -A ${folder}`)).toBe('')
      daemon.child.kill('SIGTERM')
      expect(await daemon.ended).toMatchObject({ code: 0 })
      await place.output(['token', 'rm', 'me', 'looker', 'other'])
      await place.output(['config', '--json', 'Mounts.WebDAV', JSON.stringify({ Address: '/ip4/0.0.0.0/tcp/0' })])
      expect(await place.cairn(['daemon', '--offline'])).toMatchObject({ code: 1 })
    })
  }, 60_000)

  test.skipIf(!existsSync('/sbin/mount.fuse3'))(
    'by mount.fuse3, as a line of fstab has it',
    async () => {
      await withRepo(async (place, folder) => {
        await symlink(CLI, place.path('cairn'))
        const env = { ...process.env, PATH: `${place.folder}:${process.env['PATH']}` }
        await run('mount.fuse3', [`${place.path('cairn')}#${place.path('.cairn')}`, folder, '-o', 'ro,offline'], {
          env,
        })
        await toBeMounted(folder)
        await expect(sh(`touch ${folder}/x`)).rejects.toThrow('Read-only')
        await place.output(['umount', folder])
        await run(
          'mount.fuse3',
          [`${place.path('cairn')}#${place.path('.cairn')}`, folder, '-o', 'drop_privileges,setuid=root,offline'],
          { env },
        )
        await toBeMounted(folder)
        await sh(`echo yes > ${folder}/x; sync ${folder}/x; umount ${folder}`)
        await expect
          .poll(() => place.cairn(['files', 'read', '/x']).then(({ stdout }) => stdout.toString()), { timeout: 10_000 })
          .toBe('yes\n')
      })
    },
    60_000,
  )

  test(
    `what fsync said is there after ${KILLS} kills while programs write`,
    async () => {
      await withRepo(async (place, folder) => {
        await writeFile(place.path('write.py'), WRITER)
        for (let round = 0; round < KILLS; round++) {
          const mounted = place.start(['mount', '--offline', 'files'])
          await toBeMounted(folder)
          const writer = run('python3', [place.path('write.py'), folder, place.path('said'), `${round}`]).catch(
            () => undefined,
          )
          await new Promise((resolve) => setTimeout(resolve, 300 + ((round * 137) % 900)))
          mounted.child.kill('SIGKILL')
          await mounted.ended
          await writer
          // What the killed process has left is no folder any more.
          await expect(sh(`ls ${folder}`)).rejects.toThrow('not connected')
        }
        const mounted = place.start(['mount', '--offline', 'files'])
        await toBeMounted(folder)
        const said = (await readFile(place.path('said'), 'utf8')).trimEnd().split('\n')
        expect(said.length).toBeGreaterThan(KILLS)
        for (const line of said) {
          const [name = '', sum = ''] = line.split(' ')
          expect([name, await sh(`sha256sum < ${folder}/${name}`)]).toEqual([name, `${sum}  -\n`])
        }
        await sh(`find ${folder} -type f -exec cat {} + > /dev/null`)
        await place.output(['umount', folder])
        expect(await mounted.ended).toMatchObject({ code: 0 })
        expect(await place.cairn(['repo', 'verify'])).toMatchObject({ code: 0 })
        expect(await place.cairn(['repo', 'gc'])).toMatchObject({ code: 0 })
        expect(await place.output(['files', 'ls', '/'])).not.toBe('')
      })
    },
    60_000 + KILLS * 10_000,
  )
})

/** Writes files, each durable before it is said to be there, and others that nobody waits for. */
const WRITER = `
import hashlib, os, random, sys
folder, said, me = sys.argv[1:]
random.seed(int(me))
with open(said, "a") as out:
    for i in range(10000):
        content = random.randbytes(random.randrange(600_000))
        with open(f"{folder}/loose-{me}-{i % 7}", "wb") as f: f.write(content[: len(content) // 2])
        with open(f"{folder}/new-{me}", "wb") as f:
            f.write(content); f.flush(); os.fsync(f.fileno())
        os.rename(f"{folder}/new-{me}", f"{folder}/kept-{me}-{i}")
        d = os.open(folder, os.O_RDONLY); os.fsync(d); os.close(d)
        out.write(f"kept-{me}-{i} {hashlib.sha256(content).hexdigest()}\\n"); out.flush(); os.fsync(out.fileno())
`

async function withRepo(use: (place: Place, folder: string) => Promise<void>): Promise<void> {
  await using place = await openPlace()
  const folder = place.path('files')
  await mkdir(folder)
  await place.output(['init', '--profile', 'test'])
  try {
    await use(place, folder)
  } finally {
    for (const point of [folder, place.path('content')]) await run('umount', ['-f', '-l', point]).catch(() => undefined)
  }
}

async function toBeMounted(folder: string): Promise<void> {
  const isMounted = async (): Promise<boolean> =>
    (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${folder} `)
  await expect.poll(isMounted, { timeout: 20_000 }).toBe(true)
  // From when it answers.
  await expect
    .poll(
      () =>
        sh(`ls ${folder}`).then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true)
}

async function sh(text: string): Promise<string> {
  return (await run('bash', ['-euo', 'pipefail', '-c', text], { env: { ...process.env, LC_ALL: 'C' } })).stdout
}
