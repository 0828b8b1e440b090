// A damaged repo on the command line: it opens, says what happened, and `repo verify` names and heals what is damaged.
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chacha20 } from '../vectors/inputs.ts'
import { expectFailed, expectUsageError, jsonLines, openPlace, type Place } from './cairn.ts'

const CONTENT = Buffer.from(chacha20('repair', 3 * 1024 * 1024))

let place: Place
let repo: string
let root: string

beforeEach(async () => {
  place = await openPlace()
  repo = await place.repo('repo')
  await writeFile(place.path('file'), CONTENT)
  root = (await run('add', '-Q', 'file')).stdout.toString().trimEnd()
  // Opened again, so that all is in tables.
  await run('repo', 'stat')
})

afterEach(() => place[Symbol.asyncDispose]())

const run = (...args: readonly string[]) => place.cairn(['--repo', repo, ...args])

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')

/** Flips a bit in the middle of the content of the first table. */
async function flipBit(): Promise<void> {
  const folder = join(repo, 'blocks')
  const name = (await readdir(folder)).find((file) => file.endsWith('.ldb')) ?? ''
  const table = await readFile(join(folder, name))
  const at = table.indexOf(CONTENT.subarray(500_000, 500_032))
  expect(at).toBeGreaterThan(0)
  table[at] = (table[at] ?? 0) ^ 1
  await writeFile(join(folder, name), table)
}

test('a flipped bit is named by a read and by verify, which heals it from a peer', async () => {
  const peer = await place.repo('peer')
  await place.output(['--repo', peer, 'add', '-Q', 'file'])
  const { address } = await place.daemon(peer)
  expect(await run('repo', 'verify')).toMatchObject({ code: 0, stderr: '' })
  await flipBit()
  expect((await run('cat', root)).code).toBe(1)
  const failed = await run('repo', 'verify', '--json')
  expect(failed.code).toBe(1)
  const [found] = jsonLines(failed.stdout.toString())
  expect(found).toMatchObject({ Status: 'bad' })
  const healed = await run('repo', 'verify', '--heal', '--peer', address, '--json')
  expect(healed.code).toBe(0)
  expect(jsonLines(healed.stdout.toString())).toContainEqual({ ...found, Status: 'healed', Error: undefined })
  expect((await run('cat', root)).stdout.equals(CONTENT)).toBe(true)
  expect(await run('repo', 'verify')).toMatchObject({ code: 0, stderr: '' })
})

test('a read fetches what is damaged here when a peer is named', async () => {
  const peer = await place.repo('peer')
  await place.output(['--repo', peer, 'add', '-Q', 'file'])
  const { address } = await place.daemon(peer)
  await flipBit()
  expect((await run('cat', '--peer', address, root)).stdout.equals(CONTENT)).toBe(true)
  expect((await run('cat', root)).stdout.equals(CONTENT)).toBe(true)
})

test('a damaged log is repaired, which is said once on standard error, and nothing is lost', async () => {
  const folder = join(repo, 'blocks')
  for (const name of await readdir(folder))
    if (name.startsWith('MANIFEST')) await writeFile(join(folder, name), 'garbage')
  const first = await run('cat', root)
  expect(first.stdout.equals(CONTENT)).toBe(true)
  expect(first.stderr).not.toBe('')
  expect(await run('cat', root)).toMatchObject({ code: 0, stderr: '' })
  expect(await run('repo', 'rebuild-index')).toMatchObject({ code: 0, stderr: '' })
  expect(await run('repo', 'compact')).toMatchObject({ code: 0, stderr: '' })
  expect((await run('cat', root)).stdout.equals(CONTENT)).toBe(true)
})

test('of a log that is gone the number of blocks is told, in one warning', async () => {
  const [stat] = jsonLines((await run('repo', 'stat', '--json')).stdout.toString())
  const { NumObjects: blocks } = stat as { readonly NumObjects: number }
  await rm(join(repo, 'blocks'), { recursive: true })
  const { stderr } = await run('pin', 'ls')
  expect(linesOf(stderr).filter((line) => line.includes(`${blocks} blocks`))).toHaveLength(1)
  const verified = await run('repo', 'verify', '--json')
  expect(verified.code).toBe(1)
  const events = jsonLines(verified.stdout.toString())
  expect(events.at(-1)).toMatchObject({ Bad: blocks, Part: 'all' })
  // Each of them once.
  expect(linesOf((await run('repo', 'verify')).stdout.toString())).toHaveLength(blocks + 1)
})

test('a log of which one table is gone and another one unreadable opens, and says so once', async () => {
  const folder = join(repo, 'blocks')
  const [first = '', second = ''] = (await readdir(folder)).filter((name) => name.endsWith('.ldb'))
  await rm(join(folder, first))
  await truncate(join(folder, second), 100_000)
  const opened = await run('pin', 'ls', '--type', 'recursive')
  expect([opened.code, opened.stdout.toString()]).toEqual([0, `${root} recursive\n`])
  // That it was repaired, that the index was made anew, and how many blocks are lost.
  expect(linesOf(opened.stderr)).toHaveLength(3)
  expect(await run('pin', 'ls', '--type', 'recursive')).toMatchObject({ code: 0, stderr: '' })
})

test('a damaged block is named once by a read, and once by verify', async () => {
  await flipBit()
  const failed = await run('cat', root)
  expectFailed(failed)
  const [cid = ''] = /\bbaf\w+/.exec(failed.stderr) ?? []
  expect(failed.stderr.split(cid)).toHaveLength(2)
  const verified = await run('repo', 'verify')
  expect(`${verified.stdout.toString()}${verified.stderr}`.split(cid)).toHaveLength(2)
})

test('verify without a peer does not heal', async () => {
  expectUsageError(await run('repo', 'verify', '--heal'))
})

test('verify goes on where it was stopped, and says so', async () => {
  expect((await run('--timeout', '1s', 'repo', 'verify', '--rate', '1KB')).code).toBe(1)
  const events = jsonLines((await run('repo', 'verify', '--json')).stdout.toString())
  expect([events[0], events.at(-1)]).toMatchObject([{ Resumed: true }, { Part: 'rest' }])
  expect(jsonLines((await run('repo', 'verify', '--json')).stdout.toString()).at(-1)).toMatchObject({ Part: 'all' })
})

test('when pins may be lost nothing is collected until somebody accepts it', async () => {
  await rm(join(repo, 'meta'), { recursive: true })
  expect((await run('pin', 'ls')).stdout.toString()).toBe('')
  // Every command says so in one line, but for those that fail over it.
  const listed = await run('pin', 'ls', '--json')
  expect([listed.code, listed.stdout.toString(), linesOf(listed.stderr).length]).toEqual([0, '', 1])
  expectFailed(await run('pin', 'verify'))
  expectFailed(await run('repo', 'gc'))
  expect((await run('repo', 'verify')).code).toBe(1)
  expect((await run('pin', 'add', root)).code).toBe(0)
  expect(await run('repo', 'verify', '--accept-lost-pins')).toMatchObject({ code: 0, stderr: '' })
  expect((await run('repo', 'gc')).code).toBe(0)
  expect((await run('cat', root)).stdout.equals(CONTENT)).toBe(true)
})
