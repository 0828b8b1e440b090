import { createCipheriv, createHash } from 'node:crypto'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { describe, expect, test } from 'vitest'
import { parseChunker } from '../../src/index.ts'
import { all, anyPieces, patternBytes, streamOf } from '../support/bytes.ts'

const SMALL = ['rabin-16-32-64', 'fastcdc-64-100-300'] as const

const FORMS = ['rabin', 'buzhash', 'fastcdc', ...SMALL] as const

/** Bytes without a pattern that any rule could see. */
const randomBytes = (length: number, seed: string) =>
  createCipheriv('chacha20', createHash('sha256').update(seed).digest(), Buffer.alloc(16)).update(Buffer.alloc(length))

const chunksOf = (form: string, ...pieces: Uint8Array[]) => all(parseChunker(form)(streamOf(...pieces)))

const lengthsOf = async (form: string, ...pieces: Uint8Array[]) =>
  (await chunksOf(form, ...pieces)).map((chunk) => chunk.length)

describe.each(FORMS)('%s', (form) => {
  test('loses nothing and makes no empty chunk, whatever the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(anyPieces, async (pieces) => {
        const chunks = await chunksOf(form, ...pieces)
        expect(concat(chunks)).toEqual(concat(pieces))
        expect(chunks.every((chunk) => chunk.length > 0)).toBe(true)
      }),
    )
  })

  test('cuts at the same places whatever the pieces', async () => {
    const bytes = randomBytes(3_000_000, 'pieces')
    const whole = await lengthsOf(form, bytes)
    expect(whole.length).toBeGreaterThan(1)
    for (const size of [1 << 20, 65_537, 1000]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      expect(await lengthsOf(form, ...pieces)).toEqual(whole)
    }
  })

  test('gives chunks that later pieces do not change', async () => {
    const seen: Uint8Array[] = []
    const copies: Uint8Array[] = []
    const pieces = Array.from({ length: 40 }, (_, index) => patternBytes(50_000, index))
    for await (const chunk of parseChunker(form)(streamOf(...pieces))) {
      seen.push(chunk)
      copies.push(Uint8Array.from(chunk))
    }
    expect(seen.every((chunk, index) => Buffer.compare(chunk, copies[index] ?? new Uint8Array(0)) === 0)).toBe(true)
  })

  test('finds most chunks again after bytes were put in', async () => {
    const bytes = randomBytes(8_000_000, 'insert')
    const changed = concat([bytes.subarray(0, 1_000_001), Uint8Array.of(1, 2, 3), bytes.subarray(1_000_001)])
    const names = (chunks: readonly Uint8Array[]) =>
      new Set(chunks.map((chunk) => createHash('sha256').update(chunk).digest('hex')))
    const before = names(await chunksOf(form, bytes))
    const after = [...names(await chunksOf(form, changed))]
    expect(after.filter((name) => !before.has(name)).length).toBeLessThanOrEqual(4)
  })

  test('ends its source when the consumer ends early', async () => {
    let isEnded = false
    async function* source() {
      try {
        for (;;) yield new Uint8Array(1 << 20)
      } finally {
        isEnded = true
      }
    }
    for await (const _ of parseChunker(form)(source())) break
    expect(isEnded).toBe(true)
  })
})

test.each([
  ['rabin-16-32-64', 16, 64],
  ['fastcdc-64-100-300', 64, 300],
  ['fastcdc', 131_072, 2_096_896],
  ['buzhash', 131_072, 524_288],
  ['rabin', 87_381, 393_216],
] as const)('%s keeps its bounds', async (form, min, max) => {
  const lengths = await lengthsOf(form, randomBytes(6_000_000, 'bounds'))
  expect(lengths.slice(0, -1).every((length) => length >= min && length <= max)).toBe(true)
  expect(lengths.at(-1)).toBeLessThanOrEqual(max)
})

test('fastcdc cuts where it always did', async () => {
  expect(await lengthsOf('fastcdc-1024-4096-16384', randomBytes(50_000, 'frozen'))).toEqual([
    4599, 5807, 4373, 5887, 5255, 4770, 6688, 4145, 4127, 4349,
  ])
  expect(await lengthsOf('fastcdc', randomBytes(3_000_000, 'frozen'))).toEqual([
    606_594, 575_636, 141_598, 609_104, 585_639, 481_429,
  ])
  expect(await lengthsOf('fastcdc-1024-4096-16384', new Uint8Array(40_000))).toEqual([16_384, 16_384, 7232])
})
