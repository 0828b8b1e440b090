// Wrong usage, and input that is wrong or missing: one line, the right exit code, and nothing broken afterwards.
import { chmod, chown, mkdir, open, readdir, symlink, writeFile } from 'node:fs/promises'
import { devNull } from 'node:os'
import { RAW_CODE } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectFailed, expectUsageError, jsonLines, openPlace, type Ended, type Place } from './cairn.ts'

/** Of `hello`, as a raw block. */
const HELLO = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'
/** Well-formed, and of nothing that anybody has. */
const MISSING = 'bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
/** With MD5, which is forbidden, with a digest of 16 bytes, which is too short, and no CIDs at all. */
const BAD_CIDS = [
  CID.createV1(RAW_CODE, create(0xd5, new Uint8Array(32))).toString(),
  CID.createV1(RAW_CODE, create(0x12, new Uint8Array(16))).toString(),
  'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyf',
  'hello',
  '',
  '/ipns/example.org',
  `${HELLO}/../..`,
  'b'.repeat(600),
]
/** Whoever is not root; the tests may be. */
const NOBODY = 65534

let place: Place
let repo: string

beforeAll(async () => {
  place = await openPlace()
  repo = await place.repo('repo')
  await writeFile(place.path('hello'), 'hello')
  await mkdir(place.path('folder'))
  await writeFile(place.path('folder/a'), 'a')
  await run('add', 'hello')
})

afterAll(() => place[Symbol.asyncDispose]())

const run = (...args: readonly string[]): Promise<Ended> => place.cairn(['--repo', repo, ...args])

// What is wrong usage is listed in the tests of the cli package; here is how it ends.
test.concurrent.for([
  [],
  ['nonsense'],
  ['pin'],
  ['pin', 'nonsense'],
  ['add', '--chunker', 'rabid', 'hello'],
  ['--timeout', 'soon', 'id'],
])('%j is wrong usage', async (args) => {
  expectUsageError(await place.cairn(['--repo', place.path('none'), ...args]))
})

test('nothing to add, and a standard input that nobody can mean, is wrong usage', async () => {
  await using nothing = await open(devNull)
  for (const args of [['add'], ['block', 'put'], ['cat'], ['cat', '--peer', '/ip4/127.0.0.1/tcp/1'], ['pin', 'add']]) {
    expectUsageError(await place.cairn(['--repo', repo, ...args], { stdinFd: nothing.fd }))
  }
})

test('what standard input says instead of arguments has to be what the command takes', async () => {
  expectUsageError(await place.cairn(['--repo', repo, 'cat']))
  expectUsageError(
    await place.cairn(['--repo', repo, 'block', 'get'], { input: [Buffer.from(`${HELLO}\n${HELLO}\n`)] }),
  )
  expectFailed(await place.cairn(['--repo', repo, 'cat'], { input: [Buffer.alloc(1024 * 1024 + 1, 'a')] }))
})

describe('the command fails with one line', () => {
  test.for([
    ['a path that does not exist', ['add', 'nowhere']],
    ['one of several that does not exist', ['add', 'hello', 'nowhere']],
    ['a folder without -r', ['add', 'folder']],
    ['a device', ['add', devNull]],
    ['a file node that is too narrow', ['add', '--max-file-links', '1', 'hello']],
    ['a CIDv0 with another hash', ['add', '--cid-version', '0', '--hash', 'sha2-512', 'hello']],
    ['a CID that is not here', ['cat', MISSING]],
    ['a name that is not there', ['cat', `${HELLO}/name`]],
    ['a folder as a file', ['cat', 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354']],
    ['an existing repo', ['init']],
    ['an address that does not parse', ['swarm', 'connect', 'nonsense']],
    ['an address without TCP', ['swarm', 'connect', '/ip4/127.0.0.1/udp/4001/quic-v1']],
    ['an address where nobody listens', ['swarm', 'connect', '/ip4/127.0.0.1/tcp/1']],
    ['an address to listen on that is taken for none', ['daemon', '--listen', '/ip4/127.0.0.1/udp/1']],
    ['unpinning what is not pinned', ['pin', 'rm', MISSING]],
    ['pinning what is not here', ['pin', 'add', MISSING]],
  ] as const)('%s', async ([, args]) => {
    expectFailed(await run(...args))
  })

  test.for(BAD_CIDS)('CID %j', async (cid) => {
    expectFailed(await run('get', cid))
  })

  test('a CID that nobody has, until the time is over', async () => {
    const server = await place.daemon(await place.repo('empty'))
    expectFailed(await run('--timeout', '300ms', 'get', '--peer', server.address, MISSING))
    expect(await readdir(place.folder)).not.toContain(MISSING)
  })

  test('a repo that is not there', async () => {
    for (const args of [['id'], ['cat', HELLO], ['add', 'hello'], ['daemon'], ['repo', 'version']]) {
      expectFailed(await place.cairn(['--repo', place.path('none'), ...args]))
      expectFailed(await place.cairn(['--repo', place.path('hello'), ...args]))
    }
  })

  test('a folder as standard input, and a full disk as output', async () => {
    await using full = await open('/dev/full', 'w')
    for (const args of [
      ['cat', HELLO],
      ['block', 'stat', HELLO],
      ['pin', 'ls'],
    ])
      expectFailed(await place.cairn(['--repo', repo, ...args], { stdoutFd: full.fd }))
    await using folder = await open(place.folder)
    expectFailed(await place.cairn(['--repo', repo, 'add', '-'], { stdinFd: folder.fd }))
  })

  test('a file and a folder that may not be read', async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip('only root can run a child as somebody else')
    const own = await place.repo('owned')
    for (const name of await readdir(own, { recursive: true })) await chown(`${own}/${name}`, NOBODY, NOBODY)
    for (const path of [own, place.folder]) await chown(path, NOBODY, NOBODY)
    await mkdir(place.path('closed/inner'), { recursive: true })
    await writeFile(place.path('closed/secret'), 'secret')
    await chmod(place.path('closed/secret'), 0o600)
    await chmod(place.path('closed/inner'), 0o700)
    const as = { uid: NOBODY, gid: NOBODY }
    for (const path of ['closed/secret', 'closed/inner', 'closed']) {
      expectFailed(await place.cairn(['--repo', own, 'add', '-r', path], as))
    }
    const good = await place.cairn(['--repo', own, 'add', '-Q', 'hello'], as)
    expect(good).toMatchObject({ code: 0, stdout: Buffer.from(`${HELLO}\n`) })
    expectFailed(await place.cairn(['--repo', own, 'get', '-o', 'closed/copy', HELLO], as))
    expectFailed(await place.cairn(['--repo', place.path('closed/inner/repo'), 'init'], as))
    expect(await place.cairn(['--repo', own, 'repo', 'gc'], as)).toMatchObject({ code: 0, stderr: '' })
  })

  test('names and targets that are not UTF-8', async () => {
    await mkdir(place.path('latin'))
    await writeFile(Buffer.concat([Buffer.from(place.path('latin/')), Buffer.of(0xe4)]), '')
    expectFailed(await run('add', '-r', 'latin'))
    await symlink(Buffer.of(0xe4), place.path('dangling'))
    expectFailed(await run('add', 'dangling'))
  })
})

test('what came before a failure is printed, and stays', async () => {
  const ended = await run('cat', HELLO, MISSING)
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Error: [^\n]+\n$/) })
  const [stat] = jsonLines(await place.output(['--repo', repo, 'repo', 'stat', '--json']))
  expect(stat?.['NumObjects']).toBeGreaterThan(0)
})

test('a reader that leaves early is no failure', async () => {
  const input = Array.from({ length: 40 }, (_, index) => Buffer.alloc(1 << 20, index))
  const root = (await place.output(['--repo', repo, 'add', '-Q', '--pin=false', '-'], { input })).trimEnd()
  const { child, ended } = place.start(['--repo', repo, 'cat', root], {
    read: async (stdout) => {
      for await (const _ of stdout) break
    },
  })
  expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  expect(child.exitCode).toBe(0)
})

test('nothing of all this has broken the repo', async () => {
  expect(await place.output(['--repo', repo, 'cat', HELLO])).toBe('hello')
  expect(await place.output(['--repo', repo, 'pin', 'ls'])).toBe(`${HELLO} recursive\n`)
})
