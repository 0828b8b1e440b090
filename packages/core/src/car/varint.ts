// Unsigned varints of multiformats: at most nine bytes, no longer than needed. Source: multiformats/unsigned-varint.
import { CairnError } from '../errors.ts'

/** Bytes of the longest varint. */
export const VARINT_BYTES_MAX = 9

/** A number that was read, and the bytes that it took. */
export interface Varint {
  /** Exact up to 2^53 − 1, and above it at least that large, which is beyond every bound here. */
  readonly value: number
  readonly length: number
}

/** Reads the varint that `bytes` begin with. @throws INVALID when it is cut off, too long or longer than needed */
export function decodeVarint(bytes: ArrayLike<number>): Varint {
  let value = 0
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[index]
    if (byte === undefined) throw new CairnError('INVALID', 'Cannot read a number: a varint is cut off')
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte >= 0x80) continue
    if (byte === 0 && index > 0) throw new CairnError('INVALID', 'Cannot read a number: a varint is longer than needed')
    return { value, length: index + 1 }
  }
  throw new CairnError('INVALID', `Cannot read a number: a varint has more than ${VARINT_BYTES_MAX} bytes`)
}

/** A whole number up to 2^53 − 1 as a varint. */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Uint8Array.of(...bytes, rest)
}

/** Bytes that {@link encodeVarint} takes for `value`. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  return length
}
