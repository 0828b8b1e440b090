import fc from 'fast-check'
import { base16, base16upper } from 'multiformats/bases/base16'
import { base2 } from 'multiformats/bases/base2'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64, base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, test } from 'vitest'
import { blockKey, createBlock, decodeCid, parseCid, viewCid } from '../../src/index.ts'
import { expectCode, expectDecoded } from '../support/expect-code.ts'

const BASES = [base58btc, base32, base36, base16, base64url, base64, base32upper, base36upper, base16upper]
const V0 = createBlock(Uint8Array.of(10, 0), { codec: 0x70, cidVersion: 0 }).cid

const anyCid = fc
  .record({
    codec: fc.constantFrom(0x55, 0x70, 0x71, 0x0129, 0x7f, 0xff_ff_ff),
    digest: fc.uint8Array({ maxLength: 128 }),
  })
  .map(({ codec, digest }) => CID.createV1(codec, createDigest(0, digest)))

describe('parseCid', () => {
  test.each(BASES)('reads $name', (base) => {
    fc.assert(
      fc.property(anyCid, (cid) => {
        const parsed = parseCid(base.encode(cid.bytes))
        expect(parsed.bytes).toEqual(cid.bytes)
      }),
      { numRuns: 30 },
    )
  })

  test('reads version 0 in its one form', async () => {
    expect(parseCid(V0.toString()).equals(V0)).toBe(true)
    for (const base of BASES) await expectCode('INVALID', () => parseCid(base.encode(V0.bytes)))
    await expectCode('INVALID', () => parseCid(V0.toString().slice(0, 45)))
    await expectCode('INVALID', () => parseCid(`${V0.toString()}a`))
  })

  test.each(['', 'b', 'Qm', 'bafy', ' bafkqaaa', '/ipfs/bafkqaaa', 'bafkqaaa\0', '☃'])('refuses %j', async (text) => {
    await expectCode('INVALID', () => parseCid(text))
  })

  test('reads padding and mixed case, and prints neither', () => {
    for (const text of ['bafkqaaa', 'bAFkqAAa', 'bafkqaaa=', 'BAFKQAAA'])
      expect(parseCid(text).toString()).toBe('bafkqaaa')
  })

  test('refuses a base that nobody sends, and text without end', async () => {
    await expectCode('INVALID', () => parseCid(base2.encode(V0.toV1().bytes)))
    await expectCode('INVALID', () => parseCid(`b${'a'.repeat(5_000_000)}`))
    await expectCode('INVALID', () => parseCid(`z${'1'.repeat(511)}`))
  })

  test('refuses versions 2 and 3', async () => {
    for (const version of [2, 3]) {
      const bytes = Uint8Array.from(V0.toV1().bytes)
      bytes[0] = version
      await expectCode('INVALID', () => parseCid(base32.encode(bytes)))
    }
  })

  test('checks the multihash', async () => {
    const text = (code: number, length: number) =>
      CID.createV1(0x55, createDigest(code, new Uint8Array(length))).toString()
    await expectCode('DENIED', () => parseCid(text(0x22, 32)))
    await expectCode('INVALID', () => parseCid(text(0x12, 19)))
    await expectCode('LIMIT', () => parseCid(text(0x12, 33)))
    await expectCode('LIMIT', () => parseCid(text(0, 129)))
  })

  test('hostile text gives only CairnErrors', async () => {
    const alphabet = fc.constantFrom(...'bkzfumBKFQm1aA0_-+/=\0é☃'.split(''))
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.oneof(alphabet, fc.string()), maxLength: 80 }), (text) =>
        expectDecoded(() => parseCid(text)),
      ),
    )
  })
})

describe('decodeCid', () => {
  test('reads what was written, to the byte', () => {
    fc.assert(
      fc.property(anyCid, (cid) => {
        expect(decodeCid(cid.bytes).bytes).toEqual(cid.bytes)
      }),
    )
    expect(decodeCid(V0.bytes).version).toBe(0)
  })

  test('gives only CairnErrors, and nothing but the bytes it read', async () => {
    const start = fc.constantFrom([1, 0x55], [1, 0x70, 0x12, 0x20], [0x12, 0x20], [1, 0x55, 0], [0, 0x70, 0x12, 0x20])
    const hostile = fc
      .tuple(start, fc.uint8Array({ maxLength: 40 }))
      .map(([head, tail]) => Uint8Array.from([...head, ...tail]))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), hostile), (bytes) =>
        expectDecoded(() => expect(decodeCid(bytes).bytes).toEqual(bytes)),
      ),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['a version 0 with the prefix of a version 1', [0, 0x70, 0x12, 0x20, ...new Uint8Array(32)]],
    ['a version 0 with another hash', [0, 0x70, 0x1e, 0x20, ...new Uint8Array(32)]],
    ['a version 0 without a hash', [0, 0x70, 0, 1, 1]],
    ['a version 0 with a short digest', [0x12, 0x14, ...new Uint8Array(20)]],
    ['a byte too many', [...V0.toV1().bytes, 0]],
    ['a byte too few', [...V0.toV1().bytes.subarray(0, 35)]],
    ['more bytes than any CID has', [1, 0x55, 0x12, 0xa4, 1, ...new Uint8Array(164)]],
    ['a padded number', [1, 0xd5, 0, 0x12, 0x20, ...new Uint8Array(32)]],
  ])('refuses %s', async (_, bytes) => {
    await expectCode('INVALID', () => decodeCid(Uint8Array.from(bytes)))
  })
})

test('blockKey is equal for every CID of one multihash, and for no other', () => {
  expect(blockKey(V0)).toBe(blockKey(V0.toV1()))
  expect(blockKey(V0)).toBe(blockKey(CID.createV1(0x55, V0.multihash)))
  expect(blockKey(V0)).not.toBe(blockKey(createBlock(Uint8Array.of(1), { codec: 0x55 }).cid))
})

describe('viewCid', () => {
  const digest = Uint8Array.from({ length: 32 }, (_, index) => index)
  const forms = [
    CID.createV1(0x55, createDigest(0x12, digest)),
    CID.createV1(0x71, createDigest(0x12, digest)),
    CID.createV1(0x0129, createDigest(0x12, digest)),
    CID.createV1(0x55, createDigest(0x12, digest.subarray(0, 20))),
    CID.createV1(0x55, createDigest(0xb220, digest)),
    CID.createV0(createDigest(0x12, digest)),
  ]

  test.each(forms.map((cid) => [cid.toString(), cid]))('reads %s as CID.decode does', (text, cid) => {
    for (const bytes of [cid.bytes, Buffer.from(cid.bytes), Uint8Array.of(9, ...cid.bytes, 9).subarray(1, -1)]) {
      const read = viewCid(bytes)
      expect(read).toEqual(CID.decode(cid.bytes))
      expect(read.toString()).toBe(text)
      expect(read.multihash.digest.constructor).toBe(Uint8Array)
    }
  })

  test('refuses what CID.decode refuses', () => {
    const [{ bytes }] = [CID.createV1(0x55, createDigest(0x12, digest))]
    for (const bad of [bytes.subarray(0, 35), Uint8Array.of(...bytes, 0), bytes.with(0, 2), bytes.with(3, 33)])
      expect(() => viewCid(bad)).toThrow(Error)
  })
})
