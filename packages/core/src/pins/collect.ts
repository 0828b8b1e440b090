// Mark and sweep: deletes every block that no pin keeps. Writers go on meanwhile; what they store is not collectable.
import type { BlockReader, BlockStore, BlockStoreStat, StoredBlock, SweepOptions, AbortOptions } from '../interfaces.ts'
import { markPinned, type KeptRoots } from './mark.ts'

/** What a collection works on. */
export interface CollectParts {
  readonly store: BlockStore
  readonly pins: KeptRoots
  /** Reads what is stored here, and never fetches. */
  readonly local: BlockReader
}

/** How far a collection is. `marked`: so much is known to be kept; `removed`: gone for good; `freed`: bytes given back on disk. */
export type CollectEvent =
  | ({ readonly kind: 'marked' } & BlockStoreStat)
  | { readonly kind: 'removed'; readonly blocks: readonly StoredBlock[] }
  | { readonly kind: 'freed'; readonly bytes: number }

/**
 * Deletes what is not reachable from a pin. Reads interior nodes only: a raw leaf is known from its link. May be stopped
 * at any event, and the next one goes on from there.
 *
 * @throws NOT_FOUND, CORRUPT or INVALID, before anything is deleted, when an interior node of a pinned DAG cannot be
 * read: what lay below it cannot be known. CONFLICT when another collection runs
 */
export async function* collect(
  { store, pins, local }: CollectParts,
  options: SweepOptions = {},
): AsyncGenerator<CollectEvent> {
  await using sweep = await store.openSweep()
  for await (const marked of markPinned({ pins, local, sweep }, options)) yield { kind: 'marked', ...marked }
  for await (const { removed, freedBytes } of sweep.run(options)) {
    if (removed.length > 0) yield { kind: 'removed', blocks: removed }
    if (freedBytes > 0) yield { kind: 'freed', bytes: freedBytes }
  }
}

/**
 * Counts what is reachable from a pin without deleting anything; yields the count so far, the last one is final.
 *
 * @throws as `collect`
 */
export async function* measureLive(
  { store, pins, local }: CollectParts,
  options: AbortOptions = {},
): AsyncGenerator<BlockStoreStat> {
  await using sweep = await store.openSweep()
  yield* markPinned({ pins, local, sweep }, options)
  yield sweep.marked
}
