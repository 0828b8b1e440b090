import type { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import {
  BlockService,
  CairnError,
  createBlock,
  RAW_CODE,
  readEarly,
  type Block,
  type BlockReader,
} from '../../src/index.ts'
import { EARLY_BYTES_MAX } from '../../src/limits.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))

/** A service that fetches `blocks` at once and stores each when `store` lets it. */
function slowDisk(blocks: readonly Block[], room: () => Promise<void>) {
  const store = new MapStore()
  let fetched = 0
  const service = new BlockService({
    store,
    fetchers: [
      {
        fetch(cid) {
          fetched++
          const found = blocks.find((block) => block.cid.equals(cid))
          return found ? Promise.resolve(found) : Promise.reject(new CairnError('NOT_FOUND', 'Cannot find it here'))
        },
      },
    ],
    withRoom: async (_, put) => {
      await room()
      await put()
    },
  })
  return { store, service, fetched: () => fetched }
}

async function* inOrder(reader: BlockReader, cids: readonly CID[]): AsyncGenerator<Block> {
  for (const cid of cids) yield await reader.get(cid)
}

const [first, second] = [rawBlock(1), rawBlock(2)]
const both = [first.cid, second.cid]

test('blocks are there before they are stored, and the end comes after', async () => {
  const disk = Promise.withResolvers<void>()
  const { service, store } = slowDisk([first, second], () => disk.promise)
  const reading = readEarly(service, (reader) => inOrder(reader, both))
  expect((await reading.next()).value?.bytes).toEqual(first.bytes)
  expect((await reading.next()).value?.bytes).toEqual(second.bytes)
  let isOver = false
  const end = reading.next().then(() => (isOver = true))
  await tick()
  expect(isOver).toBe(false)
  expect(await store.hasMany(both)).toEqual([false, false])
  disk.resolve()
  await end
  expect(await store.hasMany(both)).toEqual([true, true])
})

test('who gets the block otherwise meanwhile waits for the disk, and nothing is fetched twice', async () => {
  const disk = Promise.withResolvers<void>()
  const { service, store, fetched } = slowDisk([first], () => disk.promise)
  const reading = readEarly(service, (reader) => inOrder(reader, [first.cid, first.cid]))
  await reading.next()
  const durable = service.get(first.cid).then(() => store.hasMany([first.cid]))
  await reading.next()
  await tick()
  disk.resolve()
  expect(await durable).toEqual([true])
  expect(fetched()).toBe(1)
  await reading.next()
})

test('what cannot be stored is told at the end, or before the next block', async () => {
  const { service } = slowDisk([first, second], async () => {
    throw new CairnError('LIMIT', 'Cannot store more here')
  })
  const whole = readEarly(service, (reader) => inOrder(reader, [first.cid]))
  expect((await whole.next()).value?.bytes).toEqual(first.bytes)
  await expectCode('LIMIT', () => whole.next())
  const more = readEarly(service, (reader) => inOrder(reader, both))
  await more.next()
  await tick()
  await expectCode('LIMIT', () => more.next())
})

test('whoever leaves waits for what is being stored', async () => {
  const disk = Promise.withResolvers<void>()
  const { service, store } = slowDisk([first, second], () => disk.promise)
  const reading = readEarly(service, (reader) => inOrder(reader, both))
  await reading.next()
  let isOver = false
  const left = reading.return().then(() => (isOver = true))
  await tick()
  expect(isOver).toBe(false)
  disk.resolve()
  await left
  expect(await store.hasMany([first.cid])).toEqual([true])
})

test('an error of the reading is thrown as it is', async () => {
  const { service } = slowDisk([first], () => Promise.resolve())
  const reading = readEarly(service, (reader) => inOrder(reader, both))
  await reading.next()
  await expectCode('NOT_FOUND', () => reading.next())
})

test('the disk sets the pace of what comes after the first bytes', async () => {
  const blocks = Array.from({ length: 5 }, (_, index) =>
    createBlock(new Uint8Array(EARLY_BYTES_MAX / 4).fill(index), { codec: RAW_CODE }),
  )
  const disk = Promise.withResolvers<void>()
  const { service, store } = slowDisk(blocks, () => disk.promise)
  const reading = readEarly(service, (reader) =>
    inOrder(
      reader,
      blocks.map(({ cid }) => cid),
    ),
  )
  for (let early = 0; early < 4; early++) await reading.next()
  let isThere = false
  const fifth = reading.next().then(() => (isThere = true))
  await tick()
  expect(isThere).toBe(false)
  disk.resolve()
  await fifth
  expect(await store.hasMany([blocks[4]?.cid ?? first.cid])).toEqual([true])
  await reading.return()
})
