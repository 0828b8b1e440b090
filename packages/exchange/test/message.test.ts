import { CairnError, createBlock, DAG_PB_CODE, HASH_NAMES, hashByName, ProtobufWriter, RAW_CODE } from '@cairn/core'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, type WantEntry } from '../src/message.ts'

const HELLO = createBlock(new TextEncoder().encode('hello'), { codec: RAW_CODE })
const EMPTY_DIR = createBlock(Uint8Array.of(10, 2, 8, 1), { codec: DAG_PB_CODE, cidVersion: 0 })

const cids = fc
  .record({
    version: fc.constantFrom(0, 1),
    codec: fc.constantFrom(RAW_CODE, 0x71, 0x0129),
    name: fc.constantFrom(...HASH_NAMES),
  })
  .chain(({ version, codec, name }) => {
    const { code, digestBytes } = hashByName(version === 0 ? 'sha2-256' : name)
    const digests = fc.uint8Array({ minLength: digestBytes, maxLength: digestBytes })
    return digests.map((digest) =>
      CID.create(version === 0 ? 0 : 1, version === 0 ? DAG_PB_CODE : codec, createDigest(code, digest)),
    )
  })

const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const wants: fc.Arbitrary<WantEntry> = fc.record({
  cid: cids,
  priority: int32,
  cancel: fc.boolean(),
  type: fc.constantFrom('block', 'have'),
  sendDontHave: fc.boolean(),
})
const blocks = fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(...HASH_NAMES)).map(([bytes, hash]) => {
  return createBlock(bytes, { codec: 0x0129, hash })
})

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

describe('bytes of docs/formats/bitswap.md', () => {
  test.each([
    [
      'want',
      { wants: [{ cid: HELLO.cid, priority: 0x7fff_ffff, cancel: false, type: 'block' as const, sendDontHave: true }] },
      '0a30 0a2e 0a24 01551220 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 10ffffffff07 2801',
    ],
    [
      'cancel',
      { wants: [{ cid: EMPTY_DIR.cid, priority: 0, cancel: true, type: 'block' as const, sendDontHave: false }] },
      '0a2a 0a28 0a22 1220 e3b0 1000 1801',
    ],
    ['block', { blocks: [HELLO] }, '1a0d 0a04 01551220 1205 68656c6c6f'],
    ['version 0 block', { blocks: [EMPTY_DIR] }, '1a0c 0a04 00701220 1204 0a020801'],
    [
      'have',
      { presences: [{ cid: HELLO.cid, has: true }] },
      '2226 0a24 01551220 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    ],
    [
      'dont have, 300 bytes pending',
      { presences: [{ cid: HELLO.cid, has: false }], pendingBytes: 300 },
      '2228 0a24 01551220 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 1001 28ac02',
    ],
    ['empty full list', { full: true }, '0a02 1001'],
  ])('%s', (_, parts, expected) => {
    const digest = Buffer.from(EMPTY_DIR.cid.multihash.digest).toString('hex')
    expect(Buffer.from(encodeMessage(parts)).toString('hex')).toBe(expected.replace('e3b0', digest).replaceAll(' ', ''))
  })
})

describe('decoding', () => {
  test('gives back what was encoded', () => {
    const presences = fc.record({ cid: cids, has: fc.boolean() })
    const parts = fc.record({
      full: fc.boolean(),
      wants: fc.array(wants, { maxLength: 5 }),
      blocks: fc.array(blocks, { maxLength: 5 }),
      presences: fc.array(presences, { maxLength: 5 }),
      pendingBytes: fc.nat(),
    })
    fc.assert(
      fc.property(parts, (message) => {
        const decoded = decodeMessage(encodeMessage(message))
        expect(decoded.full).toBe(message.full)
        expect(decoded.pendingBytes).toBe(message.pendingBytes)
        expect(JSON.stringify([decoded.wants, decoded.presences])).toBe(
          JSON.stringify([message.wants, message.presences]),
        )
        expect(decoded.blocks.map(({ bytes }) => Buffer.from(bytes))).toEqual(
          message.blocks.map(({ bytes }) => Buffer.from(bytes)),
        )
        expect(
          decoded.blocks.map(({ prefix }) => [prefix.version, prefix.codec, prefix.hash, prefix.digestBytes]),
        ).toEqual(message.blocks.map(({ cid }) => [cid.version, cid.code, cid.multihash.code, cid.multihash.size]))
      }),
    )
  })

  test('throws nothing but CairnError on any bytes', () => {
    const flipped = fc.tuple(blocks, fc.nat(), fc.nat(255)).map(([block, at, byte]) => {
      const bytes = encodeMessage({ blocks: [block], presences: [{ cid: block.cid, has: true }] })
      bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), flipped), (bytes) => {
        try {
          decodeMessage(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CairnError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('reads blocks of version 1.0.0', () => {
    const bytes = new ProtobufWriter().bytes(2, EMPTY_DIR.bytes).finish()
    expect(decodeMessage(bytes).blocks).toEqual([
      { prefix: { version: 0, codec: DAG_PB_CODE, hash: 0x12, digestBytes: 32 }, bytes: EMPTY_DIR.bytes },
    ])
  })

  test('keeps pending bytes within their 32 bits', () => {
    expect(decodeMessage(encodeMessage({ pendingBytes: 4096 * 2 * 1024 * 1024 })).pendingBytes).toBe(0x7fff_ffff)
  })

  test('takes a priority left out as 1 and keeps negative numbers', () => {
    const entry = new ProtobufWriter().bytes(1, HELLO.cid.bytes).finish()
    const bytes = new ProtobufWriter().bytes(1, new ProtobufWriter().bytes(1, entry).finish()).varint(5, -7).finish()
    const { wants: read, pendingBytes } = decodeMessage(bytes)
    expect(read).toMatchObject([{ priority: 1, cancel: false, type: 'block', sendDontHave: false }])
    expect(pendingBytes).toBe(-7)
  })

  test.each([
    ['identity', hex('01550003 616263')],
    ['murmur3', hex('01552208 0102030405060708')],
    ['a digest of 19 bytes', hex(`01551213 ${'11'.repeat(19)}`)],
    ['a digest of 200 bytes', hex(`01551ec801 ${'11'.repeat(200)}`)],
    ['more than 168 bytes that are no CID', new Uint8Array(169)],
  ])('passes over wants and presences with a CID of %s', (_, cid) => {
    const entry = new ProtobufWriter().bytes(1, cid).finish()
    const list = new ProtobufWriter().bytes(1, entry).finish()
    const bytes = new ProtobufWriter().bytes(1, list).bytes(4, entry).finish()
    expect(decodeMessage(bytes)).toMatchObject({ wants: [], presences: [] })
  })

  const CID_HEX = `0a24 01551220 ${'11'.repeat(32)}`
  const BLOCK = { blocks: [{ bytes: Buffer.from('h') }] }
  test.each([
    ['unknown fields', `0a31 0a2f ${CID_HEX} 3005 3a00 4500000000`, { wants: [{ priority: 1 }] }],
    ['the last of repeated scalars', `0a2c 0a2a ${CID_HEX} 1005 1009`, { wants: [{ priority: 9 }] }],
    ['want lists in parts as one', `0a28 0a26 ${CID_HEX} 0a02 1001`, { full: true, wants: [{ type: 'block' }] }],
    ['a negative priority of ten bytes', `0a33 0a31 ${CID_HEX} 10ffffffffffffffffff01`, { wants: [{ priority: -1 }] }],
    ['a want of a type to come: passed over', `0a2a 0a28 ${CID_HEX} 2002`, { wants: [] }],
    ['a want of a negative type: passed over', `0a33 0a31 ${CID_HEX} 20ffffffffffffffffff01`, { wants: [] }],
    ['a cancel of a type to come', `0a2c 0a2a ${CID_HEX} 1801 2002`, { wants: [{ cancel: true }] }],
    ['a presence of a type to come: passed over', `2228 ${CID_HEX} 1002`, { presences: [] }],
    ['the last of repeated data', '1a0c 0a0401551220 120167 120168', BLOCK],
    ['data before its prefix', '1a09 120168 0a0401551220', BLOCK],
    ['a block of no bytes', '1a06 0a0401551220', { blocks: [{ bytes: Buffer.alloc(0) }] }],
    [
      'a block of version 1.0.0 beside one of 1.1.0',
      '120167 1a09 0a0401551220 120168',
      { blocks: [{ prefix: { version: 0 } }, { prefix: { version: 1 } }] },
    ],
    ['pending bytes twice', '2801 2805', { pendingBytes: 5 }],
    ['nothing', '', { wants: [], blocks: [], presences: [], full: false, pendingBytes: 0 }],
  ])('reads %s', (_, bytes, expected) => {
    const { blocks: read, ...others } = decodeMessage(hex(bytes))
    const plain = read.map((block) => ({ ...block, bytes: Buffer.from(block.bytes) }))
    expect({ ...others, blocks: plain }).toMatchObject(expected)
  })

  test.each([
    ['a want without CID', '0a02 0a00'],
    ['a presence without CID', '2200'],
    ['a presence with half a CID', '2206 0a04 01551220'],
    ['a CID with padded varints', `2227 0a25 8100551220 ${'11'.repeat(32)}`],
    ['CID version 2', `2226 0a24 02551220 ${'11'.repeat(32)}`],
    ['a block without prefix', '1a03 120168'],
    ['a prefix of three numbers', '1a08 0a03015512 120168'],
    ['a prefix of version 2', '1a09 0a0402551220 120168'],
    ['a field of the wrong type', '0801'],
    ['a length past the end', '1aff01 00'],
  ])('refuses %s with INVALID', (_, bytes) => {
    expect(() => decodeMessage(hex(bytes))).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  test('refuses more than 4 MiB and more than 16,384 parts with LIMIT', () => {
    const limit = expect.objectContaining({ code: 'LIMIT' })
    expect(() => decodeMessage(new Uint8Array(4 * 1024 * 1024 + 1))).toThrow(limit)
    const parts = Buffer.alloc(2 * 16_385, Uint8Array.of(0x12, 0))
    expect(decodeMessage(parts.subarray(2)).blocks).toHaveLength(16_384)
    expect(() => decodeMessage(parts)).toThrow(limit)
  })
})
