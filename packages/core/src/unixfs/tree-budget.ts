// What reading a tree may cost beyond what is in it. A few kilobytes of directories that hold each other twice name more paths than
// anybody can walk; a tree that people made repeats little of itself.
import type { CID } from 'multiformats/cid'
import { PackedKeys } from '../dag/packed-keys.ts'
import { nodeKey } from '../dag/walk.ts'
import { CairnError } from '../errors.ts'
import { OPEN_DIRECTORY_BYTES_MAX, REPEATED_ENTRIES_MAX } from '../limits.ts'

/** Entries that one directory counts for, however few it has: to come to it costs as well. */
const ENTRIES_OF_A_DIRECTORY = 64

/** Counts for one reading of a tree what repeats and what is held. */
export class TreeBudget {
  readonly #seen = new PackedKeys()
  #repeated = 0
  #openBytes = 0

  /** The reading comes to a directory of so many entries. @throws LIMIT when what repeats is too much */
  enter(cid: CID, entries: number): void {
    if (entries === 0) return // nothing can grow out of it, and trees may have a great many
    const key = nodeKey(cid)
    if (this.#seen.has(key)) this.#repeated += entries + ENTRIES_OF_A_DIRECTORY
    else this.#seen.add(key)
    if (this.#repeated > REPEATED_ENTRIES_MAX) {
      throw new CairnError(
        'LIMIT',
        `Cannot read a tree that repeats more than ${REPEATED_ENTRIES_MAX} of its entries`,
        { cid },
      )
    }
  }

  /** `values` from a directory block of so many bytes, which is held until the last is taken. @throws LIMIT when the levels are too large together */
  *held<Value>(values: Iterable<Value>, bytes: number): Generator<Value> {
    this.#openBytes += bytes
    try {
      if (this.#openBytes > OPEN_DIRECTORY_BYTES_MAX) {
        throw new CairnError(
          'LIMIT',
          `Cannot read a tree in which more than ${OPEN_DIRECTORY_BYTES_MAX} bytes of directories stand above each other`,
        )
      }
      yield* values
    } finally {
      this.#openBytes -= bytes
    }
  }
}
