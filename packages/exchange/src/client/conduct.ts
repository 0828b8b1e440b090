// What is forgiven a peer that sends what nobody waits for: blocks that crossed our CANCEL are no fault of its own.
import { ENDED_WANTS_MAX, REPEATED_BLOCKS_MAX, REPEATED_BYTES_MAX, WRONG_BLOCKS_MAX } from './limits.ts'
import { BoundedMap } from './bounded-map.ts'

/** Counts the useless blocks of one peer. */
export class Conduct {
  /** Keys of wants that ended while the peer could still send the block; oldest first. */
  readonly #ended = new BoundedMap<true>(ENDED_WANTS_MAX)
  #wrongBlocks = 0
  #repeatedBlocks = 0
  #repeatedBytes = 0

  /** The block of a want is not wanted any more, and may be on its way. */
  ended(key: string): void {
    this.#ended.set(key, true)
  }

  /** Whether a block was wanted from this peer until lately; true once for each want that ended. */
  takeEnded(key: string): boolean {
    return this.#ended.delete(key)
  }

  /** A block of `bytes` came that was wanted. */
  delivered(bytes: number): void {
    this.#repeatedBlocks = Math.max(0, this.#repeatedBlocks - 1)
    this.#repeatedBytes = Math.max(0, this.#repeatedBytes - bytes)
  }

  /** Counts a block that was never wanted; false once there are too many. */
  forgivesWrong(): boolean {
    return ++this.#wrongBlocks < WRONG_BLOCKS_MAX
  }

  /** Counts a block of `bytes` that was sent once too often; false once there are too many, less those that were wanted. */
  forgivesRepeat(bytes: number): boolean {
    this.#repeatedBlocks++
    this.#repeatedBytes += bytes
    return this.#repeatedBlocks <= REPEATED_BLOCKS_MAX && this.#repeatedBytes <= REPEATED_BYTES_MAX
  }
}
