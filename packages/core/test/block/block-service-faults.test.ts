// The one door to blocks over a store and fetchers that fail at any moment, with callers that leave.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockKey, BlockService, type Block } from '../../src/index.ts'
import { blockAt } from '../support/dag.ts'
import { anyFaults, Faults } from '../support/faults.ts'
import { FaultyFetcher } from '../support/faulty-fetcher.ts'
import { FaultyStore } from '../support/faulty-store.ts'
import { MapStore, rawBlock, storedKeys } from '../support/map-store.ts'

const BLOCKS = 4
const blocks: readonly Block[] = Array.from({ length: BLOCKS }, (_, index) => rawBlock(index))

/** One caller: what it asks for, and after how many turns it asks and leaves. */
const anyCall = fc.record({
  kind: fc.constantFrom('get' as const, 'get' as const, 'ensure' as const, 'put' as const),
  at: fc.nat(BLOCKS - 1),
  begin: fc.nat(8),
  leave: fc.option(fc.nat(12)),
})
type Call = typeof anyCall extends fc.Arbitrary<infer Value> ? Value : never

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Makes a call, and looks at the store when it is acknowledged. */
async function call(service: BlockService, inner: MapStore, { kind, at, begin, leave }: Call): Promise<void> {
  await turns(begin)
  const block = blockAt(blocks, at)
  const leaving = new AbortController()
  if (leave !== null) void turns(leave).then(() => leaving.abort(LEFT))
  const options = { signal: leaving.signal }
  if (kind === 'get') expect((await service.get(block.cid, options)).bytes).toEqual(block.bytes)
  else if (kind === 'ensure') await service.ensure(block.cid, options)
  else await service.putMany([block])
  expect(await inner.hasMany([block.cid])).toEqual([true])
}

const LEFT = new Error('the caller has left')

test('what is acknowledged is stored, errors keep their code, and all works when the faults end', async () => {
  await fc.assert(
    fc.asyncProperty(anyFaults, fc.array(anyCall, { minLength: 1, maxLength: 12 }), async (script, calls) => {
      const faults = new Faults(script)
      const inner = new MapStore()
      const told = new Set<string>()
      const service = new BlockService({
        store: new FaultyStore(inner, faults),
        fetchers: [new FaultyFetcher(blocks, faults), new FaultyFetcher(blocks, faults)],
        onStored: (stored) => stored.forEach(({ cid }) => told.add(blockKey(cid))),
      })
      const results = await Promise.allSettled(calls.map((each) => call(service, inner, each)))
      for (const result of results) {
        if (result.status === 'rejected' && result.reason !== LEFT)
          expect(faults.explain(result.reason), String(result.reason)).toBe(true)
      }
      const stored = await storedKeys(inner)
      expect([...told].filter((key) => !stored.has(key))).toEqual([])
      faults.end()
      await Promise.all(calls.map((each) => call(service, inner, { ...each, leave: null })))
    }),
    { numRuns: 300, timeout: 10_000 },
  )
})
