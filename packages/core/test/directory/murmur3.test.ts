import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur3 } from '../../src/directory/murmur3.ts'
import { SAME_HASH } from './hamt-fixtures.ts'

test.each([
  ['470.txt', '006e88df5847e67c'],
  ['', '0000000000000000'],
])('hashes %j', (name, hash) => {
  expect(hex(Buffer.from(name))).toBe(hash)
})

test('agrees with the plain form of the function over BigInt', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(hex(bytes)).toBe(plainMurmur3(bytes).toString(16).padStart(16, '0'))
    }),
    { numRuns: 500 },
  )
})

test('gives one hash for names that collide', () => {
  expect(new Set(SAME_HASH.map((name) => hex(Buffer.from(name)))).size).toBe(1)
})

function hex(bytes: Uint8Array): string {
  const { high, low } = murmur3(bytes)
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

const u64 = (value: bigint) => BigInt.asUintN(64, value)
const rotate = (value: bigint, bits: bigint) => u64((value << bits) | (value >> (64n - bits)))

/** The function as its author wrote it, first half of the result. */
function plainMurmur3(bytes: Uint8Array): bigint {
  const [c1, c2] = [0x87c37b91114253d5n, 0x4cf5ad432745937fn]
  const mix1 = (word: bigint) => u64(rotate(u64(word * c1), 31n) * c2)
  const mix2 = (word: bigint) => u64(rotate(u64(word * c2), 33n) * c1)
  const finish = (hash: bigint) => {
    const first = u64((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn)
    const second = u64((first ^ (first >> 33n)) * 0xc4ceb9fe1a85ec53n)
    return second ^ (second >> 33n)
  }
  const padded = Buffer.concat([bytes, Buffer.alloc(16)])
  let [h1, h2, at] = [0n, 0n, 0]
  for (; at + 16 <= bytes.length; at += 16) {
    h1 = u64((rotate(h1 ^ mix1(padded.readBigUInt64LE(at)), 27n) + h2) * 5n + 0x52dce729n)
    h2 = u64((rotate(h2 ^ mix2(padded.readBigUInt64LE(at + 8)), 31n) + h1) * 5n + 0x38495ab5n)
  }
  h1 ^= mix1(padded.readBigUInt64LE(at)) ^ BigInt(bytes.length)
  h2 ^= mix2(padded.readBigUInt64LE(at + 8)) ^ BigInt(bytes.length)
  h1 = u64(h1 + h2)
  h2 = u64(h2 + h1)
  return u64(finish(h1) + finish(h2))
}
