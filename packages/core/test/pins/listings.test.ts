import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { beforeEach, describe, expect, test } from 'vitest'
import { blockKey, BlockService, createBlock, Pins, RAW_CODE } from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { anyDag, blockAt, naiveWalk, nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

const small = nodeBlock([rawBlock(1).cid, rawBlock(2).cid])
// 70 nodes of 70 leaves: some 180 kB of CIDs, so a listing has records beside its head.
const leaves = Array.from({ length: 4900 }, (_, index) => rawBlock(index + 10))
const nodes = Array.from({ length: 70 }, (_, index) =>
  nodeBlock(leaves.slice(index * 70, index * 70 + 70).map(({ cid }) => cid)),
)
const large = nodeBlock(nodes.map(({ cid }) => cid))
const lastLeaf = blockAt(leaves, 4899)

let store: MapStore
let records: MapRecords
let pins: Pins
/** CIDs of the blocks that were read. */
let read: string[]

beforeEach(async () => {
  store = new MapStore()
  records = new MapRecords()
  await store.putMany([rawBlock(1), rawBlock(2), small, ...leaves, ...nodes, large])
  pins = newPins()
})

/** Pins over the same records, as after opening again; counts reads from here on. */
function newPins(): Pins {
  read = []
  class Reads extends MapStore {
    override async get(cid: CID) {
      read.push(cid.toString())
      return await store.get(cid)
    }
    override async claimMany(cids: readonly CID[]) {
      return await store.claimMany(cids)
    }
  }
  return new Pins({ records, blocks: new BlockService({ store: new Reads() }) })
}

const listingKeys = async () => (await all(records.list('below/'))).map(([key]) => key)
const keeperOf = async (cid: CID) => (await pins.keepersOf([cid]))[0]?.type

describe('listings', () => {
  test('are made by pinning, and answer without reading a block', async () => {
    await pins.add(small.cid)
    await pins.add(large.cid)
    expect(await listingKeys()).toHaveLength(7)
    pins = newPins()
    expect(await keeperOf(lastLeaf.cid)).toBe('indirect')
    expect(await keeperOf(rawBlock(5).cid)).toBeUndefined()
    expect(new Set((await all(pins.listIndirect())).map(blockKey)).size).toBe(2 + 4900 + 70)
    expect(read).toEqual([])
  })

  test('are made on first need for what was recorded without a walk, and kept', async () => {
    await pins.recordMany([small, large, rawBlock(3)])
    expect(await listingKeys()).toEqual([])
    expect(await keeperOf(lastLeaf.cid)).toBe('indirect')
    expect(await keeperOf(rawBlock(1).cid)).toBe('indirect')
    expect(await listingKeys()).toHaveLength(7)
    // Each node once, and the root twice: first to see whether there is anything to walk.
    expect(read).toHaveLength(73)
    expect(await all(pins.listIndirect())).toHaveLength(2 + 4900 + 70)
    expect(read).toHaveLength(73)
  })

  test('are read no further than to the last CID that was asked about', async () => {
    let gets = 0
    records = new (class extends MapRecords {
      override get(key: string) {
        gets++
        return super.get(key)
      }
    })()
    pins = newPins()
    const roots = leaves.slice(0, 200).map(({ cid }) => nodeBlock([cid]))
    await store.putMany(roots)
    for (const { cid } of roots) await pins.add(cid)
    const [first] = await all(pins.list())
    const under = CID.createV1(RAW_CODE, first?.cid.multihash ?? expect.fail('there are pins'))
    gets = 0
    expect(await keeperOf(under)).toBe('indirect')
    expect(gets).toBeLessThan(10)
  })

  test('go with their pin, in its batch', async () => {
    await pins.add(large.cid)
    await pins.add(small.cid, { name: 'a' })
    await pins.update(large.cid, small.cid)
    expect((await listingKeys()).every((key) => key === `below/${small.cid}`)).toBe(true)
    await pins.remove(small.cid)
    expect(await all(records.list(''))).toEqual([])
  })

  test('may be deleted or damaged in any part, at any time', async () => {
    await pins.add(large.cid)
    await pins.add(small.cid)
    const sound = await all(records.list('below/'))
    for (const [key, value] of sound) {
      const broken = [undefined, new Uint8Array(0), value.subarray(0, value.length - 1), value.subarray(1)]
      for (const damaged of broken) {
        await records.batch([{ key, value: damaged }])
        pins = newPins()
        expect(await all(pins.listIndirect())).toHaveLength(2 + 4900 + 70)
        expect(read.length).toBeGreaterThan(0)
        expect(await keeperOf(rawBlock(9).cid)).toBeUndefined()
        expect(await all(records.list('below/'))).toHaveLength(sound.length)
        await records.batch((await listingKeys()).map((other) => ({ key: other, value: undefined })))
        await records.batch(sound.map(([other, whole]) => ({ key: other, value: whole })))
      }
    }
  })

  test('that were never finished are not believed, and removed', async () => {
    await pins.add(large.cid)
    const [head, first] = await all(records.list('below/'))
    await pins.remove(large.cid)
    const left = [first, [`below/${small.cid}/0011223344556677/00000000`, rawBlock(7).cid.bytes] as const]
    await records.batch(left.flatMap((entry) => (entry === undefined ? [] : [{ key: entry[0], value: entry[1] }])))
    await records.batch([{ key: head?.[0] ?? '', value: head?.[1] }])
    await pins.record(small.cid)
    pins = newPins()
    expect(await keeperOf(rawBlock(7).cid)).toBeUndefined()
    expect(await keeperOf(lastLeaf.cid)).toBeUndefined()
    expect(await listingKeys()).toEqual([`below/${small.cid}`])
  })

  test('a pin that fails or is stopped leaves none', async () => {
    await store.deleteMany([lastLeaf.cid])
    await expectCode('NOT_FOUND', () => pins.add(large.cid))
    expect(await all(records.list(''))).toEqual([])
    const stop = new AbortController()
    const reason = new Error('enough')
    const onProgress = ({ blocks }: { readonly blocks: number }) => {
      if (blocks === 4000) stop.abort(reason)
    }
    await expect(pins.add(large.cid, { signal: stop.signal, onProgress })).rejects.toBe(reason)
    expect(await all(records.list(''))).toEqual([])
  })

  test('that are asked for while pins come and go tell of pins that were there', async () => {
    await pins.recordMany([small, large])
    const asking = pins.keepersOf([lastLeaf.cid, rawBlock(1).cid])
    await Promise.all([pins.remove(large.cid), pins.remove(small.cid)])
    await asking
    expect(await pins.keepersOf([lastLeaf.cid])).toEqual([undefined])
    expect(await listingKeys()).toEqual([])
  })

  test('hold versions 0 and 1 of CIDs as they are linked', async () => {
    const empty = createBlock(new Uint8Array(0), { codec: 0x70, cidVersion: 0 })
    const both = nodeBlock([empty.cid, empty.cid.toV1(), rawBlock(1).cid])
    await store.putMany([empty, both])
    await pins.add(both.cid)
    expect((await all(pins.listIndirect())).map(String).toSorted()).toEqual(
      [empty.cid, rawBlock(1).cid].map(String).toSorted(),
    )
  })

  test('agree with the plain recursion, whatever the DAG', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDag,
        fc.array(fc.nat(100), { maxLength: 6 }),
        fc.boolean(),
        async (blocks, picks, isWalked) => {
          const own = new MapStore()
          await own.putMany(blocks)
          const some = new Pins({ records: new MapRecords(), blocks: new BlockService({ store: own }) })
          const roots = picks.map((pick) => blockAt(blocks, pick % blocks.length).cid)
          for (const root of roots) await (isWalked ? some.add(root) : some.record(root))
          const expected = new Set(roots.flatMap((root) => naiveWalk(blocks, root)).map(blockKey))
          for (const root of roots) expected.delete(blockKey(root))
          const found = (await all(some.listIndirect())).map(blockKey)
          expect(found.toSorted()).toEqual([...expected].toSorted())
          const types = (await some.keepersOf(blocks.map(({ cid }) => cid))).map((keeper) => keeper?.type)
          for (const [index, { cid }] of blocks.entries()) {
            const isRoot = roots.some((root) => root.equals(cid))
            expect(types[index]).toBe(isRoot ? 'recursive' : expected.has(blockKey(cid)) ? 'indirect' : undefined)
          }
        },
      ),
    )
  })
})
