// Which blocks a collection may not take: holds, and what is put while a collection is open. Kept in memory, since
// neither outlives the process. Time is the rising sequence number of the blocks, never a clock.
import { CairnError, type Hold } from '@cairn/core'
import { Bitmap } from './marks.ts'

/** What one hold or collection protects: all from `boundary` on, and older blocks that were put again. */
interface Claim {
  readonly boundary: number
  readonly again: Bitmap
}

/** The open holds and the open collection of a store. */
export class Claims {
  readonly #holds = new Set<Claim>()
  #sweep: Claim | undefined

  /** Claims every block with a sequence of at least `boundary`, and older ones that are put again. */
  hold(boundary: number): Hold {
    const claim = { boundary, again: new Bitmap() }
    this.#holds.add(claim)
    return { release: () => void this.#holds.delete(claim) }
  }

  /**
   * Opens a collection of what is older than `boundary`. Holds that are open now keep their content from it to its end,
   * even when they are released earlier: what they protected may have been pinned after the marking.
   *
   * @throws CONFLICT when one is open
   */
  openSweep(boundary: number): SweepClaims {
    if (this.#sweep !== undefined) throw new CairnError('CONFLICT', 'Cannot begin a collection: another one is running')
    const own = { boundary, again: new Bitmap() }
    const claims = [own, ...this.#holds]
    const floor = Math.min(...claims.map((claim) => claim.boundary))
    this.#sweep = own
    return {
      protects: (sequence) => sequence >= floor || claims.some(({ again }) => again.has(sequence)),
      close: () => {
        if (this.#sweep === own) this.#sweep = undefined
      },
    }
  }

  /** Notes that the block that is stored under `sequence` was put again. */
  touch(sequence: number): void {
    for (const hold of this.#holds) hold.again.add(sequence)
    this.#sweep?.again.add(sequence)
  }
}

/** What one collection must leave alone. */
export interface SweepClaims {
  /** Whether the block stored under `sequence` is beyond this collection's reach at this moment. */
  protects(sequence: number): boolean
  /** Ends the collection's own claims, so that the next one can open; calling it again does nothing. */
  close(): void
}
