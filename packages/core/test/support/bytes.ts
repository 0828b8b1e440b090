// Bytes and streams of bytes for tests.
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'

/** `length` bytes that differ from each other and for each `seed`. */
export function patternBytes(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = (seed * 2_654_435_761 + 1) >>> 0
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

/** A stream that gives `pieces` one by one. */
export async function* streamOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

/** Pieces of any sizes, some of them empty. */
export const anyPieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })

/** All values of an iteration. */
export async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const found: Value[] = []
  for await (const value of values) found.push(value)
  return found
}

/** All bytes of a stream, as a plain Uint8Array. */
export async function allBytes(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concat(await all(pieces))
}
