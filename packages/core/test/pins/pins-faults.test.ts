// Pins and collections over a store, records and a fetcher that fail at any moment: a pin that is recorded is whole,
// what was acknowledged stays, nothing is left open, and all works once the faults end.
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { blockKey, BlockService, collect, Pins, verifyPins, type Block, type KeyValueStore } from '../../src/index.ts'
import { LISTING_RECORD_BYTES } from '../../src/limits.ts'
import { anyDag, blockAt, naiveWalk, nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { anyFaults, Faults, FAILS_BEFORE } from '../support/faults.ts'
import { FaultyFetcher } from '../support/faulty-fetcher.ts'
import { FaultyRecords } from '../support/faulty-records.ts'
import { FaultyStore } from '../support/faulty-store.ts'
import { MapRecords } from '../support/map-records.ts'
import { MapStore, rawBlock, storedKeys } from '../support/map-store.ts'

const anyAt = fc.nat(1000)
const anyAction = fc.oneof(
  fc.record({ kind: fc.constantFrom('add' as const, 'remove' as const), at: anyAt }),
  fc.record({ kind: fc.constant('update' as const), at: anyAt, to: anyAt }),
  fc.record({ kind: fc.constantFrom('collect' as const, 'list' as const, 'verify' as const) }),
)
type Action = typeof anyAction extends fc.Arbitrary<infer Value> ? Value : never

/** At most, with 32 bytes of digest each. */
const CIDS_PER_RECORD = Math.ceil(LISTING_RECORD_BYTES / 36)

/** A repo whose parts fail, and the sound parts below. */
class FaultyRepo {
  readonly faults: Faults
  readonly inner = new MapStore()
  readonly innerRecords = new MapRecords()
  readonly store: FaultyStore
  readonly pins: Pins
  readonly local: BlockService
  readonly #blocks: readonly Block[]
  /** Pins that were acknowledged and not touched since. */
  readonly certain = new Set<string>()

  constructor(blocks: readonly Block[], script: readonly number[]) {
    this.#blocks = blocks
    this.faults = new Faults(script)
    this.store = new FaultyStore(this.inner, this.faults)
    const records = new FaultyRecords(this.innerRecords, this.faults)
    const fetchers = [new FaultyFetcher(blocks, this.faults)]
    this.pins = new Pins({ records, blocks: new BlockService({ store: this.store, fetchers }) })
    this.local = new BlockService({ store: this.store })
  }

  async perform(action: Action): Promise<void> {
    if (!('at' in action)) {
      if (action.kind === 'collect') return drain(collect(this))
      return drain(action.kind === 'list' ? this.pins.listIndirect() : verifyPins(this))
    }
    const { cid } = blockAt(this.#blocks, action.at % this.#blocks.length)
    const to = action.kind === 'update' ? blockAt(this.#blocks, action.to % this.#blocks.length).cid : cid
    if (action.kind === 'add') {
      await this.pins.add(cid)
      this.certain.add(`${cid}`)
      return
    }
    const wasCertain = this.certain.delete(`${cid}`)
    try {
      if (action.kind === 'remove') await this.pins.remove(cid)
      else await this.pins.update(cid, to)
    } catch (error) {
      if (!wasCertain && isCode(error, 'NOT_FOUND')) return
      throw error
    }
    if (action.kind === 'update') this.certain.add(`${to}`)
  }

  /** What the sound parts hold: pins, all of them whole, and among them what was acknowledged. */
  async pinned(): Promise<CID[]> {
    const sound = new Pins({ records: this.innerRecords, blocks: new BlockService({ store: this.inner }) })
    const roots = (await Array.fromAsync(sound.list())).map(({ cid }) => cid)
    const texts = new Set(roots.map(String))
    const lost = [...this.certain].filter((text) => !texts.has(text))
    const needed = roots.flatMap((root) => naiveWalk(this.#blocks, root))
    const stored = await this.inner.hasMany(needed)
    return lost.length > 0 || stored.includes(false) ? Promise.reject(new Error(`lost: ${lost.join()}`)) : roots
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function drain(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}

/** Passes when all ended well or by a fault, and nothing stays open. */
function expectFaultsAlone(repo: FaultyRepo, results: readonly PromiseSettledResult<void>[]): void {
  for (const result of results)
    if (result.status === 'rejected') expect(repo.faults.explain(result.reason), String(result.reason)).toBe(true)
  expect([repo.store.openHolds, repo.store.openSweeps]).toEqual([0, 0])
}

/** Passes when everything works, now that the faults have ended. */
async function expectSound(repo: FaultyRepo, blocks: readonly Block[]): Promise<void> {
  await Promise.all(blocks.map(({ cid }) => repo.pins.add(cid)))
  expect(await repo.pinned()).toHaveLength(blocks.length)
  expect(await Array.fromAsync(repo.pins.listIndirect())).toEqual([])
  const [kept, ...others] = blocks.toReversed()
  for (const { cid } of others) await repo.pins.remove(cid)
  await drain(collect(repo))
  const live = kept === undefined ? [] : naiveWalk(blocks, kept.cid).map(blockKey)
  expect(await storedKeys(repo.inner)).toEqual(new Set(live))
  expect(await Array.fromAsync(repo.pins.listIndirect())).toHaveLength(live.length - 1)
  if (kept !== undefined) await repo.pins.remove(kept.cid)
  await drain(collect(repo))
  expect(await Array.fromAsync(repo.innerRecords.list(''))).toEqual([])
  expect(await repo.inner.stat()).toMatchObject({ blocks: 0 })
}

test('a listing that cannot be tidied away hides nothing of why the pin failed', async () => {
  // More than a record of them, and one is missing.
  const leaves = Array.from({ length: 2 * CIDS_PER_RECORD }, (_, number) => rawBlock(number))
  const root = nodeBlock(leaves.map(({ cid }) => cid))
  const store = new MapStore()
  await store.putMany([...leaves.slice(0, -1), root])
  const records = new FaultyRecords(new MapRecords(), new Faults([FAILS_BEFORE]))
  const pins = new Pins({ records, blocks: new BlockService({ store }) })
  await expectCode('NOT_FOUND', () => pins.add(root.cid))
})

test('what is below pins is listed although nothing can be written', async () => {
  const leaves = [rawBlock(1), rawBlock(2)]
  const root = nodeBlock(leaves.map(({ cid }) => cid))
  const store = new MapStore()
  await store.putMany([...leaves, root])
  const records = new MapRecords()
  const blocks = new BlockService({ store })
  await new Pins({ records, blocks }).record(root.cid)
  await records.batch([{ key: 'below/stray/0000000000000000/00000000', value: Uint8Array.of(1) }])
  const faults = new Faults([])
  const full: KeyValueStore = {
    get: (key) => records.get(key),
    list: (prefix) => records.list(prefix),
    batch: () => Promise.reject(faults.failure('LIMIT')),
    close: () => records.close(),
  }
  const pins = new Pins({ records: full, blocks })
  expect((await Array.fromAsync(pins.listIndirect())).map(blockKey)).toEqual(leaves.map(({ cid }) => blockKey(cid)))
})

test('one after another', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyDag,
      anyFaults,
      fc.array(anyAction, { maxLength: 20, size: 'max' }),
      async (blocks, script, actions) => {
        const repo = new FaultyRepo(blocks, script)
        for (const action of actions) {
          expectFaultsAlone(repo, await Promise.allSettled([repo.perform(action)]))
          await repo.pinned()
        }
        repo.faults.end()
        await expectSound(repo, blocks)
      },
    ),
    { numRuns: 150, timeout: 10_000 },
  )
})

test('all at once, each pin by one of them', async () => {
  await fc.assert(
    fc.asyncProperty(anyDag, anyFaults, fc.subarray([...Array(12).keys()]), async (blocks, script, chosen) => {
      const repo = new FaultyRepo(blocks, script)
      const roots = chosen.filter((at) => at < blocks.length)
      const add = roots.map((at): Action => ({ kind: 'add', at }))
      expectFaultsAlone(repo, await Promise.allSettled([...add, COLLECT].map((action) => repo.perform(action))))
      await repo.pinned()
      const others = [...blocks.keys()].filter((at) => !chosen.includes(at))
      const change = roots.map((at, index): Action => {
        const to = others[index]
        return index % 2 === 0 || to === undefined ? { kind: 'remove', at } : { kind: 'update', at, to }
      })
      expectFaultsAlone(repo, await Promise.allSettled([...change, COLLECT].map((action) => repo.perform(action))))
      await repo.pinned()
      repo.faults.end()
      await expectSound(repo, blocks)
    }),
    { numRuns: 150, timeout: 10_000 },
  )
})

const COLLECT: Action = { kind: 'collect' }
