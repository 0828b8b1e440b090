// A daemon that is told to end while it works: it ends soon, and what it has acknowledged is there.
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chacha20 } from '../vectors/inputs.ts'
import { jsonLines, openPlace, type Place } from './cairn.ts'

/** What a daemon promises to need at most for its end; 2 s of it for clients that do not read. Tried again where others keep the machine busy. */
const STOP_MS_MAX = 5000

/** Adds under way at a time, and those that are waited for before the end comes. */
const ADDS_AT_ONCE = 6
const ADDS_BEFORE_END = 30

const LARGE_BYTES = 64 * 1024 * 1024

let place: Place

beforeAll(async () => {
  place = await openPlace()
})

afterAll(() => place[Symbol.asyncDispose]())

interface Added {
  readonly name: string
  readonly cid: string
}

/** Adds one file after the other until the daemon is gone, and notes what it has acknowledged. */
async function addUntilGone(url: string, worker: number, added: Added[]): Promise<void> {
  for (let count = 0; ; count++) {
    const name = `${worker}-${count}`
    const form = new FormData()
    form.set('file', new Blob([Buffer.from(chacha20(name, 1_500_000))]), name)
    try {
      const response = await fetch(`${url}/api/v0/add`, { method: 'POST', body: form })
      const text = await response.text()
      const [last] = jsonLines<{ readonly Hash?: string }>(text).slice(-1)
      if (last?.Hash !== undefined) added.push({ name, cid: last.Hash })
    } catch {
      return
    }
  }
}

/** Reads a file over and over until the daemon is gone. */
async function catUntilGone(url: string, cid: string): Promise<void> {
  for (let isWhole = true; isWhole;) {
    isWhole = await new Promise<boolean>((resolve) => {
      const call = request(`${url}/api/v0/cat?arg=${cid}`, { method: 'POST' }).end()
      let response: IncomingMessage | undefined
      call.on('error', () => undefined).once('close', () => resolve(response?.complete === true))
      call.once('response', (answer: IncomingMessage) => {
        response = answer.on('error', () => undefined).resume()
      })
    })
  }
}

/** Asks for a file and reads none of it, until the function that it gives is called. */
function catUnread(url: string, cid: string): () => void {
  const call = request(`${url}/api/v0/cat?arg=${cid}`, { method: 'POST' })
    .on('error', () => undefined)
    .end()
  call.once('response', (answer: IncomingMessage) => answer.on('error', () => undefined))
  return () => void call.destroy()
}

test(
  'SIGTERM under load ends a daemon soon, and loses nothing that was acknowledged',
  { timeout: 120_000, retry: 2 },
  async () => {
    const repo = await place.repo('loaded')
    const config = JSON.parse(await readFile(`${repo}/config`, 'utf8')) as Record<string, object>
    // Each of its servers has clients that do not read.
    const API = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0']
    await writeFile(`${repo}/config`, JSON.stringify({ ...config, Addresses: { ...config['Addresses'], API } }))
    await writeFile(place.path('large'), chacha20('large', LARGE_BYTES))
    const root = (await place.output(['--repo', repo, 'add', '-Q', 'large'])).trimEnd()
    const other = await place.repo('other')
    const lines: string[] = []
    const ready = Promise.withResolvers<string[]>()
    const daemon = place.start(['--repo', repo, 'daemon'], {
      async read(stdout) {
        for await (const piece of stdout.setEncoding('utf8')) {
          lines.push(String(piece))
          if (lines.join('').includes('Daemon is ready')) ready.resolve(lines.join('').split('\n'))
        }
        ready.reject(new Error('it ended'))
      },
    })
    const told = await ready.promise
    const urls = told.flatMap((line) => {
      const [, port] = /API.*listening on: \/ip4\/127\.0\.0\.1\/tcp\/(\d+)$/.exec(line) ?? []
      return port === undefined ? [] : [`http://127.0.0.1:${port}`]
    })
    const address =
      told.find((line) => line.startsWith('Swarm listening on '))?.slice('Swarm listening on '.length) ?? ''
    const [url = '', second = ''] = urls
    expect(urls).toHaveLength(2)

    const added: Added[] = []
    const work = [
      ...Array.from({ length: ADDS_AT_ONCE }, (_, worker) => addUntilGone(url, worker, added)),
      ...[url, second].map((server) => catUntilGone(server, root)),
    ]
    const unread = [url, url, second, second].map((server) => catUnread(server, root))
    // A peer fetches meanwhile, and somebody reads the log.
    const fetching = place.start(['--repo', other, 'pin', 'add', '--peer', address, root])
    const tail = place.start(['--repo', repo, 'log', 'tail'])
    await expect.poll(() => added.length, { timeout: 60_000 }).toBeGreaterThan(ADDS_BEFORE_END)

    const toldAt = performance.now()
    daemon.child.kill('SIGTERM')
    await once(daemon.child, 'exit')
    const stopMs = performance.now() - toldAt
    const { code, stderr } = await daemon.ended
    for (const end of unread) end()
    await Promise.all(work)
    fetching.child.kill('SIGKILL')
    await Promise.all([fetching.ended, tail.ended])
    process.stdout.write(`stopped in ${Math.round(stopMs)} ms with ${added.length} files added\n`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stopMs).toBeLessThan(STOP_MS_MAX)
    for (const file of ['api', 'repo.lock'])
      await expect(stat(`${repo}/${file}`)).rejects.toMatchObject({ code: 'ENOENT' })

    const pinned = await place.output(['--repo', repo, 'pin', 'ls', '--type=recursive', '-q'])
    expect(pinned.trimEnd().split('\n')).toEqual(expect.arrayContaining([root, ...added.map(({ cid }) => cid)]))
    await place.output(['--repo', repo, 'repo', 'verify'])
    for (const { name, cid } of added.slice(-ADDS_AT_ONCE)) {
      const { stdout } = await place.cairn(['--repo', repo, 'cat', cid])
      expect(stdout.equals(chacha20(name, 1_500_000))).toBe(true)
    }
  },
)
