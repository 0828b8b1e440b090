// Decompressing Snappy's raw format (format_description.txt of Snappy): LevelDB's repair writes compressed blocks, whatever
// the database's own settings are.
import { readVarint } from './table-block.ts'

/** What `bytes` were before they were compressed, or `undefined` when they do not decompress. */
export function decompressSnappy(bytes: Uint8Array): Uint8Array | undefined {
  const [length, start] = readVarint(bytes, 0) ?? [0, 0]
  if (start === 0 || length > BYTES_MAX) return undefined
  const output = new Uint8Array(length)
  let done = 0
  for (let at = start; at < bytes.length;) {
    const tag = bytes[at] ?? 0
    const element = (tag & 3) === 0 ? literalAt(bytes, at) : copyAt(bytes, at)
    if (done + element.length > length || element.end > bytes.length) return undefined
    if (element.offset === undefined) output.set(bytes.subarray(element.end - element.length, element.end), done)
    else {
      if (element.offset === 0 || element.offset > done) return undefined
      // Byte by byte, since a copy may reach into what it writes.
      for (let index = 0; index < element.length; index++)
        output[done + index] = output[done + index - element.offset] ?? 0
    }
    done += element.length
    at = element.end
  }
  return done === length ? output : undefined
}

/** Bytes of the largest block that is decompressed: far beyond those that hold no blocks of Cairn. */
const BYTES_MAX = 64 * 1024 * 1024

interface Element {
  readonly length: number
  /** How far back it copies from; a literal has none. */
  readonly offset?: number
  readonly end: number
}

function literalAt(bytes: Uint8Array, at: number): Element {
  const code = (bytes[at] ?? 0) >> 2
  const extra = code < 60 ? 0 : code - 59
  const length = (extra === 0 ? code : integer(bytes, at + 1, extra)) + 1
  return { length, end: at + 1 + extra + length }
}

function copyAt(bytes: Uint8Array, at: number): Element {
  const tag = bytes[at] ?? 0
  if ((tag & 3) === 1) {
    return { length: ((tag >> 2) & 7) + 4, offset: ((tag >> 5) << 8) | (bytes[at + 1] ?? 0), end: at + 2 }
  }
  const size = (tag & 3) === 2 ? 2 : 4
  return { length: (tag >> 2) + 1, offset: integer(bytes, at + 1, size), end: at + 1 + size }
}

function integer(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let index = size - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0)
  return value
}
