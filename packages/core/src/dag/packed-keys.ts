// A set of keys of `nodeKey` in some 30 bytes each, where a Set of strings takes 120: a walk over ten million nodes stays small. Of a key it
// keeps 128 bits, the end of the digest mixed with all that stands before it; two keys with the same bits are as rare as a broken hash.

import { hash as hashOnce } from 'node:crypto'

/** Words of 32 bits kept of each key. */
const WORDS = 4
/** Slots at first; a power of two, as always. */
const FIRST_SLOTS = 1024
/** Share of the slots that are filled at most: more of them make long searches. */
const FILLED_MAX = 0.6
/** Seed and factor of FNV-1a, which mixes what stands before the digest's end. */
const FNV = { seed: 0x811c9dc5, factor: 0x01000193 } as const

/** A set of the keys of nodes. */
export class PackedKeys {
  #slots = new Uint32Array(FIRST_SLOTS * WORDS)
  #packed = 0
  readonly #words = new Uint32Array(WORDS)

  /** Number of keys. */
  get size(): number {
    return this.#packed
  }

  has(key: string): boolean {
    this.#pack(key)
    return this.#slots[this.#find()] !== 0
  }

  add(key: string): void {
    this.#pack(key)
    const at = this.#find()
    if (this.#slots[at] !== 0) return
    this.#slots.set(this.#words, at)
    if (++this.#packed > (this.#slots.length / WORDS) * FILLED_MAX) this.#grow()
  }

  /** Sets the words to those of a key; the first of them is never 0, which marks an empty slot. */
  #pack(key: string): void {
    const multihash = key.indexOf(' ') + 1
    // The end of an identity CID is data that anybody chooses, and no hash.
    const hashed = key.charCodeAt(multihash) === 0 ? hashOnce('sha256', key, 'binary') : key
    const digest = hashed.length - WORDS * 4
    for (let word = 0; word < WORDS; word++) this.#words[word] = wordAt(hashed, digest + word * 4)
    let mixed: number = FNV.seed
    for (let index = 0; index < digest; index++) mixed = Math.imul(mixed ^ hashed.charCodeAt(index), FNV.factor)
    this.#words[0] = ((this.#words[0] ?? 0) ^ mixed) >>> 0 || 1
  }

  /** Where the slot of the words begins, or the empty one in which they belong. */
  #find(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#words
    const mask = this.#slots.length - 1
    const mixed = Math.imul(a ^ b ^ c ^ d, FNV.factor)
    for (let at = ((mixed ^ (mixed >>> 15)) * WORDS) & mask; ; at = (at + WORDS) & mask) {
      if (this.#slots[at] === 0 || this.#isAt(at)) return at
    }
  }

  #isAt(at: number): boolean {
    for (let word = 0; word < WORDS; word++) if (this.#slots[at + word] !== this.#words[word]) return false
    return true
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at] === 0) continue
      this.#words.set(old.subarray(at, at + WORDS))
      this.#slots.set(this.#words, this.#find())
    }
  }
}

/** 32 bits out of a string of bytes. */
function wordAt(bytes: string, at: number): number {
  const [a, b, c, d] = [
    bytes.charCodeAt(at),
    bytes.charCodeAt(at + 1),
    bytes.charCodeAt(at + 2),
    bytes.charCodeAt(at + 3),
  ]
  return a | (b << 8) | (c << 16) | (d << 24)
}
