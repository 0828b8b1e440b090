// Chunks by buzhash, with Kubo's window, sizes and words; there is nothing to set. Source: boxo chunker/buzhash.go.
import { BUZHASH_WORDS } from './buzhash-words.ts'
import type { CutRule } from './content-defined.ts'

/** Bytes that the hash is made of. A word turned left 32 times is itself, so the oldest one leaves as it came. */
const WINDOW_BYTES = 32

const MIN_BYTES = 128 * 1024
const MAX_BYTES = 512 * 1024

/** Bits that are zero where a chunk ends: once in 128 KiB. */
const MASK = 128 * 1024 - 1

/** Ends a chunk at the first length from 128 KiB at which the low bits of the hash are zero, or at 512 KiB. */
export const buzhash: CutRule = {
  minBytes: MIN_BYTES,
  maxBytes: MAX_BYTES,
  cut(bytes, start, end) {
    if (end - start <= MIN_BYTES) return end
    let state = 0
    let at = start + MIN_BYTES - WINDOW_BYTES
    for (; at < start + MIN_BYTES; at++) {
      state = ((state << 1) | (state >>> 31)) ^ (BUZHASH_WORDS[bytes[at] ?? 0] ?? 0)
    }
    while ((state & MASK) !== 0 && at < end) {
      const left = BUZHASH_WORDS[bytes[at - WINDOW_BYTES] ?? 0] ?? 0
      state = ((state << 1) | (state >>> 31)) ^ left ^ (BUZHASH_WORDS[bytes[at] ?? 0] ?? 0)
      at++
    }
    return at
  },
}
