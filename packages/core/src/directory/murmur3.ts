// MurmurHash3 x64-128 with seed 0, of which UnixFS uses the first half. Integers of 64 bits are pairs of 32, since BigInt
// is many times slower. Own, because @multiformats/murmur3 takes twice as long and gives bytes where sharding needs
// numbers. Source: Austin Appleby, smhasher MurmurHash3.cpp (public domain).

/** An unsigned 64-bit integer. Each half may be held signed or unsigned; only its 32 bits count. */
export interface Word {
  readonly high: number
  readonly low: number
}

const C1: Word = { high: 0x87c37b91, low: 0x114253d5 }
const C2: Word = { high: 0x4cf5ad43, low: 0x2745937f }
const FINAL_1: Word = { high: 0xff51afd7, low: 0xed558ccd }
const FINAL_2: Word = { high: 0xc4ceb9fe, low: 0x1a85ec53 }
const FIVE: Word = { high: 0, low: 5 }
const ADD_1: Word = { high: 0, low: 0x52dce729 }
const ADD_2: Word = { high: 0, low: 0x38495ab5 }

/** Bytes that one round takes. */
const ROUND_BYTES = 16

/** The first 64 bits of the hash of `bytes`, in the order in which the digest is written. */
export function murmur3(bytes: Uint8Array): Word {
  let h1: Word = { high: 0, low: 0 }
  let h2 = h1
  const roundsEnd = bytes.length - (bytes.length % ROUND_BYTES)
  for (let at = 0; at < roundsEnd; at += ROUND_BYTES) {
    h1 = xor(h1, mixFirst(wordAt(bytes, at)))
    h1 = add(multiply(add(rotate(h1, 27), h2), FIVE), ADD_1)
    h2 = xor(h2, mixSecond(wordAt(bytes, at + 8)))
    h2 = add(multiply(add(rotate(h2, 31), h1), FIVE), ADD_2)
  }
  // Bytes past the end count as zero, and mixing zero changes nothing, so the rest needs no code of its own.
  const length: Word = { high: 0, low: bytes.length }
  h1 = xor(xor(h1, mixFirst(wordAt(bytes, roundsEnd))), length)
  h2 = xor(xor(h2, mixSecond(wordAt(bytes, roundsEnd + 8))), length)
  h1 = add(h1, h2)
  h2 = add(h2, h1)
  return add(finish(h1), finish(h2))
}

function mixFirst(word: Word): Word {
  return multiply(rotate(multiply(word, C1), 31), C2)
}

function mixSecond(word: Word): Word {
  return multiply(rotate(multiply(word, C2), 33), C1)
}

function finish(word: Word): Word {
  const first = multiply(xorShifted(word), FINAL_1)
  return xorShifted(multiply(xorShifted(first), FINAL_2))
}

/** Eight bytes, little-endian; zeros past the end. */
function wordAt(bytes: Uint8Array, at: number): Word {
  return { high: halfAt(bytes, at + 4), low: halfAt(bytes, at) }
}

function halfAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

function xor(a: Word, b: Word): Word {
  return { high: a.high ^ b.high, low: a.low ^ b.low }
}

/** `word ^ (word >>> 33)` */
function xorShifted({ high, low }: Word): Word {
  return { high, low: low ^ (high >>> 1) }
}

/** Rotation to the left by 1 to 63 bits other than 32. */
function rotate({ high, low }: Word, bits: number): Word {
  const [upper, lower, shift] = bits < 32 ? [high, low, bits] : [low, high, bits - 32]
  return { high: (upper << shift) | (lower >>> (32 - shift)), low: (lower << shift) | (upper >>> (32 - shift)) }
}

function add(a: Word, b: Word): Word {
  const low = (a.low >>> 0) + (b.low >>> 0)
  return { high: (a.high + b.high + (low > 0xffff_ffff ? 1 : 0)) | 0, low: low | 0 }
}

function multiply(a: Word, b: Word): Word {
  const low = Math.imul(a.low, b.low)
  const carry = upperHalf(a.low >>> 0, b.low >>> 0)
  return { high: (carry + Math.imul(a.high, b.low) + Math.imul(a.low, b.high)) | 0, low }
}

/** The upper 32 of the 64 bits of `a * b`; every step stays below 2^53 and so exact. */
function upperHalf(a: number, b: number): number {
  const lower = a * (b & 0xffff)
  const upper = a * (b >>> 16)
  return Math.floor((upper + Math.floor(lower / 0x1_0000)) / 0x1_0000)
}
