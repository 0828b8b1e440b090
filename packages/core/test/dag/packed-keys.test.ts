import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { expect, test } from 'vitest'
import { PackedKeys } from '../../src/dag/packed-keys.ts'
import { nodeKey } from '../../src/dag/walk.ts'

const anyKey = fc
  .record({
    codec: fc.constantFrom(0x55, 0x70, 0x71, 0x0129),
    hash: fc.constantFrom(0x00, 0x12, 0x1e, 0x11),
    digest: fc.oneof(
      fc.uint8Array({ minLength: 20, maxLength: 64 }),
      fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => bytes.fill(0)),
    ),
    seed: fc.nat(3),
  })
  .map(({ codec, hash, digest, seed }) =>
    nodeKey(CID.createV1(codec, create(hash, Uint8Array.from([...digest, seed])))),
  )

test('is a set of keys, whatever they are', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 200 }), (keys) => {
      const [packed, plain] = [new PackedKeys(), new Set<string>()]
      for (const key of keys) {
        expect(packed.has(key)).toBe(plain.has(key))
        packed.add(key)
        plain.add(key)
        expect(packed.has(key)).toBe(true)
        expect(packed.size).toBe(plain.size)
      }
    }),
  )
})

test('grows over thousands of keys', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => {
    const digest = new Uint8Array(32)
    new DataView(digest.buffer).setUint32(index % 2 === 0 ? 28 : 16, index * 2_654_435_761)
    return nodeKey(CID.createV1(0x70, create(0x12, digest)))
  })
  const packed = new PackedKeys()
  for (const key of keys) packed.add(key)
  expect(keys.every((key) => packed.has(key))).toBe(true)
  expect(packed.size).toBe(new Set(keys).size)
})
