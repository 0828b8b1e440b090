// Blocks that a collection is to delete, in the order of the log and in little memory: half a million of them are held at
// a time, and as objects they would be hundreds of megabytes for the garbage collector.
import type { Placed } from '../log/block-log.ts'

/** Bytes for a multihash at first; longer ones make room as they come. */
const MULTIHASH_BYTES = 36

/** Places of blocks, packed. Filled first, then sorted, then read. */
export class DoomedBlocks {
  readonly #sequences: Float64Array
  readonly #sizes: Uint32Array
  /** Where the multihash of each block ends in `#bytes`. */
  readonly #ends: Uint32Array
  readonly #order: Uint32Array
  #bytes: Uint8Array
  #count = 0

  /** @param capacity blocks that may be added at most */
  constructor(capacity: number) {
    this.#sequences = new Float64Array(capacity)
    this.#sizes = new Uint32Array(capacity)
    this.#ends = new Uint32Array(capacity)
    this.#order = new Uint32Array(capacity)
    this.#bytes = new Uint8Array(capacity * MULTIHASH_BYTES)
  }

  add({ multihash, location: { sequence, size } }: Placed): void {
    if (this.#count === this.#sequences.length) throw new TypeError('more blocks than were counted')
    const start = this.#endOf(this.#count - 1)
    const end = start + multihash.length
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(multihash, start)
    this.#sequences[this.#count] = sequence
    this.#sizes[this.#count] = size
    this.#ends[this.#count] = end
    this.#order[this.#count] = this.#count
    this.#count++
  }

  /** Puts all into the order of the log. */
  sort(): void {
    this.#order.subarray(0, this.#count).sort((a, b) => (this.#sequences[a] ?? 0) - (this.#sequences[b] ?? 0))
  }

  /** Position of the first block whose sequence is at least `sequence`. */
  positionOf(sequence: number): number {
    let [low, high] = [0, this.#count]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sequences[this.#order[middle] ?? 0] ?? 0) < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Bytes of the block at `position`. */
  sizeAt(position: number): number {
    return this.#sizes[this.#order[position] ?? 0] ?? 0
  }

  /** A copy of the multihash of the block at `position`. */
  multihashAt(position: number): Uint8Array {
    const index = this.#order[position] ?? 0
    return this.#bytes.slice(this.#endOf(index - 1), this.#endOf(index))
  }

  #endOf(index: number): number {
    return index < 0 ? 0 : (this.#ends[index] ?? 0)
  }
}
