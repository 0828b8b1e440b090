// A set of keys of `nodeKey` in some 30 bytes each, where a Set of strings takes 120: a walk over ten million nodes stays small. Of a key it
// keeps 128 bits, the end of the digest mixed with all that stands before it; two keys with the same bits are as rare as a broken hash.

/** Words of 32 bits kept of each key. */
const WORDS = 4
/** Slots at first; a power of two, as always. */
const FIRST_SLOTS = 1024
/** Share of the slots that are filled at most: more of them make long searches. */
const FILLED_MAX = 0.6
/** Characters of a key that are longer than their code, a space and the multihash of 20 bytes of digest, which is the shortest. */
const SHORTEST_KEY = 24
/** Seed and factor of FNV-1a, which mixes what stands before the digest's end. */
const FNV = { seed: 0x811c9dc5, factor: 0x01000193 } as const

/** A set of the keys of nodes. */
export class PackedKeys {
  #slots = new Uint32Array(FIRST_SLOTS * WORDS)
  #packed = 0
  /** Of identity CIDs, which are data and no hash: there are few of them in a DAG, and none can be told by its end. */
  readonly #plain = new Set<string>()
  readonly #words = new Uint32Array(WORDS)

  /** Number of keys. */
  get size(): number {
    return this.#packed + this.#plain.size
  }

  has(key: string): boolean {
    if (!this.#pack(key)) return this.#plain.has(key)
    return this.#slots[this.#find()] !== 0
  }

  add(key: string): void {
    if (!this.#pack(key)) {
      this.#plain.add(key)
      return
    }
    const at = this.#find()
    if (this.#slots[at] !== 0) return
    this.#slots.set(this.#words, at)
    if (++this.#packed > (this.#slots.length / WORDS) * FILLED_MAX) this.#grow()
  }

  /** Sets the words of a key, the first of which is never 0. False for an identity CID. */
  #pack(key: string): boolean {
    const multihash = key.indexOf(' ') + 1
    if (key.charCodeAt(multihash) === 0 || key.length < SHORTEST_KEY) return false
    const digest = key.length - WORDS * 4
    for (let word = 0; word < WORDS; word++) {
      const at = digest + word * 4
      this.#words[word] =
        key.charCodeAt(at) |
        (key.charCodeAt(at + 1) << 8) |
        (key.charCodeAt(at + 2) << 16) |
        (key.charCodeAt(at + 3) << 24)
    }
    let mixed: number = FNV.seed
    for (let index = 0; index < digest; index++) mixed = Math.imul(mixed ^ key.charCodeAt(index), FNV.factor)
    this.#words[0] = ((this.#words[0] ?? 0) ^ mixed) >>> 0 || 1
    return true
  }

  /** Where the slot of the words begins, or the empty one in which they belong. */
  #find(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#words
    const mask = this.#slots.length - 1
    const first = Math.imul(a ^ b ^ c ^ d, FNV.factor)
    for (let at = ((first ^ (first >>> 15)) * WORDS) & mask; ; at = (at + WORDS) & mask) {
      if (this.#slots[at] === 0) return at
      if (this.#slots[at] === a && this.#slots[at + 1] === b && this.#slots[at + 2] === c && this.#slots[at + 3] === d)
        return at
    }
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
