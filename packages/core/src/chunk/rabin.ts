// Chunks by Rabin fingerprints, with Kubo's polynomial and window. A fingerprint is the polynomial over GF(2) whose
// coefficients are the bits of the last 16 bytes, modulo one of degree 53: more bits than an integer of JavaScript's
// bitwise operators has, hence the two halves everywhere. Source: boxo chunker/rabin.go, whyrusleeping/chunker.
import type { CutRule } from './content-defined.ts'

/** Sizes of the chunks in bytes: 16 ≤ min < avg < max. */
export interface RabinSizes {
  readonly minBytes: number
  /** A chunk ends, on average, this many bytes after its least size, rounded down to a power of two. */
  readonly avgBytes: number
  readonly maxBytes: number
}

/** Bytes that a fingerprint is made of. */
export const RABIN_WINDOW_BYTES = 16

/** The polynomial 0x3DF305DFB2A805 of degree 53, without its highest bit: upper 21 bits and lower 32. */
const POLYNOMIAL = { high: 0x1df305, low: 0xdfb2a805 | 0 } as const

/** Bits of a fingerprint's upper half. */
const HIGH_BITS = 21
const HIGH_MASK = (1 << HIGH_BITS) - 1

/** Ends a chunk at the first length from `minBytes` at which the low bits of the fingerprint are zero. */
export function rabin({ minBytes, avgBytes, maxBytes }: RabinSizes): CutRule {
  const mask = (1 << Math.floor(Math.log2(avgBytes))) - 1
  const { carry, expired } = tables()
  const { high: carryHigh, low: carryLow } = carry
  const { high: expiredHigh, low: expiredLow } = expired
  return {
    minBytes,
    maxBytes,
    cut(bytes, start, end) {
      if (end - start <= minBytes) return end
      let high = 0
      let low = 0
      let at = start + minBytes - RABIN_WINDOW_BYTES
      for (; at < start + minBytes; at++) {
        const top = high >>> (HIGH_BITS - 8)
        high = (((high << 8) | (low >>> 24)) & HIGH_MASK) ^ (carryHigh[top] ?? 0)
        low = ((low << 8) | (bytes[at] ?? 0)) ^ (carryLow[top] ?? 0)
      }
      while ((low & mask) !== 0 && at < end) {
        const old = bytes[at - RABIN_WINDOW_BYTES] ?? 0
        high ^= expiredHigh[old] ?? 0
        low ^= expiredLow[old] ?? 0
        const top = high >>> (HIGH_BITS - 8)
        high = (((high << 8) | (low >>> 24)) & HIGH_MASK) ^ (carryHigh[top] ?? 0)
        low = ((low << 8) | (bytes[at] ?? 0)) ^ (carryLow[top] ?? 0)
        at++
      }
      return at
    },
  }
}

/** A polynomial for each value of a byte, in two halves. */
interface Table {
  readonly high: Int32Array
  readonly low: Int32Array
}

/** `carry`: the byte times x^53, for what leaves the fingerprint at its top. `expired`: the byte when it is 16 bytes old. */
function tables(): { readonly carry: Table; readonly expired: Table } {
  const carry: Table = { high: new Int32Array(256), low: new Int32Array(256) }
  const expired: Table = { high: new Int32Array(256), low: new Int32Array(256) }
  for (let byte = 0; byte < 256; byte++) {
    const shifts = { carry: HIGH_BITS + 32, expired: 8 * (RABIN_WINDOW_BYTES - 1) }
    const carried = timesX(byte, shifts.carry)
    carry.high[byte] = carried.high
    carry.low[byte] = carried.low
    const old = timesX(byte, shifts.expired)
    expired.high[byte] = old.high
    expired.low[byte] = old.low
  }
  return { carry, expired }
}

/** The polynomial of `byte` times x^`power`, modulo ours. */
function timesX(byte: number, power: number): { readonly high: number; readonly low: number } {
  let high = 0
  let low = byte
  for (let shift = 0; shift < power; shift++) {
    const isCarried = high >>> (HIGH_BITS - 1) === 1
    high = ((high << 1) | (low >>> 31)) & HIGH_MASK
    low <<= 1
    if (isCarried) {
      high ^= POLYNOMIAL.high
      low ^= POLYNOMIAL.low
    }
  }
  return { high, low }
}
