// Chunks of one size: the chunker of both CID profiles, and the only one whose CIDs Kubo promises to keep.
import type { Chunker } from './chunker.ts'

/** Cuts every `chunkBytes` bytes. A chunk that lies inside one piece is a view of it; others are copied once. */
export function fixedSize(chunkBytes: number): Chunker {
  return Object.assign(chunk, { loneBytesMax: chunkBytes })

  async function* chunk(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let open = new Uint8Array(0)
    let filled = 0
    for await (const piece of pieces) {
      let start = 0
      while (start < piece.length) {
        if (filled === 0 && piece.length - start >= chunkBytes) {
          yield piece.subarray(start, start + chunkBytes)
          start += chunkBytes
          continue
        }
        if (filled === 0) open = new Uint8Array(Math.min(chunkBytes, OPEN_BYTES))
        const taken = Math.min(chunkBytes - filled, piece.length - start)
        open = grown(open, filled + taken, chunkBytes)
        open.set(piece.subarray(start, start + taken), filled)
        filled += taken
        start += taken
        if (filled === chunkBytes) {
          yield open.subarray(0, filled)
          filled = 0
        }
      }
    }
    if (filled > 0) yield open.subarray(0, filled)
  }
}

/** Bytes that an unfinished chunk starts with, so that a folder of tiny files does not allocate whole chunks. */
const OPEN_BYTES = 4096

/** `buffer` if `size` bytes fit, else a copy at least twice as large, up to `sizeMax` bytes. */
function grown(buffer: Uint8Array<ArrayBuffer>, size: number, sizeMax: number): Uint8Array<ArrayBuffer> {
  if (size <= buffer.length) return buffer
  const larger = new Uint8Array(Math.min(sizeMax, Math.max(size, 2 * buffer.length)))
  larger.set(buffer)
  return larger
}
