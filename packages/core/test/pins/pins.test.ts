import { encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { beforeEach, describe, expect, test } from 'vitest'
import { BlockService, createBlock, Pins, type Fetcher, type PinProgress } from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

const [leafA, leafB] = [rawBlock(1), rawBlock(2)]
const inner = nodeBlock([leafA.cid])
const root = nodeBlock([inner.cid, leafB.cid, leafA.cid])
const everything = [leafA, leafB, inner, root]

let store: MapStore
let records: MapRecords
let pins: Pins

beforeEach(async () => {
  store = new MapStore()
  records = new MapRecords()
  pins = new Pins({ records, blocks: new BlockService({ store }) })
  await store.putMany(everything)
})

describe('Pins', () => {
  test('keeps pins, lists and removes them', async () => {
    await pins.add(root.cid)
    await pins.add(leafA.cid, { type: 'direct' })
    expect(await pins.get(root.cid)).toEqual({ cid: root.cid, type: 'recursive', names: [''] })
    expect((await all(pins.list())).map(({ type }) => type).toSorted()).toEqual(['direct', 'recursive'])
    await pins.remove(root.cid)
    expect(await pins.get(root.cid)).toBeUndefined()
    expect(await all(pins.list())).toHaveLength(1)
    await expectCode('NOT_FOUND', () => pins.remove(root.cid))
    await expectCode('NOT_FOUND', () => pins.remove(inner.cid))
  })

  test('a recursive pin takes the place of a direct one, and not the other way', async () => {
    await pins.add(root.cid, { type: 'direct' })
    await pins.add(root.cid)
    await pins.add(root.cid)
    expect(await pins.get(root.cid)).toMatchObject({ type: 'recursive' })
    await expectCode('CONFLICT', () => pins.add(root.cid, { type: 'direct' }))
    await expectCode('CONFLICT', () => pins.record(root.cid, 'direct'))
    await expectCode('CONFLICT', () => pins.remove(root.cid, { recursive: false }))
    await pins.remove(root.cid, { recursive: true })
    await pins.add(root.cid, { type: 'direct' })
    await pins.remove(root.cid, { recursive: false })
  })

  test('calls at the same time are as good as one after the other', async () => {
    await Promise.allSettled([pins.record(root.cid), pins.record(root.cid, 'direct')])
    expect(await pins.get(root.cid)).toMatchObject({ type: 'recursive' })
    const removals = await Promise.allSettled([pins.remove(root.cid), pins.remove(root.cid)])
    expect(removals.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  test('versions 0 and 1 of a CID are one pin, and other codecs are others', async () => {
    const node = createBlock(Uint8Array.of(10, 0), { codec: 0x70, cidVersion: 0 })
    await store.putMany([node])
    await pins.add(node.cid)
    expect((await pins.get(node.cid.toV1()))?.cid.version).toBe(0)
    expect(await pins.get(CID.createV1(0x55, node.cid.multihash))).toBeUndefined()
    await pins.remove(node.cid.toV1())
    expect(await all(pins.list())).toEqual([])
  })

  test('records nothing when a block of the DAG cannot be had', async () => {
    for (const missing of [leafA, inner, root]) {
      await store.putMany(everything)
      await store.deleteMany([missing.cid])
      await expectCode('NOT_FOUND', () => pins.add(root.cid))
    }
    await expectCode('NOT_FOUND', () => pins.add(root.cid, { type: 'direct' }))
    expect(await all(pins.list())).toEqual([])
    await pins.add(inner.cid, { type: 'direct' })
  })

  test('fetches what is missing, tells how far it is, and can be stopped', async () => {
    const remote: Fetcher = {
      fetch: async (cid) => everything.find((block) => block.cid.equals(cid)) ?? expect.fail('unknown'),
    }
    const fresh = new MapStore()
    const remotePins = new Pins({ records, blocks: new BlockService({ store: fresh, fetchers: [remote] }) })
    const progress: PinProgress[] = []
    await remotePins.add(root.cid, { onProgress: (report) => progress.push(report) })
    const sizes = [root, inner, leafA, leafB].map(({ bytes }) => bytes.length)
    const upTo = (count: number) => sizes.slice(0, count).reduce((sum, size) => sum + size, 0)
    expect(progress).toEqual([1, 2, 3, 4].map((blocks) => ({ blocks, bytes: upTo(blocks) })))
    expect(await fresh.stat()).toMatchObject({ blocks: 4 })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(remotePins.add(inner.cid, { signal })).rejects.toBe(signal.reason)
    expect(await remotePins.get(inner.cid)).toBeUndefined()
  })

  test('lists what is kept indirectly once, without what has a pin of its own', async () => {
    const above = nodeBlock([root.cid, leafB.cid])
    await store.putMany([above])
    await pins.add(root.cid)
    await pins.add(above.cid)
    await pins.add(leafB.cid, { type: 'direct' })
    const indirect = (await all(pins.listIndirect())).map(String)
    expect(indirect.toSorted()).toEqual([inner.cid, leafA.cid].map(String).toSorted())
    const keepers = await pins.keepersOf([inner, leafB, root, rawBlock(9)].map(({ cid }) => cid))
    expect(keepers.map((keeper) => keeper?.type)).toEqual(['indirect', 'direct', 'recursive', undefined])
    expect([root.cid, above.cid].map(String)).toContain(String(keepers[0]?.pin.cid))
    expect(await pins.keepersOf([])).toEqual([])
  })

  test('a damaged record is CORRUPT', async () => {
    const key = `pin/${root.cid}`
    for (const value of [
      new Uint8Array(0),
      Uint8Array.of(0xff),
      encode(null),
      encode(7),
      encode({ cid: 7, type: 'direct' }),
      encode({ cid: root.cid, type: 'indirect' }),
      encode({ cid: root.cid, type: 'direct', names: [] }),
      encode({ cid: root.cid, type: 'direct', names: [7] }),
      encode({ cid: root.cid, type: 'direct', names: 'a' }),
    ]) {
      await records.batch([{ key, value }])
      await expectCode('CORRUPT', () => pins.get(root.cid))
      await expectCode('CORRUPT', () => all(pins.list()))
    }
  })

  test('bytes of the same hash under another codec are kept as well, indirectly', async () => {
    await pins.add(root.cid, { type: 'direct' })
    const [keeper] = await pins.keepersOf([CID.createV1(0x55, root.cid.multihash)])
    expect(keeper).toMatchObject({ type: 'indirect', pin: { cid: root.cid } })
  })

  test('a CID has as many names as it is given, and goes with its last one', async () => {
    await pins.add(root.cid, { name: 'b' })
    await pins.add(root.cid, { name: 'a' })
    await pins.add(root.cid, { name: 'a' })
    expect((await pins.get(root.cid))?.names).toEqual(['a', 'b'])
    await expectCode('NOT_FOUND', () => pins.remove(root.cid, { name: 'c' }))
    await pins.remove(root.cid, { name: 'a' })
    expect(await pins.get(root.cid)).toEqual({ cid: root.cid, type: 'recursive', names: ['b'] })
    await pins.remove(root.cid, { name: 'b' })
    expect(await pins.get(root.cid)).toBeUndefined()
    await pins.add(root.cid, { name: 'a' })
    await pins.add(root.cid)
    await pins.remove(root.cid, { name: 'a' })
    expect((await pins.get(root.cid))?.names).toEqual([''])
    await pins.add(root.cid, { name: 'a' })
    await pins.remove(root.cid)
    expect(await all(records.list(''))).toEqual([])
  })

  test('bounds names and their number', async () => {
    const longest = 'é'.repeat(127)
    await pins.record(root.cid, 'direct', longest)
    for (const name of [`${longest}éé`, '\ud800']) {
      await expectCode('INVALID', () => pins.add(root.cid, { name }))
      await expectCode('INVALID', () => pins.record(root.cid, 'direct', name))
    }
    await pins.recordMany(Array.from({ length: 255 }, (_, index) => ({ cid: root.cid, name: `name ${index}` })))
    await expectCode('LIMIT', () => pins.record(root.cid, 'recursive', 'one more'))
    expect((await pins.get(root.cid))?.names).toHaveLength(256)
  })

  test('reads records without names, as the first version wrote them', async () => {
    const v0 = CID.parse('QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn')
    const key = `pin/${v0.toV1()}`
    await records.batch([{ key, value: encode({ cid: v0, type: 'recursive' }) }])
    expect(await all(pins.list())).toEqual([{ cid: v0, type: 'recursive', names: [''] }])
    await pins.record(v0, 'recursive', 'named')
    expect(await pins.get(v0)).toEqual({ cid: v0, type: 'recursive', names: ['', 'named'] })
    await pins.remove(v0, { name: 'named' })
    expect(await records.get(key)).toEqual(encode({ cid: v0, type: 'recursive' }))
  })

  test('records of pins are as the format document has them', async () => {
    await pins.record(rawBlock(1).cid, 'direct')
    await pins.record(rawBlock(2).cid, 'recursive', 'b')
    await pins.record(rawBlock(2).cid, 'recursive', 'a')
    const hex = (await all(records.list('pin/'))).map(([, value]) => Buffer.from(value).toString('hex'))
    expect(hex.toSorted()).toEqual(
      [
        `a263636964d82a582500${Buffer.from(rawBlock(1).cid.bytes).toString('hex')}647479706566646972656374`,
        `a363636964d82a582500${Buffer.from(rawBlock(2).cid.bytes).toString('hex')}6474797065697265637572736976656` +
          '56e616d657382616161' +
          '62',
      ].toSorted(),
    )
  })

  test('many are recorded in few commits, and one that fails takes only itself out', async () => {
    let batches = 0
    const batch = records.batch.bind(records)
    records.batch = async (changes) => {
      batches++
      await batch(changes)
    }
    await pins.recordMany(Array.from({ length: 3000 }, (_, index) => ({ cid: rawBlock(index).cid })))
    expect(await all(pins.list())).toHaveLength(3000)
    expect(batches).toBeLessThan(10)
    await expectCode('CONFLICT', () =>
      pins.recordMany([
        { cid: rawBlock(0).cid, type: 'direct' },
        { cid: root.cid, type: 'direct', name: 'other' },
      ]),
    )
    expect(await pins.get(root.cid)).toMatchObject({ type: 'direct', names: ['other'] })
  })

  test('an update moves pin and names in one batch, and reads only what differs', async () => {
    const above = nodeBlock([root.cid, leafB.cid], 1)
    const newer = nodeBlock([root.cid, leafB.cid, leafA.cid], 2)
    await store.putMany([above, newer])
    await pins.add(above.cid, { name: 'x' })
    await pins.add(newer.cid, { type: 'direct', name: 'y' })
    // Both have it in the same place, so it is not looked at: also not that it is missing.
    await store.deleteMany([inner.cid])
    const progress: PinProgress[] = []
    await pins.update(above.cid, newer.cid, { onProgress: (report) => progress.push(report) })
    expect(progress.at(-1)?.blocks).toBe(2)
    expect(await all(pins.list())).toEqual([{ cid: newer.cid, type: 'recursive', names: ['x', 'y'] }])
    await store.putMany([inner])
    expect(await all(pins.listIndirect())).toHaveLength(4)
    await expectCode('NOT_FOUND', () => pins.update(above.cid, root.cid))
    await pins.update(newer.cid, root.cid, { unpin: false })
    await pins.update(root.cid, root.cid)
    expect((await all(pins.list())).map(({ names }) => names)).toEqual([
      ['x', 'y'],
      ['x', 'y'],
    ])
    await pins.add(leafA.cid, { type: 'direct' })
    await expectCode('NOT_FOUND', () => pins.update(leafA.cid, root.cid))
  })

  test('an update changes nothing when the new DAG cannot be had, or the old pin goes meanwhile', async () => {
    await pins.add(inner.cid)
    await store.deleteMany([leafB.cid])
    await expectCode('NOT_FOUND', () => pins.update(inner.cid, root.cid))
    await store.putMany(everything)
    const updating = pins.update(inner.cid, root.cid)
    await pins.remove(inner.cid)
    await expectCode('NOT_FOUND', () => updating)
    expect(await all(pins.list())).toEqual([])
  })
})
