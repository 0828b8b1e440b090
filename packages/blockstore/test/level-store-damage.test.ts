// A damaged store opens without a person, serves no wrong byte, and names what it has lost.
import { cp, open, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openIndexDatabase } from '../src/log/block-index.ts'
import { openDatabase } from '../src/database/database.ts'
import { openLevelStore, type RecoveryEvent } from '../src/index.ts'
import { doubtFiles } from '../src/files/database-files.ts'
import { CHECKPOINT_KEY, encodeLogKey, HEADER_KEY } from '../src/log/record.ts'
import { seededBlock } from './block-store-suite.ts'
import { tempFolder } from './temp-folder.ts'

const blocks = Array.from({ length: 50 }, (_, seed) => seededBlock(seed, 1000))
const cids = blocks.map(({ cid }) => cid)

async function filledFolder(): Promise<string> {
  const path = await tempFolder()
  const store = await openLevelStore(path)
  for (const block of blocks) await store.putMany([block])
  await store.close()
  return path
}

interface Outcome {
  readonly events: RecoveryEvent[]
  /** Seeds of the blocks that are there. */
  readonly there: number[]
  /** Seeds of those that were named as damaged, by an event or by a read. */
  readonly named: number[]
}

/** Opens the store, reads all blocks one by one, and sees that nothing wrong comes back. */
async function look(path: string): Promise<Outcome> {
  const events: RecoveryEvent[] = []
  const store = await openLevelStore(path, { onRecovery: (event) => events.push(event) })
  const outcomes = await Promise.allSettled(cids.map((cid) => store.get(cid)))
  const there: number[] = []
  for (const [seed, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CORRUPT', cid: cids[seed] })
    else if (outcome.value !== undefined) there.push(seed)
    if (outcome.status === 'fulfilled' && outcome.value !== undefined)
      expect(outcome.value.bytes).toEqual(blocks[seed]?.bytes)
  }
  expect((await store.stat()).blocks).toBe(there.length)
  // It goes on as a store: what is lost can be put again.
  await store.putMany(blocks)
  expect(await store.getMany(cids)).toEqual(blocks)
  expect((await store.stat()).blocks).toBe(blocks.length)
  await store.close()
  const names = new Set(events.flatMap((event) => (event.kind === 'damaged' ? event.cids : [])).map(String))
  const named = cids.flatMap((cid, seed) => (names.has(cid.toV1().toString()) ? [seed] : []))
  return { events, there, named }
}

const all = blocks.map((_, seed) => seed)
const kinds = ({ events }: Outcome) => [...new Set(events.map(({ kind }) => kind))]

/** Applies `harm` to the files of the log that match. */
async function harmLog(path: string, files: RegExp, harm: (file: string) => Promise<void>): Promise<void> {
  const names = (await readdir(join(path, 'blocks'))).filter((name) => files.test(name))
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) await harm(join(path, 'blocks', name))
}

test('a log whose MANIFEST is garbage is repaired, keeps all, and says so', async () => {
  const path = await filledFolder()
  await harmLog(path, /^MANIFEST/, (file) => writeFile(file, 'garbage'))
  const outcome = await look(path)
  expect(outcome).toMatchObject({ there: all, named: [] })
  expect(kinds(outcome)).toEqual(['repaired', 'index'])
  const [repaired] = outcome.events
  expect(repaired).toMatchObject({ kind: 'repaired', keptIn: `${join(path, 'blocks')}.replaced-1` })
  expect(kinds(await look(path))).toEqual([])
})

test('a damaged log is repaired also when nobody listens', async () => {
  const path = await filledFolder()
  await harmLog(path, /^MANIFEST/, (file) => writeFile(file, 'garbage'))
  const store = await openLevelStore(path)
  expect(await store.getMany(cids)).toEqual(blocks)
  await store.close()
})

test.each([
  ['cut', (file: string) => truncate(file, 7)],
  ['emptied', (file: string) => truncate(file, 0)],
  ['gone', (file: string) => rm(file)],
])('a log whose CURRENT is %s keeps all', async (_, harm) => {
  const path = await filledFolder()
  await harmLog(path, /^CURRENT$/, harm)
  const outcome = await look(path)
  expect(outcome).toMatchObject({ there: all, named: [] })
  expect(kinds(outcome)).toContain('repaired')
})

test('a log that is gone, with an index that remembers, names every block', async () => {
  const path = await filledFolder()
  await rm(join(path, 'blocks'), { recursive: true })
  expect(await look(path)).toMatchObject({ there: [], named: all })
})

test('a log without its header goes on under its name', async () => {
  const path = await filledFolder()
  const damaged = await openDatabase(join(path, 'blocks'), { tableBytes: 1 << 20 })
  await damaged.batch([{ key: HEADER_KEY }], { sync: true })
  await damaged.close()
  const outcome = await look(path)
  expect(outcome).toMatchObject({ there: all, named: [] })
  expect(kinds(outcome)).toContain('dropped')
})

test('a log whose header is damaged beside other things keeps its name, so the index tells what is lost', async () => {
  const path = await filledFolder()
  const folder = join(path, 'blocks')
  const damaged = await openDatabase(folder, { tableBytes: 1 << 20 })
  const [header] = await damaged.getReadable([HEADER_KEY])
  if (header === undefined) throw new TypeError('a log has a header')
  const value = Uint8Array.from(header, (byte, index) => (index === header.length - 1 ? byte ^ 4 : byte))
  const [first] = cids
  if (first === undefined) throw new TypeError('the store has blocks')
  const lost = encodeLogKey(1, first.multihash.bytes)
  await damaged.batch([{ key: HEADER_KEY, value }, { key: lost }], { sync: true })
  await damaged.close()
  await doubtFiles(folder)
  expect(await look(path)).toMatchObject({ there: all.slice(1), named: all.slice(0, 1) })
})

test.for([true, false])(
  'a record whose key says no multihash keeps nothing else away, with an index: %s',
  async (isThere) => {
    const path = await filledFolder()
    const damaged = await openDatabase(join(path, 'blocks'), { tableBytes: 1 << 20 })
    // Its hash function is not one that anybody has, and its length not that of the digest.
    await damaged.batch([{ key: encodeLogKey(1000, Uint8Array.of(0x12, 0x21, 7)), value: Uint8Array.of(1) }], {
      sync: true,
    })
    await damaged.close()
    if (!isThere) await rm(join(path, 'index'), { recursive: true })
    const outcome = await look(path)
    expect(outcome).toMatchObject({ there: all, named: [] })
    const store = await openLevelStore(path)
    expect((await Array.fromAsync(store.list())).length).toBe(all.length)
    await Array.fromAsync(store.scrub())
    await store.rebuildIndex()
    await Array.fromAsync(store.compact())
    expect(await store.getMany(cids)).toEqual(blocks)
    await store.close()
  },
)

test('both databases damaged: what can be read is there', async () => {
  const path = await filledFolder()
  await harmLog(path, /^MANIFEST/, (file) => truncate(file, 20))
  await rm(join(path, 'index'), { recursive: true })
  expect(await look(path)).toMatchObject({ there: all, named: [] })
})

test('damaged records in the middle of LevelDB’s own log are named', async () => {
  const path = await filledFolder()
  await harmLog(path, /\.log$/, (file) => garble(file))
  const outcome = await look(path)
  expect(outcome.there.length).toBeGreaterThan(0)
  expect(outcome.named).toEqual(all.filter((seed) => !outcome.there.includes(seed)))
  expect(outcome.named.length).toBeGreaterThan(0)
  expect(kinds(outcome)).toContain('dropped')
})

test('an index that is being made anew when the process ends is made anew again', async () => {
  const path = await filledFolder()
  await rename(join(path, 'index'), join(path, 'index.new'))
  const unfinished = await openIndexDatabase(join(path, 'index.new'))
  await unfinished.batch([{ key: CHECKPOINT_KEY }], { sync: true })
  await unfinished.close()
  expect(await look(path)).toMatchObject({ there: all, named: [] })
})

test('an index whose replacement was interrupted still knows what the log has lost', async () => {
  const path = await filledFolder()
  await rm(join(path, 'blocks'), { recursive: true })
  await (await openLevelStore(path)).close()
  await rename(join(path, 'index'), join(path, 'index.new'))
  const store = await openLevelStore(path)
  expect((await Array.fromAsync(store.damaged())).length).toBe(blocks.length)
  await store.close()
})

test('an index that was made anew does not miss the end of the log when that is deleted', async () => {
  const path = await filledFolder()
  await rm(join(path, 'index'), { recursive: true })
  const store = await openLevelStore(path)
  await store.deleteMany(cids.slice(10))
  await store.close()
  expect(kinds(await look(path))).toEqual([])
})

test('a block that was deleted at the end of the log and put again outlives a loss of power', async () => {
  const path = await filledFolder()
  const block = seededBlock(1000)
  const store = await openLevelStore(path)
  await store.putMany([block])
  await store.deleteMany([block.cid])
  const [killed, lost] = [await tempFolder(), await tempFolder()]
  await cp(path, killed, { recursive: true })
  await cp(join(path, 'index'), join(lost, 'index'), { recursive: true })
  await store.close()
  const next = await openLevelStore(killed)
  await next.putMany([block])
  // The log is synced, and the index is not: it may be as it was found.
  await cp(join(killed, 'blocks'), join(lost, 'blocks'), { recursive: true })
  await next.close()
  const last = await openLevelStore(lost)
  expect(await last.get(block.cid)).toEqual(block)
  await last.close()
})

async function garble(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  await handle.write(new Uint8Array(100).fill(0xa5), 0, 100, 20_000)
  await handle.close()
}
