// Any order of puts, deletes, holds, collections and reopenings leaves what a plain map of the same would hold.
import { multihashKey, type BlockStore, type Hold } from '@cairn/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryStore, openLevelStore } from '../src/index.ts'
import { removedBy, seededBlock } from './block-store-suite.ts'
import { tempFolder } from './temp-folder.ts'

const SEEDS = 12
const key = (seed: number): string => multihashKey(seededBlock(seed).cid.multihash.bytes)
const seeds = fc.uniqueArray(fc.nat(SEEDS - 1), { maxLength: 6 })

/** The store and what it ought to hold: for each seed the time of its last put, and since when holds protect. */
interface State {
  store: BlockStore
  readonly reopen: (store: BlockStore) => Promise<BlockStore>
  readonly model: Map<number, number>
  time: number
  readonly holds: { readonly hold: Hold; readonly since: number }[]
}

type Step = (state: State) => Promise<void>

async function put(state: State, chosen: readonly number[]): Promise<void> {
  const { store, model } = state
  // One put for all and one for each, at once: they meet in the same commits.
  const blocks = chosen.map((seed) => seededBlock(seed))
  await Promise.all([store.putMany(blocks), ...blocks.map((block) => store.putMany([block]))])
  state.time++
  for (const seed of chosen) model.set(seed, state.time)
}

async function remove({ store, model }: State, chosen: readonly number[]): Promise<void> {
  const expected = chosen.filter((seed) => model.delete(seed)).length
  expect(await store.deleteMany(chosen.map((seed) => seededBlock(seed).cid))).toBe(expected)
}

/** A collection during which `meanwhile` is put, and all holds but the first are released. */
async function sweep(state: State, live: readonly number[], meanwhile: readonly number[]): Promise<void> {
  const { store, model } = state
  const since = Math.min(++state.time, ...state.holds.map((hold) => hold.since))
  await using open = await store.openSweep()
  const puts = store.putMany(meanwhile.map((seed) => seededBlock(seed)))
  for (const { hold } of state.holds.splice(1)) hold.release()
  await puts
  for (const seed of meanwhile) model.set(seed, state.time)
  await open.mark(live.map((seed) => seededBlock(seed).cid))
  const gone = await removedBy(open)
  const expected = [...model].filter(([seed, time]) => !live.includes(seed) && time < since).map(([seed]) => seed)
  expect(gone.map(({ cid }) => multihashKey(cid.multihash.bytes)).toSorted()).toEqual(expected.map(key).toSorted())
  for (const seed of expected) model.delete(seed)
}

async function reopen(state: State): Promise<void> {
  for (const { hold } of state.holds.splice(0)) hold.release()
  state.store = await state.reopen(state.store)
}

const puts = seeds.map(
  (chosen): Step =>
    (state) =>
      put(state, chosen),
)
const removals = seeds.map(
  (chosen): Step =>
    (state) =>
      remove(state, chosen),
)
const sweeps = fc.tuple(seeds, seeds).map(
  ([live, meanwhile]): Step =>
    (state) =>
      sweep(state, live, meanwhile),
)
const reopenings = fc.constant<Step>(reopen)
const releases = fc.nat(3).map(
  (index): Step =>
    async ({ holds }) =>
      holds.splice(index, 1)[0]?.hold.release(),
)
const holdings = fc.constant<Step>(async (state) => {
  state.holds.push({ hold: state.store.hold(), since: ++state.time })
})

const program = fc.array(fc.oneof({ arbitrary: puts, weight: 4 }, removals, holdings, releases, sweeps, reopenings), {
  maxLength: 25,
})

async function run(steps: readonly Step[], state: State): Promise<void> {
  for (const step of steps) {
    await step(state)
    const stored = await Array.fromAsync(state.store.list(), ({ cid }) => multihashKey(cid.multihash.bytes))
    expect(stored.toSorted()).toEqual([...state.model.keys()].map(key).toSorted())
    expect(await state.store.stat()).toEqual({ blocks: state.model.size, bytes: state.model.size * 64 })
  }
  await state.store.close()
}

test('the level store is a map', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.constantFrom(1, 5, 1000), async (steps, checkpointBlocks) => {
      const path = await tempFolder()
      const open = () => openLevelStore(path, { checkpointBlocks })
      const again = async (store: BlockStore) => {
        await store.close()
        return open()
      }
      await run(steps, { store: await open(), reopen: again, model: new Map(), time: 0, holds: [] })
    }),
    { numRuns: 15 },
  )
})

test('the memory store is a map', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (steps) => {
      await run(steps, {
        store: new MemoryStore(),
        reopen: async (store) => store,
        model: new Map(),
        time: 0,
        holds: [],
      })
    }),
    { numRuns: 100 },
  )
})
