// What a scrub finds and mends, that it goes on where it was stopped, and what a compaction takes away.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLevelStore, type LevelBlockStore, type ScrubStep } from '../src/index.ts'
import { encodeLocation, encodeLogKey } from '../src/log/record.ts'
import { seededBlock } from './block-store-suite.ts'
import { changeDatabase, folderWith, misplaceRecord, placeIn } from './closed-store.ts'

const blocks = Array.from({ length: 3000 }, (_, seed) => seededBlock(seed, 500))
const cids = blocks.map(({ cid }) => cid)
const BYTES = blocks.length * 500

const filledFolder = () => folderWith(blocks)
const placeOf = (path: string, seed: number) => placeIn(path, blocks[seed] ?? expect.fail('there are that many'))

async function scrub(store: LevelBlockStore, from?: string) {
  const steps: ScrubStep[] = await Array.fromAsync(store.scrub(from))
  return {
    blocks: steps.reduce((sum, step) => sum + step.blocks, 0),
    bytes: steps.reduce((sum, step) => sum + step.bytes, 0),
    damaged: steps.flatMap((step) => step.damaged.map(String)),
    mended: steps.flatMap((step) => step.mended.map(String)),
    steps,
  }
}

const nameOf = (seed: number) => cids[seed]?.toString() ?? ''

test('a scrub of a sound store reads every block once, and can go on after any step', async () => {
  const store = await openLevelStore(await filledFolder())
  const whole = await scrub(store)
  expect(whole).toMatchObject({ blocks: blocks.length, bytes: BYTES, damaged: [], mended: [] })
  expect(whole.steps.at(-1)?.next).toBeUndefined()
  let read = 0
  for (const [at, step] of whole.steps.entries()) {
    read += step.blocks
    if (step.next === undefined) continue
    const rest = await scrub(store, step.next)
    expect(rest.blocks, `after step ${at}`).toBe(blocks.length - read)
  }
  await expect(scrub(store, 'nowhere')).rejects.toMatchObject({ code: 'INVALID' })
  await store.close()
})

test('a scrub names what is damaged and what is gone, once, and a put brings it back', async () => {
  const path = await filledFolder()
  const [damaged, gone] = [await placeOf(path, 7), await placeOf(path, 8)]
  await changeDatabase(path, 'blocks', async () => [{ key: damaged.key, value: Uint8Array.of(1) }, { key: gone.key }])
  const store = await openLevelStore(path)
  expect((await scrub(store)).damaged.toSorted()).toEqual([nameOf(7), nameOf(8)].toSorted())
  expect((await scrub(store)).damaged).toEqual([])
  expect((await Array.fromAsync(store.damaged(), String)).toSorted()).toEqual([nameOf(7), nameOf(8)].toSorted())
  expect(await store.stat()).toEqual({ blocks: blocks.length - 2, bytes: BYTES - 1000 })
  await store.putMany([seededBlock(7, 500), seededBlock(8, 500)])
  expect(await Array.fromAsync(store.damaged())).toEqual([])
  expect(await store.stat()).toEqual({ blocks: blocks.length, bytes: BYTES })
  await store.close()
  const again = await openLevelStore(path)
  expect(await scrub(again)).toMatchObject({ blocks: blocks.length, damaged: [], mended: [] })
  await again.close()
})

test('a damaged block can be deleted like any other', async () => {
  const path = await filledFolder()
  const { key } = await placeOf(path, 7)
  await changeDatabase(path, 'blocks', async () => [{ key }])
  const store = await openLevelStore(path)
  await scrub(store)
  expect(await store.deleteMany(cids.slice(7, 8))).toBe(1)
  expect(await store.get(seededBlock(7, 500).cid)).toBeUndefined()
  expect(await Array.fromAsync(store.damaged())).toEqual([])
  expect((await store.stat()).blocks).toBe(blocks.length - 1)
  await store.close()
})

test('a scrub enters again what the index has lost or misplaced', async () => {
  const path = await filledFolder()
  const [lost, misplaced, flagged] = [await placeOf(path, 1), await placeOf(path, 2), await placeOf(path, 3)]
  await changeDatabase(path, 'index', async () => [
    { key: lost.multihash },
    { key: misplaced.multihash, value: encodeLocation({ sequence: 999_999, size: 500 }) },
    { key: flagged.multihash, value: encodeLocation({ ...flagged.location, isDamaged: true }) },
  ])
  const store = await openLevelStore(path)
  expect((await scrub(store)).mended.toSorted()).toEqual([nameOf(1), nameOf(2), nameOf(3)].toSorted())
  expect(await store.getMany(cids)).toEqual(blocks)
  expect(await scrub(store)).toMatchObject({ damaged: [], mended: [] })
  await store.close()
})

const works = {
  scrub: (store: LevelBlockStore) => Array.fromAsync<unknown>(store.scrub()),
  'scrub that goes on': (store: LevelBlockStore) => Array.fromAsync<unknown>(store.scrub('log:1')),
  compaction: async (store: LevelBlockStore) => {
    await Array.fromAsync(store.compact())
    await scrub(store)
  },
  'new index': (store: LevelBlockStore) => store.rebuildIndex(),
}

test.for(Object.entries(works))('a %s survives a table that LevelDB would not', async ([, work]) => {
  const path = await filledFolder()
  await (await openLevelStore(path)).close()
  const folder = join(path, 'blocks')
  const name = (await readdir(folder)).find((file) => file.endsWith('.ldb')) ?? ''
  const table = await readFile(join(folder, name))
  // The second entry of the first block: it shares 7 bytes of its key with the first and has 43, and is now said to share
  // none and to have 4, fewer than LevelDB's own. That ends the process in which LevelDB comes to it.
  const at = table.indexOf(Uint8Array.of(7, 43, 0xf4, 0x03))
  expect(at).toBeGreaterThan(0)
  table.set([0, 4], at)
  await writeFile(join(folder, name), table)
  const store = await openLevelStore(path)
  await work(store)
  const damaged = await Array.fromAsync(store.damaged(), String)
  const found = await store.getMany(cids)
  expect(damaged.length).toBeGreaterThan(0)
  expect(damaged.toSorted()).toEqual(
    cids
      .filter((_, seed) => found[seed] === undefined)
      .map(String)
      .toSorted(),
  )
  await store.putMany(blocks)
  expect(await store.getMany(cids)).toEqual(blocks)
  await store.close()
})

test('a record whose key is another one now, though in order, is not entered again, and a put brings its block back', async () => {
  const path = await filledFolder()
  await (await openLevelStore(path)).close()
  const misplaced = await misplaceRecord(path, blocks)
  const store = await openLevelStore(path)
  await expect(store.getMany(cids)).resolves.toContain(undefined)
  await scrub(store)
  expect(await Array.fromAsync(store.damaged(), String)).toEqual([misplaced.cid.toString()])
  await store.putMany(blocks)
  expect(await store.getMany(cids)).toEqual(blocks)
  await store.close()
})

test('a compaction removes records without a block, and enters those that are sound', async () => {
  const path = await filledFolder()
  const [lost, twice, garbage] = [await placeOf(path, 1), await placeOf(path, 2), await placeOf(path, 3)]
  await changeDatabase(path, 'blocks', async () => [
    { key: encodeLogKey(twice.location.sequence, seededBlock(9999).cid.multihash.bytes), value: Uint8Array.of(1) },
    { key: garbage.key, value: Uint8Array.of(1) },
  ])
  await changeDatabase(path, 'index', async () => [{ key: lost.multihash }, { key: garbage.multihash }])
  const store = await openLevelStore(path)
  const steps = await Array.fromAsync(store.compact())
  expect(steps.reduce((sum, { removedRecords }) => sum + removedRecords, 0)).toBe(2)
  expect(await store.hasMany([cids[1], cids[2], cids[3]].filter((cid) => cid !== undefined))).toEqual([
    true,
    true,
    false,
  ])
  expect(await scrub(store)).toMatchObject({ damaged: [], mended: [], blocks: blocks.length - 1 })
  await store.close()
})

test('an index that is made anew on demand has the same blocks, while they are read', async () => {
  const store = await openLevelStore(await filledFolder())
  const kinds: string[] = []
  const [, , found] = await Promise.all([
    store.rebuildIndex(({ kind }) => kinds.push(kind)),
    store.putMany([seededBlock(5000)]),
    store.getMany(cids),
  ])
  expect(found).toEqual(blocks)
  expect(new Set(kinds)).toEqual(new Set(['index']))
  expect(await store.stat()).toEqual({ blocks: blocks.length + 1, bytes: BYTES + 64 })
  expect(await store.getMany(cids)).toEqual(blocks)
  await store.close()
})

test('making the index anew can be stopped, and the old one stays', async () => {
  const path = await filledFolder()
  const store = await openLevelStore(path)
  const stop = new Error('enough')
  const stopped = store.rebuildIndex(() => {
    throw stop
  })
  await expect(stopped).rejects.toBe(stop)
  expect(await readdir(path)).not.toContain('index.new')
  await store.putMany([seededBlock(5000)])
  expect(await store.getMany(cids)).toEqual(blocks)
  expect(await store.stat()).toEqual({ blocks: blocks.length + 1, bytes: BYTES + 64 })
  await store.close()
})
