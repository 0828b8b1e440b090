// Each command on one repo: its text, its JSON with Kubo's field names, and what goes to which stream.
import { execFile } from 'node:child_process'
import { mkdir, open, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { devNull } from 'node:os'
import { delimiter, dirname } from 'node:path'
import { promisify } from 'node:util'
import { encodeUnixFS } from '@cairn/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CLI, expectFailed, expectUsageError, jsonLines, openPlace, type Place } from './cairn.ts'

/** Of `hello`, as a raw block. */
const HELLO = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'

let place: Place
let repo: string
let count = 0

beforeAll(async () => {
  place = await openPlace()
  await mkdir(place.path('folder/sub'), { recursive: true })
  await writeFile(place.path('folder/hello'), 'hello')
  await writeFile(place.path('folder/sub/.hidden'), 'secret')
  await symlink('hello', place.path('folder/link'))
})

afterAll(() => place[Symbol.asyncDispose]())

beforeEach(async () => {
  repo = await place.repo(`repo-${count++}`)
})

const cairn = (...args: readonly string[]) => place.output(['--repo', repo, ...args])
const json = async (...args: readonly string[]) => jsonLines(await cairn(...args))

test('help is about the command that is named, and runs none', async () => {
  const usage = (command: string) => expect.stringMatching(new RegExp(`^Usage: cairn ${command}`))
  expect(await place.output(['help'])).toEqual(usage('\\[options\\]'))
  expect(await place.output(['help', 'pin', 'add'])).toEqual(usage('pin add'))
  expect(await place.output(['help', 'add', 'folder/hello'])).toEqual(usage('add'))
  expect(await cairn('refs', '--help')).toEqual(usage('refs'))
  expect(await place.output(['help', 'config', 'Identity.PeerID'])).toEqual(usage('config'))
  for (const words of [['nonsense'], ['pin', 'nonsense']]) expectUsageError(await place.cairn(['help', ...words]))
})

test('CIDs are printed in the form that is asked for', async () => {
  const old = ['add', '-Q', '--profile', 'unixfs-v0-2015', 'folder/hello']
  expect(await cairn(...old)).toMatch(/^Qm/)
  expect(await cairn('--cid-base', 'base36', ...old)).toMatch(/^k2/)
  expect(await cairn(...old, '--upgrade-cidv0-in-output')).toMatch(/^bafybei/)
  expect(await cairn(...old, '--cid-base=base36', '--upgrade-cidv0-in-output=false')).toMatch(/^Qm/)
  expect(await json('--cid-base', 'base36', 'pin', 'ls', '--json')).toMatchObject([
    { Cid: expect.stringMatching(/^k2/) },
  ])
  expectFailed(await place.cairn(['--repo', repo, '--cid-base', 'base7', 'pin', 'ls']))
})

test('a private key goes to a file that its owner alone may read', async () => {
  await cairn('key', 'gen', 'work')
  await cairn('key', 'export', 'work')
  expect((await stat(place.path('work.key'))).mode & 0o777).toBe(0o600)
  await cairn('key', 'export', 'work', '-f', 'pem-pkcs8-cleartext', '-o', 'work.pem')
  const pem = await readFile(place.path('work.pem'), 'utf8')
  expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  expect(await cairn('key', 'export', 'work', '-f', 'pem-pkcs8-cleartext', '-o', '-')).toBe(pem)
  expect(await cairn('key', 'import', 'again', 'work.key')).toMatch(/^k51\w+\n$/)
  expect(await cairn('key', 'list')).toBe('self\nagain\nwork\n')
})

test('what lacks its argument takes the lines of standard input', async () => {
  await cairn('add', 'folder/hello')
  const piped = (input: string, ...args: readonly string[]) =>
    place.output(['--repo', repo, ...args], { input: [Buffer.from(input)] })
  const url = `http://127.0.0.1:8080/ipfs/${HELLO}?filename=hello`
  expect(await piped(`${HELLO}\r\n\n ipfs://${HELLO}\n${url}`, 'cat')).toBe('hello'.repeat(3))
  expect(await piped(`${HELLO}\n`, 'block', 'get')).toBe('hello')
  expect(await piped(`${HELLO}\n`, 'pin', 'ls', HELLO)).toBe(await cairn('pin', 'ls', HELLO))
})

describe('add', () => {
  test('reads what is piped in when no file is named', async () => {
    const piped = (...args: readonly string[]) =>
      place.output(['--repo', repo, ...args], { input: [Buffer.from('hello')] })
    expect(await piped('add', '-Q')).toBe(`${HELLO}\n`)
    expect(await piped('block', 'put')).toBe(`${HELLO}\n`)
    await using file = await open(place.path('folder/hello'))
    expect(await place.output(['--repo', repo, 'add', '-Q'], { stdinFd: file.fd })).toBe(`${HELLO}\n`)
  })

  test('prints every entry, then the root, and only the root with -Q', async () => {
    const lines = (await cairn('add', '-r', 'folder')).trimEnd().split('\n')
    const root = lines.at(-1)?.split(' ')[1] ?? ''
    expect(lines).toContain(`added ${HELLO} folder/hello`)
    expect(lines.at(-1)).toBe(`added ${root} folder`)
    expect(lines).toHaveLength(4)
    expect(await cairn('add', '-r', '-Q', 'folder')).toBe(`${root}\n`)
    expect((await cairn('add', '-r', '-q', 'folder')).trimEnd().split('\n')).toHaveLength(4)
    const events = await json('add', '-r', '--json', 'folder')
    expect(events.map(({ Name }) => String(Name)).toSorted()).toEqual([
      'folder',
      'folder/hello',
      'folder/link',
      'folder/sub',
    ])
    expect(events.at(-1)).toEqual({ Name: 'folder', Hash: root, Size: expect.stringMatching(/^\d+$/) })
    expect(await cairn('add', '-r', '-Q', '--hidden', 'folder')).not.toBe(`${root}\n`)
  })

  test('pins unless told otherwise, and stores nothing with -n', async () => {
    expect(await cairn('add', '-n', '-Q', 'folder/hello')).toBe(`${HELLO}\n`)
    expect(await cairn('add', '-Q', '--pin=false', 'folder/hello')).toBe(`${HELLO}\n`)
    expect(await cairn('pin', 'ls')).toBe('')
    expect(await cairn('repo', 'gc')).toMatch(new RegExp(`^removed ${HELLO}\n1 block .*\n$`))
    await cairn('add', 'folder/hello')
    expect(await cairn('pin', 'ls')).toBe(`${HELLO} recursive\n`)
    expect(await cairn('repo', 'gc', '-q')).toBe('')
    expect(await cairn('repo', 'gc', '--silent')).toBe('')
  })

  test('wraps, takes several paths, and standard input', async () => {
    const [wrapped] = (await json('add', '--json', '-w', 'folder/hello', 'folder/link')).slice(-1)
    expect(wrapped).toMatchObject({ Name: '' })
    expect(await cairn('cat', `${String(wrapped?.['Hash'])}/hello`)).toBe('hello')
    const input = [Buffer.from('hel'), Buffer.from('lo')]
    expect(await place.output(['--repo', repo, 'add', '-'], { input })).toBe(`added ${HELLO} ${HELLO}\n`)
    expect(await place.output(['--repo', repo, 'add', '-Q', 'folder/hello', '-'], { input: [] })).toMatch(
      new RegExp(`^${HELLO}\n[^\n]+\n$`),
    )
  })

  test('a name cannot break a line or steer a terminal', async () => {
    await writeFile(place.path('a\nadded bafy \u001B[2J\\'), '')
    const output = await cairn('add', 'a\nadded bafy \u001B[2J\\')
    expect(output).toMatch(/^[\u0020-\u007E]+\n$/)
  })

  test('works without a repo when it only hashes', async () => {
    const ended = await place.cairn(['--repo', place.path('none'), 'add', '-n', '-Q', 'folder/hello'])
    expect(ended).toMatchObject({ code: 0, stdout: Buffer.from(`${HELLO}\n`), stderr: '' })
  })
})

test('cat reads several files as one, with offset and length', async () => {
  await cairn('add', 'folder/hello')
  expect(await cairn('cat', HELLO, `/ipfs/${HELLO}`, `ipfs://${HELLO}`)).toBe('hellohellohello')
  expect(await cairn('cat', '--offset', '3', '--length', '4', HELLO, HELLO)).toBe('lohe')
  expect(await cairn('cat', '--offset', '7', HELLO, HELLO)).toBe('llo')
  expect(await cairn('cat', '--length', '0', HELLO)).toBe('')
})

test('get writes under the last name of the path, and restores modes where they are stored', async () => {
  const data = { type: 'file', data: Buffer.from('#!/bin/sh\n'), fileSize: 10, blockSizes: [], mode: 0o4755 } as const
  const input = [encodeUnixFS({ ...data, mtime: { seconds: 1_000_000_000n, nanoseconds: 0 } }, [])]
  const script = await place.output(['--repo', repo, 'block', 'put', '--cid-codec', 'dag-pb', '-'], { input })
  const saved = await place.cairn(['--repo', repo, 'get', script.trimEnd()])
  expectFailed(await place.cairn(['--repo', repo, 'get', '-o', '-', script.trimEnd()]))
  expect(saved).toMatchObject({ code: 0, stdout: Buffer.alloc(0) })
  const { mode, mtimeMs } = await stat(place.path(script.trimEnd()))
  expect([mode & 0o7777, mtimeMs]).toEqual([0o755, 1e12])

  const root = (await cairn('add', '-r', '-Q', '--hidden', 'folder')).trimEnd()
  const [event] = await json('get', '--json', `${root}/sub/../sub/.`)
  expect(event).toEqual({ Path: place.path('sub'), Files: 1, Directories: 1, Symlinks: 0, Bytes: 6, KnownBytes: 0 })
  expect(await readFile(place.path('sub/.hidden'), 'utf8')).toBe('secret')
})

test('ls tells sizes, types and targets', async () => {
  const root = (await cairn('add', '-r', '-Q', 'folder')).trimEnd()
  expect((await cairn('ls', root)).split('\n')).toContain(`${HELLO} 5 hello`)
  const links = (await json('ls', '--json', root)).flatMap(({ Objects }) => (Objects as Listed).flatMap((o) => o.Links))
  expect(links.toSorted((a, b) => (a.Name < b.Name ? -1 : 1))).toMatchObject([
    { Name: 'hello', Hash: HELLO, Size: 5, Type: 2, Target: '' },
    { Name: 'link', Size: 0, Type: 4, Target: 'hello' },
    { Name: 'sub', Size: 0, Type: 1, Target: '' },
  ])
  const file = (
    await place.output(['--repo', repo, 'add', '-Q', '--chunker', 'size-3', '-'], {
      input: [Buffer.from('hello')],
    })
  ).trimEnd()
  const chunks = (await cairn('ls', file)).split('\n')
  expect(chunks.map((line) => line.split(' ')[1])).toEqual(['3', '2', undefined])
})

test('pins are added, listed and removed in Kubo’s words', async () => {
  const root = (await cairn('add', '-r', '-Q', '--pin=false', 'folder')).trimEnd()
  expect(await cairn('pin', 'add', HELLO, '--recursive=false')).toBe(`pinned ${HELLO} directly\n`)
  expect(await cairn('pin', 'add', root)).toBe(`pinned ${root} recursively\n`)
  expect(await json('pin', 'ls', '--json', '--type', 'recursive')).toEqual([{ Cid: root, Type: 'recursive' }])
  expect((await cairn('pin', 'ls', '-q')).trimEnd().split('\n')).toHaveLength(4)
  expect(await cairn('pin', 'ls', `${root}/link`)).toMatch(new RegExp(` indirect through ${root}\\n$`))
  expect(await cairn('pin', 'add', '--name', 'the\tfolder', root)).toBe(`pinned ${root} recursively\n`)
  expect(await cairn('pin', 'ls', '--name', 'folder')).toBe(`${root} recursive the\\u0009folder\n`)
  expect(await cairn('pin', 'verify', '--verbose')).toBe(`${root} ok\n`)
  expectFailed(await place.cairn(['--repo', repo, 'block', 'rm', HELLO]))
  expect(await json('pin', 'rm', '--json', HELLO)).toEqual([{ Pins: [HELLO] }])
  expectFailed(await place.cairn(['--repo', repo, 'pin', 'rm', HELLO]))
  expect(await cairn('pin', 'rm', root)).toBe(`unpinned ${root}\n`)
  expectFailed(await place.cairn(['--repo', repo, 'pin', 'ls', root]))
  const removed = await json('repo', 'gc', '--json')
  // As Kubo's: nothing but keys.
  expect(removed).toEqual(Array.from({ length: 4 }, () => ({ Key: { '/': expect.any(String) } })))
  expect(removed).toContainEqual({ Key: { '/': HELLO } })
})

test('config reads and changes settings, and never shows the private key', async () => {
  expect(await cairn('config', 'Addresses.Swarm')).toBe('[\n  "/ip4/127.0.0.1/tcp/0"\n]\n')
  expect(await cairn('config', 'Datastore.StorageMax', '1GB')).toBe('')
  expect(await cairn('config', 'Datastore.StorageMax')).toBe('1GB\n')
  expect(await json('config', '--json', 'Datastore.StorageGCWatermark', '80')).toMatchObject([
    { Value: 80, Changed: true },
  ])
  const [shown] = await json('config', 'show', '--json')
  expect(shown).toMatchObject({
    Identity: { PeerID: expect.any(String) },
    Datastore: { StorageMax: '1GB', StorageGCWatermark: 80 },
  })
  expect(JSON.stringify(shown)).not.toContain('PrivKey')
  for (const args of [['Identity.PrivKey'], ['Datastore.StorageGCWatermark', 'many']])
    expectFailed(await place.cairn(['--repo', repo, 'config', ...args]))
  expectUsageError(await place.cairn(['--repo', repo, 'config', '--json', '--bool', 'Datastore.StorageMax', '1']))
})

test('refs lists links in their order, and with -r everything below', async () => {
  const root = (await cairn('add', '-r', '-Q', 'folder')).trimEnd()
  expect((await cairn('refs', root)).trimEnd().split('\n')).toHaveLength(3)
  expect((await cairn('refs', '-r', root)).split('\n')).toContain(HELLO)
  expect(await json('refs', '--json', `${root}/sub`)).toEqual([])
  expect((await json('refs', '--json', root))[0]).toEqual({ Ref: HELLO, Err: '' })
  expect((await cairn('refs', 'local')).split('\n')).toContain(HELLO)
})

test('blocks are put, read, described and deleted', async () => {
  const put = (...args: readonly string[]) =>
    place.output(['--repo', repo, 'block', 'put', '--json', ...args, '-'], { input: [Buffer.from('hello')] })
  expect(jsonLines(await put())).toEqual([{ Key: HELLO, Size: 5 }])
  expect(jsonLines(await put('--mhtype', 'blake3', '--pin'))).toHaveLength(1)
  expect(await cairn('block', 'get', HELLO)).toBe('hello')
  expect(await cairn('block', 'stat', HELLO)).toBe(`Key: ${HELLO}\nSize: 5\n`)
  expect(await json('block', 'stat', '--json', HELLO)).toEqual([{ Key: HELLO, Size: 5 }])
  expect(await json('block', 'rm', '--json', HELLO)).toEqual([{ Hash: HELLO }])
  expectFailed(await place.cairn(['--repo', repo, 'block', 'rm', HELLO]))
  expect(await cairn('block', 'rm', '--force', HELLO)).toBe(`removed ${HELLO}\n`)
  expectFailed(await place.cairn(['--repo', repo, 'block', 'put', 'folder']))
  expectFailed(await place.cairn(['--repo', repo, 'block', 'put', '-'], { input: [Buffer.alloc(2 ** 21 + 1)] }))
})

test('repo stat and version, id and version say what there is', async () => {
  await cairn('add', 'folder/hello')
  await cairn('add', '--pin=false', '-Q', 'folder/sub/.hidden')
  const sizes = { RepoSize: expect.any(Number), StorageMax: expect.any(Number) }
  const about = { RepoPath: repo, Version: 'cairn-repo@1' }
  const { size } = await stat(place.path('folder/sub/.hidden'))
  const blocks = { NumObjects: 2, BlockBytes: 5 + size, LiveObjects: 1, LiveBytes: 5, ReclaimableBytes: size }
  expect(await json('repo', 'stat', '--json')).toEqual([{ ...sizes, ...blocks, ...about }])
  expect(await json('repo', 'stat', '--json', '--size-only')).toEqual([{ ...sizes, ...about }])
  expect(await cairn('repo', 'stat', '--human')).toMatch(/^RepoSize: +[\d.]+ [KMG]iB\nStorageMax: .*\nNumObjects: +2\n/)
  expect(await cairn('repo', 'stat', '--size-only')).toMatch(/^RepoSize: +\d+\nStorageMax: +\d+\n$/)
  expectUsageError(await place.cairn(['--repo', repo, 'repo', 'gc', '--to', '1GB', '--free', '1GB']))
  expectUsageError(await place.cairn(['--repo', repo, 'pin', 'verify', '--verbose', '--quiet']))
  expect((await place.cairn(['--repo', repo, 'repo', 'gc', '--to', 'little'])).code).toBe(2)
  expect(await json('repo', 'gc', '--json', '-q', '--to', '1GB')).toEqual([])
  expect(await json('repo', 'gc', '--json', '-q', '--to', '0')).toHaveLength(1)
  expect(await json('repo', 'version', '--json')).toEqual([{ Version: 'cairn-repo@1' }])
  const [id] = await json('id', '--json')
  expect(JSON.parse(await cairn('id'))).toEqual(id)
  const config = JSON.parse(await readFile(`${repo}/config`, 'utf8')) as { Identity: { PeerID: string } }
  expect(id).toMatchObject({ ID: config.Identity.PeerID, PublicKey: expect.stringMatching(/^CAES/) })
  const manifest = new URL('../../packages/cli/package.json', import.meta.url)
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  expect(await place.output(['version'])).toBe(`cairn version ${version}\n`)
  expect(await place.output(['version', '--number'])).toBe(`${version}\n`)
  expect(await place.output(['--version'])).toBe(`cairn version ${version}\n`)
  expect(jsonLines(await place.output(['version', '--json']))).toMatchObject([{ Version: version }])
})

test('the repo is where the option, CAIRN_PATH, IPFS_PATH or the home folder says, in this order', async () => {
  const [init] = jsonLines(await place.output(['--repo', place.path('named'), 'init', '--profile', 'test', '--json']))
  expect(init).toEqual({ Path: place.path('named'), ID: expect.stringMatching(/^12D3KooW/) })
  const pathWith = async (env: NodeJS.ProcessEnv, ...args: readonly string[]) =>
    jsonLines(await place.output([...args, 'repo', 'stat', '--json'], { env }))[0]?.['RepoPath']
  const [one, two, home] = [place.path('named'), repo, place.path('home')]
  const words = await place.output(['--repo', `${home}/.cairn`, 'init'])
  expect(words).toMatch(/^initialized Cairn repo at \S+\.cairn\npeer identity: 12D3KooW\S+\n$/)
  expect(await pathWith({ CAIRN_PATH: two, IPFS_PATH: two }, '--repo', one)).toBe(one)
  expect(await pathWith({ CAIRN_PATH: one, IPFS_PATH: two })).toBe(one)
  expect(await pathWith({ CAIRN_PATH: '', IPFS_PATH: two })).toBe(two)
  expect(await pathWith({ HOME: home })).toBe(`${home}/.cairn`)
})

test('help is had in either way, and its reader may leave', async () => {
  const help = await place.output(['pin', 'add', '--help'])
  expect(help).toContain('Usage: cairn pin add')
  expect(await place.output(['help', 'pin', 'add'])).toBe(help)
  const left = place.start(['add', '--help'], { read: async (stdout) => void stdout.destroy() })
  expect(await left.ended).toMatchObject({ code: 0, stderr: '' })
})

test('progress is shown on a terminal alone, and the cursor comes back', async ({ skip }) => {
  // Everywhere else in these tests standard error is a pipe, and has to stay empty.
  const command = `'${CLI}' --repo '${repo}' add -Q folder/hello`
  const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) }
  const options = { cwd: place.folder, env }
  const terminal = promisify(execFile)('script', ['-qec', command, devNull], options)
  terminal.child.stdin?.end()
  const run = await terminal.catch(() => undefined)
  if (run === undefined) return skip('there is no program `script` that makes a terminal')
  expect(run.stdout).toContain(HELLO)
  const [hidden, shown] = ['\u001B[?25l', '\u001B[?25h'].map((code) => run.stdout.lastIndexOf(code))
  expect(hidden).toBeGreaterThan(-1)
  expect(shown).toBeGreaterThan(hidden ?? NaN)
})

type Listed = readonly { readonly Links: readonly { readonly Name: string }[] }[]
