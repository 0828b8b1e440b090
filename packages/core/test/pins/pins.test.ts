import { encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { beforeEach, describe, expect, test } from 'vitest'
import { BlockService, createBlock, Pins, type Fetcher } from '../../src/index.ts'
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
    expect(await pins.get(root.cid)).toEqual({ cid: root.cid, type: 'recursive' })
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
    const progress: number[] = []
    await remotePins.add(root.cid, { onProgress: (blocks) => progress.push(blocks) })
    expect(progress).toEqual([1, 2, 3, 4])
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
    expect(await pins.typeOf(inner.cid)).toBe('indirect')
    expect(await pins.typeOf(leafB.cid)).toBe('direct')
    expect(await pins.typeOf(root.cid)).toBe('recursive')
    expect(await pins.typeOf(rawBlock(9).cid)).toBeUndefined()
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
    ]) {
      await records.batch([{ key, value }])
      await expectCode('CORRUPT', () => pins.get(root.cid))
      await expectCode('CORRUPT', () => all(pins.list()))
    }
  })
})
