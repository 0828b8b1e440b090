// The block store over LevelDB: the common contract, and what outlives the process.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '../src/database/database.ts'
import { openLevelStore } from '../src/index.ts'
import { decodeLocation, encodeHeader, encodeLogKey, HEADER_KEY } from '../src/log/record.ts'
import { blockStoreSuite, removedBy, seededBlock } from './block-store-suite.ts'
import { tempFolder } from './temp-folder.ts'

blockStoreSuite('level', async () => openLevelStore(await tempFolder()))
blockStoreSuite('level, a checkpoint after every block', async () =>
  openLevelStore(await tempFolder(), { checkpointBlocks: 1 }),
)
blockStoreSuite('level, without sync', async () => openLevelStore(await tempFolder(), { durability: 'none' }))

const blocks = Array.from({ length: 20 }, (_, seed) => seededBlock(seed, 100 + seed))
const cids = blocks.map(({ cid }) => cid)
const totals = { blocks: 20, bytes: 2190 }

async function filledFolder(): Promise<string> {
  const path = await tempFolder()
  const store = await openLevelStore(path)
  await store.putMany(blocks)
  await store.close()
  return path
}

async function expectAllThere(path: string): Promise<void> {
  const store = await openLevelStore(path)
  const found = await store.getMany(cids)
  expect(found.map((block) => block?.cid.toString())).toEqual(cids.map(String))
  expect(await store.stat()).toEqual(totals)
  expect(await Array.fromAsync(store.list())).toHaveLength(totals.blocks)
  await store.close()
}

test('blocks and totals are there after opening again', async () => {
  const path = await filledFolder()
  await expectAllThere(path)
  await expectAllThere(path)
})

test('what was deleted stays deleted after opening again', async () => {
  const path = await filledFolder()
  const store = await openLevelStore(path)
  await store.deleteMany(cids.slice(0, 5))
  await using sweep = await store.openSweep()
  await sweep.mark(cids.filter((_, index) => index !== 7))
  await removedBy(sweep)
  await store.close()
  const again = await openLevelStore(path)
  const there = await again.hasMany(cids)
  expect(there.slice(0, 5)).toEqual([false, false, false, false, false])
  expect(there[7]).toBe(false)
  expect((await again.stat()).blocks).toBe(there.filter(Boolean).length)
  await again.close()
})

test('a missing index is made anew from the log', async () => {
  const path = await filledFolder()
  await rm(join(path, 'index'), { recursive: true })
  await expectAllThere(path)
})

test('an index of another log is made anew from this one', async () => {
  const [path, other] = [await filledFolder(), await filledFolder()]
  await rm(join(path, 'blocks'), { recursive: true })
  const store = await openLevelStore(path)
  expect(await store.hasMany(cids)).toEqual(cids.map(() => false))
  expect(await store.stat()).toEqual({ blocks: 0, bytes: 0 })
  await store.close()
  await expectAllThere(other)
})

test('a second opener is told that it is locked, and harms nothing', async () => {
  const path = await filledFolder()
  const store = await openLevelStore(path)
  await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'LOCKED' })
  expect(await store.hasMany(cids)).toEqual(cids.map(() => true))
  await store.close()
  await expectAllThere(path)
})

test('a locked index is not taken for a damaged one', async () => {
  const path = await filledFolder()
  const database = await openDatabase(join(path, 'index'), { tableBytes: 1 << 20 })
  await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'LOCKED' })
  await database.close()
  await expectAllThere(path)
})

test('a flipped byte in a stored block is found when it is read; putting it again mends it', async () => {
  const path = await filledFolder()
  const [victim, next] = [blocks[3] ?? seededBlock(3), blocks[4] ?? seededBlock(4)]
  const index = await openDatabase(join(path, 'index'), { tableBytes: 1 << 20 })
  const { sequence } = decodeLocation((await index.get(victim.cid.multihash.bytes)) ?? new Uint8Array())
  await index.close()
  const log = await openDatabase(join(path, 'blocks'), { tableBytes: 1 << 20 })
  const key = encodeLogKey(sequence, victim.cid.multihash.bytes)
  const bytes = Uint8Array.from((await log.get(key)) ?? [])
  bytes[50] = (bytes[50] ?? 0) ^ 1
  await log.batch([{ key, value: bytes }], { sync: true })
  await log.close()

  const store = await openLevelStore(path)
  await expect(store.get(victim.cid)).rejects.toMatchObject({ code: 'CORRUPT', cid: victim.cid })
  expect((await store.get(next.cid))?.bytes).toEqual(next.bytes)
  expect(await store.hasMany([victim.cid])).toEqual([false])
  expect(await store.size(victim.cid)).toBeUndefined()
  expect(await store.claimMany([victim.cid])).toEqual([false])
  expect(await store.stat()).toEqual({ blocks: 19, bytes: totals.bytes - victim.bytes.length })
  expect(await Array.fromAsync(store.list())).toHaveLength(19)
  await expect(store.get(victim.cid)).rejects.toMatchObject({ code: 'CORRUPT' })
  await store.putMany([victim])
  await store.close()
  await expectAllThere(path)
})

test('an index entry without its record is CORRUPT, not a miss', async () => {
  const path = await filledFolder()
  const log = await openDatabase(join(path, 'blocks'), { tableBytes: 1 << 20 })
  for await (const page of log.pages(encodeLogKey(1, new Uint8Array()))) {
    await log.batch(
      page.slice(0, 1).map(([key]) => ({ key })),
      { sync: true },
    )
  }
  await log.close()
  const store = await openLevelStore(path)
  const outcomes = await Promise.allSettled(cids.map((cid) => store.get(cid)))
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason)
  expect(failed).toEqual([expect.objectContaining({ code: 'CORRUPT' })])
  await store.close()
})

test('a put that is under way when a sweep opens is not swept', async () => {
  const store = await openLevelStore(await tempFolder())
  const put = store.putMany(blocks)
  await using sweep = await store.openSweep()
  await put
  expect(await removedBy(sweep)).toEqual([])
  await store.close()
})

test('a log of a newer version is refused', async () => {
  const newer = await tempFolder()
  await mkdir(join(newer, 'blocks'))
  const log = await openDatabase(join(newer, 'blocks'), { tableBytes: 1 << 20 })
  await log.batch([{ key: HEADER_KEY, value: encodeHeader({ version: 2, id: new Uint8Array(16) }) }], { sync: true })
  await log.close()
  await expect(openLevelStore(newer)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

test('damaged blocks are missing from a look-up of many, and keep none of the others away', async () => {
  const path = await filledFolder()
  const log = await openDatabase(join(path, 'blocks'), { tableBytes: 1 << 20 })
  for await (const page of log.pages(encodeLogKey(1, new Uint8Array()))) {
    await log.batch([{ key: page[0]?.[0] ?? HEADER_KEY }], { sync: true })
    await log.batch([{ key: page[1]?.[0] ?? HEADER_KEY, value: Uint8Array.of(1) }], { sync: true })
  }
  await log.close()
  const orphans: unknown[] = []
  const note = (reason: unknown): void => void orphans.push(reason)
  process.on('unhandledRejection', note)
  const store = await openLevelStore(path)
  const found = await store.getMany(cids)
  expect(found.filter((block) => block === undefined)).toHaveLength(2)
  expect(found.every((block, at) => block === undefined || block.cid.equals(blocks[at]?.cid))).toBe(true)
  await store.close()
  process.off('unhandledRejection', note)
  expect(orphans).toEqual([])
})

test('a sweep whose index is made anew ends, and deletes nothing by places that may have changed', async () => {
  const store = await openLevelStore(await tempFolder())
  await store.putMany(blocks)
  await using sweep = await store.openSweep()
  await sweep.mark(cids.slice(0, 5))
  await store.rebuildIndex()
  await expect(removedBy(sweep)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await store.hasMany(cids)).toEqual(cids.map(() => true))
  await sweep[Symbol.asyncDispose]()
  await using again = await store.openSweep()
  await again.mark(cids.slice(0, 5))
  expect(await removedBy(again)).toHaveLength(15)
  await store.close()
})

test('what a sweep left that was broken off gives its space back in the next one, also after opening again', async () => {
  const path = await tempFolder()
  const large = Array.from({ length: 50 }, (_, seed) => seededBlock(seed, 100_000))
  const store = await openLevelStore(path)
  await store.putMany(large)
  const sweep = await store.openSweep()
  for await (const { removed } of sweep.run()) {
    expect(removed).toHaveLength(50)
    break
  }
  await sweep[Symbol.asyncDispose]()
  await store.close()
  const again = await openLevelStore(path)
  expect(await again.stat()).toEqual({ blocks: 0, bytes: 0 })
  expect(await again.diskBytes()).toBeGreaterThan(5_000_000)
  await using next = await again.openSweep()
  const freed = await Array.fromAsync(next.run(), ({ freedBytes }) => freedBytes)
  expect(freed.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(4_900_000)
  expect(await again.diskBytes()).toBeLessThan(100_000)
  await again.close()
})
