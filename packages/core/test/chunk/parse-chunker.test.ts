import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { describe, expect, test } from 'vitest'
import { CHUNK_BYTES_MAX, parseChunker } from '../../src/index.ts'
import { all, anyPieces, patternBytes, streamOf } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'

const chunksOf = async (size: number, ...pieces: Uint8Array[]) =>
  await all(parseChunker(`size-${size}`)(streamOf(...pieces)))

describe('size-N', () => {
  test('loses nothing, and only the last chunk is shorter', async () => {
    await fc.assert(
      fc.asyncProperty(anyPieces, fc.integer({ min: 1, max: 50 }), async (pieces, size) => {
        const chunks = await chunksOf(size, ...pieces)
        const whole = concat(pieces)
        expect(concat(chunks)).toEqual(whole)
        expect(chunks).toHaveLength(Math.ceil(whole.length / size))
        expect(chunks.slice(0, -1).every((chunk) => chunk.length === size)).toBe(true)
      }),
    )
  })

  test('works across its own buffer sizes', async () => {
    const bytes = patternBytes(300_001)
    for (const [size, cut] of [
      [4095, 1000],
      [4096, 4096],
      [4097, 7],
      [65_536, 4099],
      [262_144, 65_536],
      [CHUNK_BYTES_MAX, 65_536],
    ] as const) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, index) =>
        bytes.slice(index * cut, (index + 1) * cut),
      )
      const chunks = await chunksOf(size, ...pieces)
      expect(Buffer.compare(concat(chunks), bytes)).toBe(0)
      expect(chunks[0]).toHaveLength(Math.min(size, bytes.length))
    }
  })

  test('gives views of a piece that holds whole chunks, and copies of the rest', async () => {
    const piece = patternBytes(10)
    const chunks = await chunksOf(4, piece)
    expect(chunks.map((chunk) => chunk.buffer === piece.buffer)).toEqual([true, true, false])
    const whole = patternBytes(8)
    expect((await chunksOf(4, whole, whole)).every((chunk) => chunk.buffer === whole.buffer)).toBe(true)
  })

  test('gives chunks that later pieces do not change', async () => {
    const seen: Uint8Array[] = []
    const copies: Uint8Array[] = []
    for await (const chunk of parseChunker('size-5')(
      streamOf(...[...patternBytes(60)].map((byte) => Uint8Array.of(byte))),
    )) {
      seen.push(chunk)
      copies.push(Uint8Array.from(chunk))
    }
    expect(seen).toEqual(copies)
  })

  test('gives nothing for no bytes', async () => {
    expect(await chunksOf(4)).toEqual([])
    expect(await chunksOf(4, new Uint8Array(0), new Uint8Array(0))).toEqual([])
  })

  test('ends its source when the consumer ends early', async () => {
    let isEnded = false
    async function* source() {
      try {
        for (;;) yield new Uint8Array(10)
      } finally {
        isEnded = true
      }
    }
    for await (const _ of parseChunker('size-4')(source())) break
    expect(isEnded).toBe(true)
  })
})

describe('parseChunker', () => {
  test.each([
    'size-0',
    `size-${CHUNK_BYTES_MAX + 1}`,
    'size-99999999999',
    `size-${'9'.repeat(400)}`,
    'rabin-15-32-64',
    'rabin-16-16-64',
    'rabin-16-64-64',
    'rabin-64-32-16',
    `rabin-16-32-${CHUNK_BYTES_MAX + 1}`,
    'rabin-47',
    'rabin-0',
    'rabin-1397932',
    'fastcdc-63-128-256',
    'fastcdc-255',
    'fastcdc-2096896',
  ])('refuses %s as out of range', (text) => expectCode('INVALID', () => parseChunker(text)))

  test.each([
    '',
    'size',
    'size-',
    'size--1',
    'size-1.5',
    'size-1e3',
    'size-0x10',
    ' size-1',
    'size-1\n',
    'SIZE-1',
    'rabid',
    'size-1-2',
    'rabin-',
    'rabin-a',
    'rabin-16-32',
    'rabin-16-32-64-128',
    'rabin-avg:16-avg:32-max:64',
    'rabin-16.5-32-64',
    'buzhash-1',
    'buzhash-',
    'fastcdc-1e5',
  ])('does not know %j', (text) => expectCode('UNSUPPORTED', () => parseChunker(text)))

  test('accepts both ends of the range', () => {
    for (const form of [
      'size-1',
      `size-${CHUNK_BYTES_MAX}`,
      'rabin-48',
      'rabin-1397930',
      `rabin-16-17-${CHUNK_BYTES_MAX}`,
      'rabin-min:16-avg:32-max:64',
      'fastcdc-256',
      'fastcdc-2096895',
      `fastcdc-64-65-${CHUNK_BYTES_MAX}`,
    ]) {
      expect(parseChunker(form)).toBeTypeOf('function')
    }
  })
})
