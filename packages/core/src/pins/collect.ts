// Mark and sweep: deletes every block that no pin keeps. Writers go on meanwhile; what they store is not collectable.
import { blockKey, multihashKey } from '../block/cid.ts'
import { walk } from '../dag/walk.ts'
import type { AbortOptions, BlockReader, BlockStore, StoredBlock } from '../interfaces.ts'
import type { Pins } from './pins.ts'

/** What a collection works on. */
export interface CollectParts {
  readonly store: BlockStore
  readonly pins: Pins
  /** Reads what is stored here, and never fetches. */
  readonly local: BlockReader
}

/**
 * Deletes what is not reachable from a pin and yields each block that is gone for good. Reads interior nodes only: a
 * raw leaf is known from its link.
 *
 * @throws NOT_FOUND or CORRUPT, before anything is deleted, when a pinned DAG lacks an interior node: what lay below it
 * cannot be known. CONFLICT when another collection runs
 */
export async function* collect(
  { store, pins, local }: CollectParts,
  { signal }: AbortOptions = {},
): AsyncGenerator<StoredBlock> {
  await using sweep = await store.openSweep()
  const live = new Set<string>()
  for await (const { cid, type } of pins.list()) {
    if (type === 'direct') live.add(blockKey(cid))
  }
  const entered = new Set<string>()
  for await (const { cid: root, type } of pins.list()) {
    if (type !== 'recursive') continue
    for await (const { cid } of walk(local, root, { visitLeaf: () => Promise.resolve(), seen: entered, signal }))
      live.add(blockKey(cid))
  }
  yield* sweep.run((multihash) => live.has(multihashKey(multihash)), { signal })
}
