// How much is read ahead for all answers together: much for a few readers, and no more than the next block for a thousand.
import { READ_AHEAD_TOTAL_BYTES } from '../limits.ts'

/** The readers of one gateway. */
export class ReadAhead {
  #readers = 0

  /** Bytes that each reader may hold ahead of its client now. */
  readonly share = (): number => READ_AHEAD_TOTAL_BYTES / Math.max(1, this.#readers)

  /** `pieces`, counted as one reader while they are iterated. */
  async *counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    this.#readers++
    try {
      yield* pieces
    } finally {
      this.#readers--
    }
  }
}
