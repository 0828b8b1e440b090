import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { expect, test } from 'vitest'
import { nodeKey } from '../../src/dag/walk.ts'
import { blockKey } from '../../src/index.ts'
import { mayHoldDigest, packedBlockKey, packedCid, packedCids, packedNodeKey } from '../../src/pins/packed-cids.ts'
import { expectDecoded } from '../support/expect-code.ts'

const anyCid = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((digest) => CID.createV0(create(0x12, digest))),
  fc
    .tuple(
      fc.constantFrom(0x55, 0x70, 0x71, 0x0129),
      fc.constantFrom(0, 0x12, 0x1e, 0xb220),
      fc.uint8Array({ maxLength: 130 }),
    )
    .map(([codec, hash, digest]) => CID.createV1(codec, create(hash, digest))),
)

test('packed CIDs come apart again, with the keys that they have elsewhere', () => {
  fc.assert(
    fc.property(fc.array(anyCid, { maxLength: 20 }), (cids) => {
      const packed = concat(cids.map(({ bytes }) => bytes))
      const places = [...packedCids(packed)]
      expect(places.map((place) => packedCid(packed, place).toString())).toEqual(cids.map(String))
      expect(places.map((place) => packedBlockKey(packed, place))).toEqual(cids.map(blockKey))
      expect(places.map((place) => packedNodeKey(packed, place))).toEqual(cids.map(nodeKey))
      for (const cid of cids) expect(mayHoldDigest(packed, cid.multihash.digest)).toBe(true)
    }),
  )
})

test('other bytes give CIDs or CORRUPT, and never end in another way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCid, { maxLength: 4 }), fc.uint8Array(), fc.nat(), async (cids, bytes, cut) => {
      const packed = concat(cids.map((cid) => cid.bytes))
      await expectDecoded(() => [...packedCids(bytes)])
      await expectDecoded(() => [...packedCids(concat([packed, bytes]))])
      await expectDecoded(() => [...packedCids(packed.subarray(0, cut % (packed.length + 1)))])
    }),
  )
})
