// Collections of a store that is damaged, or from which much was deleted.
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IndexSlices } from '../src/sweep/index-slices.ts'
import { openLevelStore } from '../src/index.ts'
import { FIRST_MULTIHASH } from '../src/log/record.ts'
import { seededBlock } from './block-store-suite.ts'
import { changeDatabase, folderWith, placeIn } from './closed-store.ts'

const blocks = Array.from({ length: 20 }, (_, seed) => seededBlock(seed, 500))

/** A closed store, and where its first block is. */
async function filledFolder() {
  const path = await folderWith(blocks)
  return { path, place: await placeIn(path, blocks[0] ?? expect.fail('there are blocks')) }
}

test.for(['scrub', 'compact'] as const)(
  'a block that a %s enters again is not taken by a collection that has not met it',
  async (work) => {
    const { path, place } = await filledFolder()
    await changeDatabase(path, 'index', async () => [{ key: place.multihash }])
    const store = await openLevelStore(path)
    const sweep = await store.openSweep()
    // A leaf that is pinned and absent stops no marking.
    expect(await sweep.mark(blocks.map(({ cid }) => cid))).toContainEqual({ status: 'absent' })
    const steps = sweep.run()[Symbol.asyncIterator]()
    await Array.fromAsync<unknown>(store[work]())
    while ((await steps.next()).done !== true);
    await sweep[Symbol.asyncDispose]()
    expect(await store.hasMany(blocks.map(({ cid }) => cid))).not.toContain(false)
    await store.close()
  },
)

test('what is damaged counts neither as stored nor as marked', async () => {
  const { path, place } = await filledFolder()
  await changeDatabase(path, 'blocks', async () => [{ key: place.key }])
  const store = await openLevelStore(path)
  await Array.fromAsync(store.scrub())
  const sweep = await store.openSweep()
  await sweep.mark(blocks.map(({ cid }) => cid))
  expect(sweep.marked).toEqual({ blocks: blocks.length - 1, bytes: (blocks.length - 1) * 500 })
  expect(await store.stat()).toEqual(sweep.marked)
  await store.close()
})

test('slices of an index hold every multihash, those before the first block and of no block at all included', () => {
  const last = Uint8Array.of(0xff)
  expect([...new IndexSlices(2)]).toEqual([[FIRST_MULTIHASH, last]])
  const slices = new IndexSlices(2)
  for (const byte of [0x12, 0x13, 0x14]) slices.add(Uint8Array.of(byte))
  expect([...slices]).toEqual([
    [FIRST_MULTIHASH, Uint8Array.of(0x14)],
    [Uint8Array.of(0x14), last],
  ])
})

test('a store that cannot be measured says so with a code', async () => {
  const { path } = await filledFolder()
  const store = await openLevelStore(path)
  await rename(join(path, 'index'), join(path, 'elsewhere'))
  await expect(store.diskBytes()).rejects.toMatchObject({ name: 'CairnError', code: 'UNAVAILABLE' })
  await rename(join(path, 'elsewhere'), join(path, 'index'))
  await store.close()
})
