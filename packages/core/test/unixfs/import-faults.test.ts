// An import into a store that fails at any moment: what it acknowledged is there, and it works once the store does.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockService, importTree, storeBlocks, type ImportEvent } from '../../src/index.ts'
import { IMPORT_BATCH_BLOCKS } from '../../src/limits.ts'
import { patternBytes } from '../support/bytes.ts'
import { anyFaults, Faults } from '../support/faults.ts'
import { FaultyStore } from '../support/faulty-store.ts'
import { directorySource, fileSource, settingsOf } from '../support/import.ts'
import { MapStore } from '../support/map-store.ts'

const CHUNK_BYTES = 16
/** Files of a batch each, so that writes and entries of several batches meet. */
const FILES = 4
const source = directorySource(
  Object.fromEntries(
    Array.from({ length: FILES }, (_, index) => [
      `${index}`,
      fileSource(patternBytes(IMPORT_BATCH_BLOCKS * CHUNK_BYTES, index)),
    ]),
  ),
)
const events: Promise<readonly ImportEvent[]> = Array.fromAsync(
  importTree({ name: 'tree', source }, settingsOf({ chunker: `size-${CHUNK_BYTES}` })),
)

/** Imports, and gives the number of entries that were acknowledged; what comes before an entry is there by then. */
async function acknowledged(service: BlockService, inner: MapStore): Promise<number> {
  const expected: ImportEvent[] = []
  let entries = 0
  async function* watched(): AsyncGenerator<ImportEvent> {
    for (const event of await events) {
      expected.push(event)
      yield event
    }
  }
  for await (const event of storeBlocks(service)(watched())) {
    if (event.kind !== 'entry') continue
    entries++
    const before = expected.slice(0, expected.indexOf(event))
    const cids = before.flatMap((each) => (each.kind === 'block' ? [each.block.cid] : []))
    expect(await inner.hasMany(cids)).not.toContain(false)
  }
  return entries
}

test('acknowledges nothing that is not there, keeps the code, and works when the store does', async () => {
  await fc.assert(
    fc.asyncProperty(anyFaults, async (script) => {
      const faults = new Faults(script)
      const inner = new MapStore()
      const service = new BlockService({ store: new FaultyStore(inner, faults) })
      await acknowledged(service, inner).catch((error: unknown) => expect(faults.explain(error)).toBe(true))
      faults.end()
      expect(await acknowledged(service, inner)).toBe(FILES + 1)
    }),
    { numRuns: 10, timeout: 20_000 },
  )
})
