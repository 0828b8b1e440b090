// CARs into a store: what is stored, what is pinned, and what a failure leaves.
import { expect, test } from 'vitest'
import { concat } from 'uint8arrays/concat'
import {
  BlockService,
  collect,
  createBlock,
  importCars,
  Pins,
  type CarSource,
  type Fetcher,
  type ImportCarsEvent,
  type ImportCarsOptions,
} from '../../src/index.ts'
import { all, patternBytes } from '../support/bytes.ts'
import { cidAt, nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore, rawBlock, storedKeys } from '../support/map-store.ts'
import { carOf, inPieces } from './car-bytes.ts'

function newRepo() {
  const store = new MapStore()
  const blocks = new BlockService({ store })
  const pins = new Pins({ records: new MapRecords(), blocks })
  const load = (files: readonly Uint8Array[], options: ImportCarsOptions = {}): Promise<ImportCarsEvent[]> =>
    all(importCars(files.map(fileOf), { blocks, local: blocks, pins }, options))
  const pinned = async () => (await all(pins.list())).map(({ cid }) => String(cid))
  return { store, blocks, pins, load, pinned }
}

function fileOf(bytes: Uint8Array, number = 0): CarSource {
  return { name: `${number}.car`, content: () => inPieces(bytes, 1000) }
}

/** Roots of the events with the codes of their errors. */
function rootsIn(events: readonly ImportCarsEvent[]): readonly (readonly [string, string | undefined])[] {
  return events.flatMap((event) => (event.kind === 'root' ? [[String(event.cid), event.error?.code] as const] : []))
}

const LEAVES = [rawBlock(1), rawBlock(2), rawBlock(3)]
const ROOT = nodeBlock(LEAVES.map(({ cid }) => cid))
const DAG = [ROOT, ...LEAVES]

test('the blocks of several files are stored, and each root is pinned once', async () => {
  const { store, load, pinned } = newRepo()
  const files = [await carOf([ROOT.cid], DAG), await carOf([ROOT.cid, cidAt(LEAVES, 0)], [...LEAVES, ...LEAVES])]
  const events = await load(files)
  expect(rootsIn(events)).toEqual([
    [String(ROOT.cid), undefined],
    [String(cidAt(LEAVES, 0)), undefined],
  ])
  const bytes = [...DAG, ...LEAVES, ...LEAVES].reduce((sum, block) => sum + block.bytes.length, 0)
  expect(events.at(-1)).toEqual({ kind: 'stats', blocks: 10, bytes })
  expect((await storedKeys(store)).size).toBe(4)
  expect(new Set(await pinned())).toEqual(new Set([String(ROOT.cid), String(cidAt(LEAVES, 0))]))
})

test('a root whose blocks are in two files is whole', async () => {
  const { load } = newRepo()
  const files = [await carOf([ROOT.cid], [ROOT]), await carOf([], LEAVES)]
  expect(rootsIn(await load(files))).toEqual([[String(ROOT.cid), undefined]])
})

test('a root that lacks a block is told of and not pinned; what there is stays', async () => {
  const { store, load, pinned } = newRepo()
  const events = await load([await carOf([rawBlock(9).cid, ROOT.cid, cidAt(LEAVES, 0)], [ROOT, ...LEAVES.slice(1)])])
  expect(rootsIn(events).map(([, code]) => code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  expect(await pinned()).toEqual([])
  expect((await storedKeys(store)).size).toBe(3)
})

test('what a root lacks is not fetched, even where it could be', async () => {
  const store = new MapStore()
  let fetches = 0
  const fetcher: Fetcher = {
    async fetch() {
      fetches++
      return LEAVES[0] ?? ROOT
    },
  }
  const blocks = new BlockService({ store, fetchers: [fetcher] })
  const pins = new Pins({ records: new MapRecords(), blocks })
  const files = [fileOf(await carOf([ROOT.cid], [ROOT, ...LEAVES.slice(1)]))]
  const events = await all(importCars(files, { blocks, local: new BlockService({ store }), pins }))
  expect(rootsIn(events)).toEqual([[String(ROOT.cid), 'NOT_FOUND']])
  expect(fetches).toBe(0)
})

test('without pinning no root is looked at', async () => {
  const { load, pinned } = newRepo()
  expect(rootsIn(await load([await carOf([ROOT.cid], [ROOT])], { pinRoots: false }))).toEqual([])
  expect(await pinned()).toEqual([])
})

test('a bad file pins nothing, and what came before it in whole batches stays', async () => {
  const { store, load, pinned } = newRepo()
  const many = Array.from({ length: 5000 }, (_, number) => rawBlock(number))
  const bad = concat([await carOf([cidAt(many, 0)], many), Uint8Array.of(5, 1, 2, 3, 4, 5)])
  await expectCode('INVALID', () => load([bad]))
  expect(await pinned()).toEqual([])
  expect((await storedKeys(store)).size).toBe(4096)
  // The next one finds them, and only has to write the rest.
  const good = await carOf([cidAt(many, 0)], many)
  expect(rootsIn(await load([good]))).toEqual([[String(cidAt(many, 0)), undefined]])
  expect((await storedKeys(store)).size).toBe(5000)
})

test('a collection between the storing and the pinning takes nothing', async () => {
  const { store, blocks, pins, pinned } = newRepo()
  const files = [fileOf(await carOf([ROOT.cid], DAG))]
  for await (const event of importCars(files, { blocks, local: blocks, pins })) {
    if (event.kind === 'root') expect(event.error).toBeUndefined()
    await all(collect({ store, pins, local: blocks }))
  }
  expect((await storedKeys(store)).size).toBe(4)
  expect(await pinned()).toEqual([String(ROOT.cid)])
})

test('an import that is told to stop lets go of what it holds', async () => {
  const { store, blocks, pins, load } = newRepo()
  const stop = new AbortController()
  stop.abort(new Error('stop'))
  await expect(load([await carOf([ROOT.cid], DAG)], { signal: stop.signal })).rejects.toThrow('stop')
  await blocks.putMany(DAG)
  await all(collect({ store, pins, local: blocks }))
  expect((await storedKeys(store)).size).toBe(0)
})

test('progress is told in bytes of the file', async () => {
  const { blocks, pins } = newRepo()
  const large = Array.from({ length: 12 }, (_, seed) => createBlock(patternBytes(1024 * 1024, seed), { codec: 0x55 }))
  const car = await carOf([], large)
  const done: number[] = []
  for await (const event of importCars([{ name: 'x', content: () => inPieces(car, 65_536) }], {
    blocks,
    local: blocks,
    pins,
  }))
    if (event.kind === 'progress') done.push(event.bytes)
  expect(done.length).toBeGreaterThan(1)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(done.at(-1)).toBeLessThanOrEqual(car.length)
})
