// A data block of a table walked from its first to its last entry, as closely as `readBlock` does and without making an
// object of each entry: opening and reading look at millions of them.
import { KEY_TAG_BYTES, readVarint } from './table-block.ts'

/** The first and the last key of a block. */
export interface BlockEnds {
  readonly first: Uint8Array
  readonly last: Uint8Array
}

/** The ends of a block without its trailer, or `undefined` when LevelDB could stumble over it, or it has no entry. */
export function blockEnds(block: Uint8Array): BlockEnds | undefined {
  const restarts = block.length < 4 ? 0 : fixed32(block, block.length - 4)
  const end = block.length - 4 - 4 * restarts
  if (restarts < 1 || end < 1) return undefined
  const walk = new Walk(block, end)
  let first: Uint8Array | undefined
  let restart = 0
  while (walk.at < end) {
    const { at } = walk
    if (!walk.next()) return undefined
    first ??= walk.key()
    // Restarts stand in their order, each at an entry that shares nothing.
    if (restart < restarts && fixed32(block, end + 4 * restart) === at) {
      if (walk.sharedBytes !== 0) return undefined
      restart++
    }
  }
  return first === undefined || restart < restarts ? undefined : { first, last: walk.key() }
}

/** A place among the entries of a block. */
class Walk {
  readonly #block: Uint8Array
  readonly #end: number
  /** Where the next entry begins. */
  at = 0
  /** Bytes that the key of the last entry shares with the one before it. */
  sharedBytes = 0
  #key = new Uint8Array(KEY_ROOM_BYTES)
  #keyBytes = 0

  constructor(block: Uint8Array, end: number) {
    this.#block = block
    this.#end = end
  }

  /** Takes an entry; false for one over which LevelDB could stumble. */
  next(): boolean {
    const isFirst = this.at === 0
    const shared = this.#integer()
    const own = this.#integer()
    const size = this.#integer()
    const start = this.at
    const end = start + own + size
    // Not so for NaN either.
    if (!(end <= this.#end) || shared > this.#keyBytes || shared + own < KEY_TAG_BYTES) return false
    this.sharedBytes = shared
    const userBytes = shared + own - KEY_TAG_BYTES
    // The lowest byte of the tag is the kind: 1 for a value, 0 for a delete.
    if (this.#byteOf(userBytes, start) > 1) return false
    if (!isFirst && !this.#rises(userBytes, start)) return false
    this.#take(own, start)
    this.at = end
    return true
  }

  /** Key of the entry that was taken last. */
  key(): Uint8Array {
    return this.#key.slice(0, this.#keyBytes)
  }

  /** The varint at the place, behind which it goes; NaN where there is none of at most 53 bits. */
  #integer(): number {
    const first = this.#block[this.at] ?? 0
    if (first < 0x80 && this.at < this.#end) {
      this.at++
      return first
    }
    const [value, end] = readVarint(this.#block, this.at) ?? [Number.NaN, this.at]
    this.at = end
    return value
  }

  /** A byte of the key that is made of what it shares with the last one, and of what begins at `start`. */
  #byteOf(index: number, start: number): number {
    return (index < this.sharedBytes ? this.#key[index] : this.#block[start + index - this.sharedBytes]) ?? 0
  }

  /** Whether that key, whose user's part has `userBytes`, comes behind the last one: as `compareKeys` orders them. */
  #rises(userBytes: number, start: number): boolean {
    const lastUserBytes = this.#keyBytes - KEY_TAG_BYTES
    const common = Math.min(userBytes, lastUserBytes)
    for (let index = Math.min(this.sharedBytes, common); index < common; index++) {
      const order = this.#byteOf(index, start) - (this.#key[index] ?? 0)
      if (order !== 0) return order > 0
    }
    if (userBytes !== lastUserBytes) return userBytes > lastUserBytes
    // The tag is a little-endian integer, and the newest comes first.
    for (let index = userBytes + KEY_TAG_BYTES - 1; index >= userBytes; index--) {
      const order = this.#byteOf(index, start) - (this.#key[index] ?? 0)
      if (order !== 0) return order < 0
    }
    return false
  }

  #take(own: number, start: number): void {
    const bytes = this.sharedBytes + own
    if (bytes > this.#key.length) {
      const larger = new Uint8Array(2 * bytes)
      larger.set(this.#key)
      this.#key = larger
    }
    for (let index = 0; index < own; index++) this.#key[this.sharedBytes + index] = this.#block[start + index] ?? 0
    this.#keyBytes = bytes
  }
}

/** Bytes for a key at first; keys of Cairn are shorter. */
const KEY_ROOM_BYTES = 256

function fixed32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
}
