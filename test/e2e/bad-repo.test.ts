// Repos that are taken, foreign, newer, damaged or out of room: one line, and what was good stays good.
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chacha20 } from '../vectors/inputs.ts'
import { expectFailed, openPlace, type Place } from './cairn.ts'

/** Of `hello`, as a raw block. */
const HELLO = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'

let place: Place
let repo: string

beforeEach(async () => {
  place = await openPlace()
  repo = await place.repo('repo')
  await writeFile(place.path('hello'), 'hello')
  await place.output(['--repo', repo, 'add', 'hello'])
})

afterEach(() => place[Symbol.asyncDispose]())

const run = (...args: readonly string[]) => place.cairn(['--repo', repo, ...args])
const expectSound = async () => expect(await place.output(['--repo', repo, 'cat', HELLO])).toBe('hello')

test('a daemon does the work on its repo, a second owner is refused, and the repo is free when it is gone', async () => {
  const { child, ended } = await place.daemon(repo)
  const allowed = [
    ['id'],
    ['repo', 'version'],
    ['add', '-n', 'hello'],
    ['add', 'hello'],
    ['cat', HELLO],
    ['repo', 'gc'],
  ]
  for (const done of await Promise.all(allowed.map((args) => run(...args))))
    expect(done).toMatchObject({ code: 0, stderr: '' })
  for (const failed of await Promise.all([run('init'), run('daemon')])) expectFailed(failed)
  // Who does not find the daemon may not take the repo either.
  await rm(join(repo, 'api'))
  const refused = [
    ['add', 'hello'],
    ['cat', HELLO],
    ['repo', 'gc'],
  ].map((args) => run(...args))
  for (const failed of await Promise.all(refused)) expectFailed(failed)
  child.kill('SIGKILL')
  expect(await ended).toMatchObject({ signal: 'SIGKILL' })
  await expectSound()
})

test('a daemon ends cleanly on a signal, and its port is free', async () => {
  let listen = '/ip4/127.0.0.1/tcp/0'
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended, address } = await place.daemon(repo, '--listen', listen)
    listen = address.slice(0, address.indexOf('/p2p/'))
    expectFailed(await place.cairn(['--repo', await place.repo(signal), 'daemon', '--listen', listen]))
    child.kill(signal)
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    await expectSound()
  }
  await place.daemon(repo, '--listen', listen)
})

const sections = { Identity: { PeerID: 'x', PrivKey: 'y' }, Addresses: { Swarm: [] } }

test.for([
  ['of a newer version', 'version', '99\n'],
  ['with a damaged version', 'version', 'one\n'],
  ['with an empty version', 'version', ''],
  ['of Kubo', 'datastore_spec', '{}'],
  ['with an empty config', 'config', ''],
  ['with a config that is no JSON', 'config', '{ "Identity":\n\n garbage'],
  ['with a config that is a list', 'config', '[]'],
  ['with a config without identity', 'config', JSON.stringify({ ...sections, Identity: null })],
  ['with a config with wrong addresses', 'config', JSON.stringify({ ...sections, Addresses: { Swarm: [1] } })],
] as const)('a repo %s is refused, and works once that is mended', async ([, file, content]) => {
  const before = await readFile(`${repo}/${file}`).catch(() => undefined)
  await writeFile(`${repo}/${file}`, content)
  const refused = [['cat', HELLO], ['id']].map((args) => run(...args))
  for (const ended of await Promise.all(refused)) expectFailed(ended)
  await (before === undefined ? rm(`${repo}/${file}`) : writeFile(`${repo}/${file}`, before))
  await expectSound()
})

test.for([
  ['an identity that is none', { ...sections }],
  ['an address to listen on that is none', { Addresses: { Swarm: ['nonsense'] } }],
] as const)('with %s in the config, only the network is refused', async ([, change]) => {
  const config: unknown = JSON.parse(await readFile(`${repo}/config`, 'utf8'))
  await writeFile(`${repo}/config`, JSON.stringify({ ...(config as object), ...change }))
  expectFailed(await run('daemon'))
  await expectSound()
})

test('a damaged block is refused, here and for peers; everything else is given', async () => {
  const large = Buffer.from(chacha20('damage', 3 << 20))
  const root = (await place.output(['--repo', repo, 'add', '-Q', '-'], { input: [large] })).trimEnd()
  const leaves = (await place.output(['--repo', repo, 'refs', root])).trimEnd().split('\n')
  await damage(large.subarray(1 << 20, 2 << 20))
  for (const args of [
    ['cat', '--offset', String(1 << 20), root],
    ['get', root],
    ['block', 'get', leaves[1] ?? ''],
  ])
    expectFailed(await run(...args))
  const { stdout } = await run('cat', '--length', String(1 << 20), root)
  expect(stdout.equals(large.subarray(0, 1 << 20))).toBe(true)
  await expectSound()

  const daemon = await place.daemon(repo)
  const other = await place.repo('other')
  const fetch = (...args: readonly string[]) => place.cairn(['--repo', other, ...args, '--peer', daemon.address])
  expectFailed(await fetch('--timeout', '2s', 'get', root))
  expect(await fetch('cat', HELLO)).toMatchObject({ code: 0, stdout: Buffer.from('hello') })
  const rest = await fetch('cat', '--offset', String(2 << 20), root)
  expect(rest.stdout.equals(large.subarray(2 << 20))).toBe(true)
  daemon.child.kill('SIGINT')
  expect(await daemon.ended).toMatchObject({ code: 0 })

  // Put again, it is whole again.
  await place.output(['--repo', repo, 'add', '-Q', '-'], { input: [large] })
  expect((await run('cat', root)).stdout.equals(large)).toBe(true)
})

test('on a full disk add and get fail with one line, content stays readable, and with room they work', async ({
  skip,
}) => {
  const disk = place.path('disk')
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    return skip('mounting a small file system is not allowed here')
  }
  try {
    const small = `${disk}/repo`
    await place.output(['--repo', small, 'init'])
    await place.output(['--repo', small, 'add', 'hello'])
    const large = Buffer.from(chacha20('large', 64 << 20))
    await writeFile(place.path('large'), large)
    expectFailed(await place.cairn(['--repo', small, 'add', '-Q', 'large']))
    expect(await place.output(['--repo', small, 'cat', HELLO])).toBe('hello')

    const root = (await place.output(['--repo', repo, 'add', '-Q', 'large'])).trimEnd()
    expectFailed(await place.cairn(['--repo', repo, 'get', '-o', `${disk}/copy`, root]))
    expect(execFileSync('ls', ['-A', disk]).toString()).toBe('repo\n')

    execFileSync('mount', ['-o', 'remount,size=400m', disk])
    expect(await place.output(['--repo', small, 'add', '-Q', 'large'])).toBe(`${root}\n`)
    expect((await place.cairn(['--repo', small, 'cat', root])).stdout.equals(large)).toBe(true)
  } finally {
    execFileSync('umount', ['--lazy', disk])
  }
})

/** Flips the last bit of `bytes` where they lie on the disk, of which only a hash can tell. */
async function damage(bytes: Uint8Array): Promise<void> {
  for (const name of await readdir(`${repo}/blocks`)) {
    if (!name.endsWith('.ldb')) continue
    const table = await readFile(`${repo}/blocks/${name}`)
    const start = table.indexOf(bytes)
    if (start === -1) continue
    table[start + bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await writeFile(`${repo}/blocks/${name}`, table)
    return
  }
  throw new Error('the bytes are in no table of the log')
}
