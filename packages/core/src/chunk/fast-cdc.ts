// FastCDC, Cairn's own content-defined chunker: for backups and versions of files, where CIDs need not be those of Kubo.
// Gear hash of 32 bits and normalized chunking. The exact rule, which decides CIDs, is in docs/formats/fastcdc.md.
// Source: Xia et al., The Design of Fast Content-Defined Chunking for Data Deduplication Based Storage Systems, 2020.
import { hashByName } from '../block/hash.ts'
import type { CutRule } from './content-defined.ts'

/** Sizes of the chunks in bytes: 64 ≤ min < avg < max. */
export interface FastCdcSizes {
  readonly minBytes: number
  readonly avgBytes: number
  readonly maxBytes: number
}

/** Bytes that the hash is made of: each one is shifted out of its 32 bits by the 32nd after it. */
const WINDOW_BYTES = 32

/** Bits that an end must have more than the average calls for before the average size, and less after it. */
const NORMALIZATION_BITS = 2

/** Ends a chunk where the upper bits of the hash are zero: more of them up to `avgBytes`, fewer from there. */
export function fastCdc({ minBytes, avgBytes, maxBytes }: FastCdcSizes): CutRule {
  const bits = Math.floor(Math.log2(avgBytes))
  const strict = upperBits(bits + NORMALIZATION_BITS)
  const loose = upperBits(bits - NORMALIZATION_BITS)
  const gear = gearWords()
  return {
    minBytes,
    maxBytes,
    cut(bytes, start, end) {
      if (end - start <= minBytes) return end
      let state = 0
      let at = start + minBytes - WINDOW_BYTES
      for (; at < start + minBytes; at++) state = ((state << 1) + (gear[bytes[at] ?? 0] ?? 0)) | 0
      const average = Math.min(start + avgBytes, end)
      while ((state & strict) !== 0 && at < average) state = ((state << 1) + (gear[bytes[at++] ?? 0] ?? 0)) | 0
      if ((state & strict) === 0) return at
      while ((state & loose) !== 0 && at < end) state = ((state << 1) + (gear[bytes[at++] ?? 0] ?? 0)) | 0
      return at
    },
  }
}

function upperBits(count: number): number {
  return -1 << (32 - count)
}

/** The word of a byte: the first 4 bytes, big-endian, of the SHA-256 of that byte. */
function gearWords(): Int32Array {
  const words = new Int32Array(256)
  const { digest } = hashByName('sha2-256')
  for (let byte = 0; byte < 256; byte++) {
    const [a = 0, b = 0, c = 0, d = 0] = digest(Uint8Array.of(byte), 32)
    words[byte] = (a << 24) | (b << 16) | (c << 8) | d
  }
  return words
}
