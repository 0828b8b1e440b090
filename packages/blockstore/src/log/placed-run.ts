// Very many places in little memory, in no objects of their own, to be put in the order of their multihashes: an index that is
// written in order is never rewritten by LevelDB.
import { RUN_KEY_BYTES } from '../limits.ts'
import { SEQUENCE_BYTES, sequenceOf, type Location } from './record.ts'

/** Bytes of the memory that a run begins with; it doubles. */
const FIRST_KEY_BYTES = 64 * 1024
const FIRST_BLOCKS = 1024

/** Places in the order of the log. */
export class PlacedRun {
  /** Multihashes, one behind the other, and where each ends. */
  #keys = new Uint8Array(FIRST_KEY_BYTES)
  #ends = new Uint32Array(FIRST_BLOCKS)
  #sequences = new Float64Array(FIRST_BLOCKS)
  #sizes = new Uint32Array(FIRST_BLOCKS)
  #count = 0
  #keyBytes = 0
  readonly #blocksMax: number

  /** @param blocksMax places that make it full, 1,048,576 at most */
  constructor(blocksMax: number) {
    this.#blocksMax = blocksMax
  }

  /** Number of places. */
  get count(): number {
    return this.#count
  }

  /** Whether it is to be emptied before more is added. Some more always fit. */
  get isFull(): boolean {
    return this.#count >= this.#blocksMax || this.#keyBytes >= RUN_KEY_BYTES
  }

  /** Adds the record under the key of a log, whose multihash is of two bytes or more, that is in the first `keyBytes` of `key`, which is copied. */
  add(key: Uint8Array, keyBytes: number, size: number): void {
    this.#ensureRoom(keyBytes)
    const [keys, at] = [this.#keys, this.#keyBytes - SEQUENCE_BYTES]
    for (let index = SEQUENCE_BYTES; index < keyBytes; index++) keys[at + index] = key[index] ?? 0
    this.#keyBytes += keyBytes - SEQUENCE_BYTES
    this.#sequences[this.#count] = sequenceOf(key)
    this.#sizes[this.#count] = size
    this.#ends[this.#count++] = this.#keyBytes
  }

  /** The multihash of a place, in memory that is used again after `clear`. */
  multihashAt(position: number): Uint8Array {
    return this.#keys.subarray(this.#startOf(position), this.#ends[position])
  }

  /** Bytes of the block at a place. */
  sizeAt(position: number): number {
    return this.#sizes[position] ?? 0
  }

  /** The last four bytes of a multihash as a number. */
  tailAt(position: number): number {
    const end = this.#ends[position] ?? 0
    let value = 0
    for (let at = Math.max(end - 4, this.#startOf(position)); at < end; at++)
      value = value * 256 + (this.#keys[at] ?? 0)
    return value
  }

  locationAt(position: number): Location {
    return { sequence: this.#sequences[position] ?? 0, size: this.sizeAt(position) }
  }

  /** Positions in the order of the multihashes; of those that have the same one the last alone. */
  sorted(): Uint32Array {
    const order = new Uint32Array(this.#count)
    let length = 0
    for (const group of this.#groups()) {
      // By the four bytes behind the first two; what they do not decide is compared.
      group.sort()
      for (let start = 0; start < group.length;) {
        const end = sameEnd(group, start)
        const positions = Array.from(group.subarray(start, end), (rank) => rank % POSITIONS)
        if (positions.length > 1) positions.sort((a, b) => this.#compare(a, b) || a - b)
        for (const [at, position] of positions.entries()) {
          const next = positions[at + 1]
          if (next === undefined || this.#compare(position, next) !== 0) order[length++] = position
        }
        start = end
      }
    }
    return order.subarray(0, length)
  }

  clear(): void {
    this.#count = this.#keyBytes = 0
  }

  /** For each beginning of two bytes, in their order, its places as numbers: what follows it, and the position. */
  #groups(): Float64Array[] {
    const counts = new Map<number, number>()
    for (let position = 0; position < this.#count; position++) {
      const head = this.#uint16(position)
      counts.set(head, (counts.get(head) ?? 0) + 1)
    }
    const heads = [...counts.keys()].toSorted((a, b) => a - b)
    const groups = new Map(heads.map((head) => [head, new Float64Array(counts.get(head) ?? 0)]))
    counts.clear()
    for (let position = 0; position < this.#count; position++) {
      const head = this.#uint16(position)
      const at = counts.get(head) ?? 0
      counts.set(head, at + 1)
      const group = groups.get(head)
      if (group !== undefined) group[at] = this.#uint32(position) * POSITIONS + position
    }
    return [...groups.values()]
  }

  #startOf(position: number): number {
    return position === 0 ? 0 : (this.#ends[position - 1] ?? 0)
  }

  #uint16(position: number): number {
    const start = this.#startOf(position)
    return (this.#keys[start] ?? 0) * 256 + (this.#keys[start + 1] ?? 0)
  }

  /** Bytes 2 to 5 of a multihash, with zeros behind its end. */
  #uint32(position: number): number {
    const [start, end] = [this.#startOf(position) + 2, this.#ends[position] ?? 0]
    let value = 0
    for (let at = start; at < start + 4; at++) value = value * 256 + (at < end ? (this.#keys[at] ?? 0) : 0)
    return value
  }

  #compare(a: number, b: number): number {
    return Buffer.compare(this.multihashAt(a), this.multihashAt(b))
  }

  #ensureRoom(keyBytes: number): void {
    if (this.#keyBytes + keyBytes > this.#keys.length) this.#keys = doubled(this.#keys, Uint8Array)
    if (this.#count < this.#ends.length) return
    this.#ends = doubled(this.#ends, Uint32Array)
    this.#sizes = doubled(this.#sizes, Uint32Array)
    this.#sequences = doubled(this.#sequences, Float64Array)
  }
}

/** Beyond all positions in a run; with 32 bits more a number is still exact. */
const POSITIONS = 2 ** 21

/** Where the ranks end that differ in their position alone. */
function sameEnd(ranks: Float64Array, start: number): number {
  const beyond = (Math.floor((ranks[start] ?? 0) / POSITIONS) + 1) * POSITIONS
  let end = start + 1
  while (end < ranks.length && (ranks[end] ?? 0) < beyond) end++
  return end
}

function doubled<T extends Uint8Array | Uint32Array | Float64Array>(array: T, Kind: new (length: number) => T): T {
  const larger = new Kind(2 * array.length)
  larger.set(array)
  return larger
}
