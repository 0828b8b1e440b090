// One collection over the log and the index: deletes in small steps that take turns with puts, then rewrites the parts
// of the log that are mostly garbage.
import { multihashKey, type AbortOptions, type StoredBlock, type Sweep } from '@cairn/core'
import type { BlockIndex } from './block-index.ts'
import type { BlockLog, Placed } from './block-log.ts'
import type { SweepClaims } from './claims.ts'
import { Garbage } from './garbage.ts'
import type { Gate } from './gate.ts'
import { storedBlock } from './stored-block.ts'

/** What a collection works on. */
export interface LevelSweepParts {
  readonly claims: SweepClaims
  readonly gate: Gate
  readonly index: BlockIndex
  readonly log: BlockLog
  /** Deletes, in a turn, those of `multihashes` that are expendable at that moment, and gives where they were. */
  readonly remove: (multihashes: readonly Uint8Array[], isExpendable: (place: Placed) => boolean) => Promise<Placed[]>
}

/** A collection of a level store, see {@link Sweep}. */
export class LevelSweep implements Sweep {
  readonly #parts: LevelSweepParts

  constructor(parts: LevelSweepParts) {
    this.#parts = parts
  }

  async *run(
    isLive: (multihash: Uint8Array) => boolean,
    options: AbortOptions = {},
  ): AsyncGenerator<StoredBlock, void, undefined> {
    const { claims, gate, index, log, remove } = this.#parts
    const { signal } = options
    signal?.throwIfAborted()
    const garbage = new Garbage()
    const isExpendable = ({ multihash, location }: Placed) =>
      !claims.protects(location.sequence, multihashKey(multihash))
    for await (const page of gate.each(index.pages())) {
      const candidates = page.filter(({ multihash }) => !isLive(multihash)).filter(isExpendable)
      // Looked at again within the turn: a put may come before it and keep the block.
      const removed = await gate.run(() =>
        remove(
          candidates.map(({ multihash }) => multihash),
          isExpendable,
        ),
      )
      garbage.add(removed)
      for (const { multihash, location } of removed) yield storedBlock(multihash, location.size)
      signal?.throwIfAborted()
    }
    for await (const _ of gate.each(garbage.compact(log))) signal?.throwIfAborted()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.claims.close()
  }
}
