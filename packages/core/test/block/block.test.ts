import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, test } from 'vitest'
import {
  BLOCK_BYTES_MAX,
  createBlock,
  emptyBlock,
  HASH_NAMES,
  hashByName,
  identityBlock,
  relabelBlock,
  verifyBlock,
} from '../../src/index.ts'
import { expectCode } from '../support/expect-code.ts'

const RAW = 0x55
const DAG_PB = 0x70

/** A raw CIDv1 with this multihash. */
const cidOf = (code: number, digest: Uint8Array) => CID.createV1(RAW, createDigest(code, digest))

describe('createBlock and verifyBlock', () => {
  test.each(HASH_NAMES)('agree on %s, and a changed byte is refused', async (hash) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), async (bytes, at) => {
        const { cid } = createBlock(bytes, { codec: RAW, hash })
        expect(cid.multihash.code).toBe(hashByName(hash).code)
        expect(verifyBlock(cid, Uint8Array.from(bytes)).cid).toBe(cid)
        const changed = Uint8Array.from(bytes)
        changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ 1
        await expectCode('CORRUPT', () => verifyBlock(cid, changed))
      }),
      { numRuns: 30 },
    )
  })

  // Digests of the empty input as their specifications publish them.
  test.each([
    ['sha2-256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['sha3-256', 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a'],
    ['blake2b-256', '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8'],
    ['blake3', 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  ] as const)('%s gives the published digest of nothing', (hash, digest) => {
    const block = createBlock(new Uint8Array(0), { codec: RAW, hash })
    expect(Buffer.from(block.cid.multihash.digest).toString('hex')).toBe(digest)
    expect(emptyBlock(block.cid)?.bytes).toHaveLength(0)
  })

  test('the directory without entries is known by its hash', () => {
    const cid = CID.parse('QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn')
    expect(emptyBlock(cid)?.bytes).toEqual(Uint8Array.of(0x0a, 0x02, 0x08, 0x01))
    const other = createBlock(Uint8Array.of(0x0a, 0x02, 0x08, 0x01), { codec: RAW, hash: 'blake3' }).cid
    expect(emptyBlock(other)?.cid).toEqual(other)
  })

  test('accept 2 MiB and refuse a byte more', async () => {
    expect(createBlock(new Uint8Array(BLOCK_BYTES_MAX), { codec: RAW }).bytes).toHaveLength(BLOCK_BYTES_MAX)
    await expectCode('LIMIT', () => createBlock(new Uint8Array(BLOCK_BYTES_MAX + 1), { codec: RAW }))
  })

  test.each(HASH_NAMES)('a digest of %s may be cut to 20 bytes and no further', async (hash) => {
    const bytes = Uint8Array.of(1, 2, 3)
    const { code, digestBytes, digest } = hashByName(hash)
    for (const length of [20, 21, digestBytes - 1, digestBytes]) {
      const cid = cidOf(code, digest(bytes, length))
      expect(verifyBlock(cid, bytes).bytes).toBe(bytes)
      await expectCode('CORRUPT', () => verifyBlock(cid, Uint8Array.of(1, 2, 4)))
      expect(emptyBlock(cid)).toBeUndefined()
    }
    for (const length of [0, 1, 19]) {
      await expectCode('INVALID', () => verifyBlock(cidOf(code, digest(bytes, 20).subarray(0, length)), bytes))
    }
  })

  test('a digest longer than its function gives is refused; blake3 gives up to 128 bytes', async () => {
    for (const hash of HASH_NAMES.filter((name) => name !== 'blake3')) {
      const { code, digestBytes } = hashByName(hash)
      await expectCode('LIMIT', () => verifyBlock(cidOf(code, new Uint8Array(digestBytes + 1)), new Uint8Array(0)))
    }
    const { code, digest } = hashByName('blake3')
    const bytes = Uint8Array.of(7)
    expect(verifyBlock(cidOf(code, digest(bytes, 128)), bytes).bytes).toBe(bytes)
    await expectCode('LIMIT', () => verifyBlock(cidOf(code, digest(bytes, 129)), bytes))
  })

  // shake-128, murmur3-x64-64, blake2b-152, a code of no meaning.
  test.each([0x18, 0x22, 0xb213, 0x01, 0x0f_ff_ff])('hash function %s is denied', async (code) => {
    await expectCode('DENIED', () => verifyBlock(cidOf(code, new Uint8Array(32)), new Uint8Array(0)))
  })

  // sha1, sha3-512, shake-256, keccak-256, dbl-sha2-256, blake2b-160, blake2s-256.
  test.each([0x11, 0x14, 0x19, 0x1b, 0x56, 0xb214, 0xb260])(
    'hash function %s is allowed but unsupported',
    async (code) => {
      await expectCode('UNSUPPORTED', () => verifyBlock(cidOf(code, new Uint8Array(20)), new Uint8Array(0)))
      await expectCode('INVALID', () => verifyBlock(cidOf(code, new Uint8Array(19)), new Uint8Array(0)))
      await expectCode('LIMIT', () => verifyBlock(cidOf(code, new Uint8Array(129)), new Uint8Array(0)))
    },
  )

  test('hashByName names what it does not know', async () => {
    await expectCode('UNSUPPORTED', () => hashByName('md5'))
  })
})

describe('CIDv0', () => {
  test('is made of dag-pb with sha2-256 alone', async () => {
    const block = createBlock(new Uint8Array(0), { codec: DAG_PB, cidVersion: 0 })
    expect(block.cid.version).toBe(0)
    expect(block.cid.toString()).toHaveLength(46)
    await expectCode('INVALID', () => createBlock(new Uint8Array(0), { codec: RAW, cidVersion: 0 }))
    await expectCode('INVALID', () => createBlock(new Uint8Array(0), { codec: DAG_PB, hash: 'blake3', cidVersion: 0 }))
  })

  test('with another hash or length is refused', async () => {
    const { digest } = hashByName('sha2-256')
    const bytes = Uint8Array.of(1)
    for (const multihash of [
      createDigest(0x12, digest(bytes, 20)),
      createDigest(0x1e, hashByName('blake3').digest(bytes, 32)),
    ]) {
      // As dag-cbor decoders give it for a link that hostile bytes name so.
      const cid = CID.decode(Uint8Array.from([0, DAG_PB, ...multihash.bytes]))
      await expectCode('INVALID', () => verifyBlock(cid, bytes))
    }
  })
})

describe('identity', () => {
  test('holds 0 to 128 bytes', async () => {
    for (const length of [0, 1, 127, 128]) {
      const bytes = new Uint8Array(length).fill(length)
      expect(identityBlock(cidOf(0, bytes))?.bytes).toEqual(bytes)
      await expectCode('CORRUPT', () => verifyBlock(cidOf(0, bytes), new Uint8Array(length + 1)))
    }
    await expectCode('LIMIT', () => identityBlock(cidOf(0, new Uint8Array(129))))
  })

  test('is no other CID', () => {
    expect(identityBlock(createBlock(Uint8Array.of(1), { codec: RAW }).cid)).toBeUndefined()
  })
})

describe('relabelBlock', () => {
  test('gives the same bytes under another version and codec', () => {
    const block = createBlock(Uint8Array.of(1), { codec: DAG_PB, cidVersion: 0 })
    const v1 = relabelBlock(block, block.cid.toV1())
    expect(v1.cid.version).toBe(1)
    expect(v1.bytes).toBe(block.bytes)
    expect(relabelBlock(v1, CID.createV1(RAW, v1.cid.multihash)).cid.code).toBe(RAW)
    expect(relabelBlock(block, block.cid)).toBe(block)
  })

  test('refuses another multihash as the mistake that it is', () => {
    const [one, two] = [1, 2].map((byte) => createBlock(Uint8Array.of(byte), { codec: RAW }))
    expect(() => relabelBlock(one ?? expect.fail(), (two ?? expect.fail()).cid)).toThrow(TypeError)
  })
})
