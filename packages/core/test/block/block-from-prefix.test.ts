import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockFromPrefix, createBlock, HASH_NAMES, hashByName, type CidPrefix } from '../../src/index.ts'

const SHA2_256 = 0x12
const RAW: CidPrefix = { version: 1, codec: 0x55, hash: SHA2_256, digestBytes: 32 }

describe('blockFromPrefix', () => {
  test('gives the same block as createBlock for every hash and codec', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...HASH_NAMES),
        fc.constantFrom(0x55, 0x71),
        (bytes, name, codec) => {
          const { code, digestBytes } = hashByName(name)
          const block = blockFromPrefix({ version: 1, codec, hash: code, digestBytes }, bytes)
          expect(block.cid.equals(createBlock(bytes, { codec, hash: name }).cid)).toBe(true)
          expect(block.bytes).toBe(bytes)
        },
      ),
    )
  })

  test('gives a version 0 CID for dag-pb', () => {
    const bytes = Uint8Array.of(10, 0)
    const block = blockFromPrefix({ version: 0, codec: 0x70, hash: SHA2_256, digestBytes: 32 }, bytes)
    expect(block.cid.toString()).toBe(createBlock(bytes, { codec: 0x70, cidVersion: 0 }).cid.toString())
  })

  test('truncates a digest down to 20 bytes', () => {
    const block = blockFromPrefix({ ...RAW, digestBytes: 20 }, Uint8Array.of(1))
    expect(block.cid.multihash.digest).toEqual(
      createBlock(Uint8Array.of(1), { codec: 0x55 }).cid.multihash.digest.subarray(0, 20),
    )
  })

  test.each([
    ['UNSUPPORTED', { ...RAW, hash: 0 }, 1],
    ['UNSUPPORTED', { ...RAW, hash: 0x22 }, 1],
    ['INVALID', { ...RAW, digestBytes: 19 }, 1],
    ['LIMIT', { ...RAW, digestBytes: 33 }, 1],
    ['LIMIT', { ...RAW, hash: 0x1e, digestBytes: 129 }, 1],
    ['LIMIT', RAW, 2 * 1024 * 1024 + 1],
    ['INVALID', { ...RAW, version: 0 as const }, 1],
    ['INVALID', { ...RAW, version: 0 as const, codec: 0x70, digestBytes: 31 }, 1],
  ] as const)('refuses with %s: %j', (code, prefix, length) => {
    expect(() => blockFromPrefix(prefix, new Uint8Array(length))).toThrow(expect.objectContaining({ code }))
  })
})
