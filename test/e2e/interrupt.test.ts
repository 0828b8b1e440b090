// Ends in the middle: Ctrl-C, kills and peers that die. What is moved when a signal comes is seen from the growing repo.
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareTrees } from '../demo/compare-trees.ts'
import { chacha20 } from '../vectors/inputs.ts'
import { expectFailed, jsonLines, openPlace, type Daemon, type Place, type Run } from './cairn.ts'

const FILE_BYTES = 256 * 1024 * 1024
/** Bytes in a repo's log after which an import or transfer is well under way, and far from its end. */
const UNDER_WAY_BYTES = 24 * 1024 * 1024

let place: Place
let source: string
let root: string
let blocks: number

beforeAll(async () => {
  place = await openPlace()
  await writeFile(place.path('large'), chacha20('interrupt', FILE_BYTES))
  source = await place.repo('source')
  root = (await place.output(['--repo', source, 'add', '-Q', 'large'])).trimEnd()
  blocks = await blocksIn(source)
}, 60_000)

afterAll(() => place[Symbol.asyncDispose]())

test.for([
  ['SIGINT', 130],
  ['SIGKILL', null],
] as const)('add that ends by %s leaves a repo in which it works', { timeout: 60_000 }, async ([signal, code]) => {
  const repo = await place.repo(`add-${signal}`)
  const run = place.start(['--repo', repo, 'add', '-Q', 'large'])
  await underWay(repo, run)
  run.child.kill(signal)
  const ended = await run.ended
  expect(ended).toMatchObject({ code, signal: code === null ? signal : null, stdout: Buffer.alloc(0) })
  expect(ended.stderr).toMatch(code === null ? /^$/ : /^[a-z]+\n$/)
  const stored = await blocksIn(repo)
  expect(stored).toBeGreaterThan(0)
  expect(stored).toBeLessThan(blocks)
  expect(await place.output(['--repo', repo, 'pin', 'ls'])).toBe('')
  // Once is enough for the whole file; the others show that nothing is left over.
  if (signal === 'SIGINT') expect(await place.output(['--repo', repo, 'add', '-Q', 'large'])).toBe(`${root}\n`)
  else expect((await place.output(['--repo', repo, 'repo', 'gc', '-q'])).trimEnd().split('\n')).toHaveLength(stored)
  await rm(repo, { recursive: true })
})

test('get takes up where it was, whoever ended it and how', { timeout: 60_000 }, async () => {
  const repo = await place.repo('get')
  const out = place.path('out')
  let daemon: Daemon = await place.daemon(source)
  const get = (...args: readonly string[]) =>
    ['--repo', repo, 'get', '--json', '-o', out, '--peer', daemon.address, root].concat(args)

  const byKill = place.start(get())
  await underWay(repo, byKill)
  byKill.child.kill('SIGKILL')
  expect(await byKill.ended).toMatchObject({ signal: 'SIGKILL' })
  expect(await readdir(place.folder)).not.toContain('out')

  const bySignal = place.start(get())
  await underWay(repo, bySignal)
  bySignal.child.kill('SIGINT')
  expect(await bySignal.ended).toMatchObject({ code: 130, stdout: Buffer.alloc(0), stderr: 'interrupted\n' })
  expect(await readdir(place.folder)).not.toContain('out')
  // Both wrote to one part.
  const parts = async () => (await readdir(place.folder)).filter((name) => name.endsWith('.part'))
  expect((await parts()).length).toBeLessThanOrEqual(1)

  const byProvider = place.start(get('--timeout', '6s'))
  await underWay(repo, byProvider)
  daemon.child.kill('SIGKILL')
  expectFailed(await byProvider.ended)

  daemon = await place.daemon(source)
  const before = await blocksIn(repo)
  expect(before).toBeGreaterThan((3 * UNDER_WAY_BYTES) / 2 ** 20)
  const [saved] = jsonLines<Saved>(await place.output(get()))
  expect(saved?.Exchange.BlocksReceived).toBe(blocks - before + (saved?.Exchange.DupBlksReceived ?? NaN))
  await compareTrees(place.path('large'), out)
  expect(await parts()).toEqual([])
  // What the part held was not fetched again, and all of it had been stored before it was written.
  expect(await blocksIn(repo)).toBe(blocks)

  daemon.child.kill('SIGINT')
  expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' })
})

test('get goes on when its peer comes back, and ends when it does not', { timeout: 60_000 }, async () => {
  const repo = await place.repo('left-alone')
  const out = place.path('left-alone-out')
  let daemon = await place.daemon(source)
  const get = place.start(['--repo', repo, 'get', '-o', out, '--peer', daemon.address, root])
  await underWay(repo, get)
  daemon.child.kill('SIGKILL')
  await daemon.ended
  daemon = await place.daemon(source, '--listen', daemon.address.replace(/\/p2p\/.*/, ''))
  expect(await get.ended).toMatchObject({ code: 0 })
  await compareTrees(place.path('large'), out)

  const missing = 'bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
  const lost = place.start(['--repo', repo, 'cat', '--peer', daemon.address, missing])
  await opened(repo)
  daemon.child.kill('SIGINT')
  expectFailed(await lost.ended)
  await daemon.ended
})

test('Ctrl-C ends what waits: for input, for a reader, for a peer', async () => {
  const repo = await place.repo('waiting')
  const input = place.start(['--repo', repo, 'add', '-'], { input: 'open' })
  const idle = Promise.withResolvers<void>()
  const reader = place.start(['--repo', source, 'cat', root], {
    read: (stdout) => idle.promise.then(() => void stdout.resume()),
  })
  reader.child.once('exit', () => idle.resolve())
  await opened(repo)
  await opened(source)
  input.child.kill('SIGTERM')
  expect(await input.ended).toMatchObject({ code: 143, stdout: Buffer.alloc(0), stderr: 'terminated\n' })
  reader.child.kill('SIGINT')
  expect(await reader.ended).toMatchObject({ code: 130, stderr: 'interrupted\n' })
  const daemon = await place.daemon(source)
  const missing = 'bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
  const peer = place.start(['--repo', repo, 'cat', '--peer', daemon.address, missing])
  await opened(repo)
  peer.child.kill('SIGINT')
  expect(await peer.ended).toMatchObject({ code: 130, stderr: 'interrupted\n' })
})

interface Saved {
  readonly Exchange: { readonly BlocksReceived: number; readonly DupBlksReceived: number }
}

async function blocksIn(repo: string): Promise<number> {
  const [stats] = jsonLines<{ NumObjects: number }>(await place.output(['--repo', repo, 'repo', 'stat', '--json']))
  return stats?.NumObjects ?? NaN
}

/** Waits until the log of `repo` has grown while `run` goes on. */
async function underWay(repo: string, run: Run): Promise<void> {
  const before = await logBytes(repo)
  while ((await logBytes(repo)) < before + UNDER_WAY_BYTES) {
    expect(run.child.exitCode).toBe(null)
    await sleep(5)
  }
}

async function logBytes(repo: string): Promise<number> {
  const names = await readdir(`${repo}/blocks`).catch(() => [])
  const sizes = names.map((name) =>
    stat(`${repo}/blocks/${name}`).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** Waits until a process has opened `repo`. */
async function opened(repo: string): Promise<void> {
  while ((await readFile(`${repo}/repo.lock`, 'utf8').catch(() => '')) === '') await sleep(5)
}
