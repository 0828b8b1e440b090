// Chunks that end where the content says so: a change in the middle of a file moves the ends near it and no others.
// The rules differ in how they see an end; the stream, its pieces and its memory are the same for all of them.
import type { Chunker } from './chunker.ts'

/** How content is cut. */
export interface CutRule {
  /** Bytes of the shortest chunk that is not the last. */
  readonly minBytes: number
  /** Bytes of the longest chunk. */
  readonly maxBytes: number
  /**
   * Where the chunk that begins at `start` ends: at most at `end`, which is `maxBytes` away, or nearer at the end of the
   * data. Depends on nothing but the bytes between.
   */
  readonly cut: (bytes: Uint8Array, start: number, end: number) => number
}

/** Bytes that the window starts with, so that a folder of tiny files does not allocate large ones. */
const WINDOW_BYTES_MIN = 4096

/** Chunks of the greatest size that a window has room for: the more, the less of it is copied to the next one. */
const CHUNKS_PER_WINDOW = 4

/** Cuts by `rule`. Chunks are views of windows that hold up to {@link CHUNKS_PER_WINDOW} of the longest ones. */
export function contentDefined({ minBytes, maxBytes, cut }: CutRule): Chunker {
  const bytesMax = Math.max(WINDOW_BYTES_MIN, CHUNKS_PER_WINDOW * maxBytes)
  return Object.assign(chunk, { loneBytesMax: minBytes })

  async function* chunk(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let window = new Uint8Array(0)
    let start = 0
    let end = 0
    for await (const piece of pieces) {
      for (let taken = 0; taken < piece.length;) {
        if (end === window.length) {
          const rest = window.subarray(start, end)
          window = new Uint8Array(Math.min(Math.max(window.length, 2 * rest.length, WINDOW_BYTES_MIN), bytesMax))
          window.set(rest)
          end = rest.length
          start = 0
        }
        const bytes = piece.subarray(taken, taken + window.length - end)
        window.set(bytes, end)
        end += bytes.length
        taken += bytes.length
        while (end - start >= maxBytes) {
          const cutAt = cut(window, start, start + maxBytes)
          yield window.subarray(start, cutAt)
          start = cutAt
        }
      }
    }
    while (start < end) {
      const cutAt = cut(window, start, end)
      yield window.subarray(start, cutAt)
      start = cutAt
    }
  }
}
