import { encode as encodePb, prepare } from '@ipld/dag-pb'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createBlock,
  decodeUnixFS,
  encodeUnixFS,
  ProtobufWriter,
  type UnixFSData,
  type UnixFSType,
} from '../../src/index.ts'
import { expectCode, expectDecoded } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'

const DAG_PB = 0x70
const NOTHING = new Uint8Array(0)
const A = rawBlock(1).cid

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const decoded = (bytes: Uint8Array) => decodeUnixFS(createBlock(bytes, { codec: DAG_PB }))
/** A node of this UnixFS message, in hex, and as many links. */
const nodeOf = (message: string, links = 0) =>
  encodePb(
    prepare({
      Data: Buffer.from(message, 'hex'),
      Links: Array.from({ length: links }, () => ({ Hash: A, Name: '', Tsize: 1 })),
    }),
  )

const anyTime = fc.record({
  seconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  nanoseconds: fc.nat(999_999_999),
})
const anyMetadata = fc.record({
  mode: fc.option(fc.nat(0xff_ff_ff_ff), { nil: undefined }),
  mtime: fc.option(anyTime, { nil: undefined }),
})

const anyFile: fc.Arbitrary<UnixFSData> = fc
  .record({
    data: fc.uint8Array({ maxLength: 50 }),
    blockSizes: fc.array(fc.nat(2 ** 40), { maxLength: 5 }),
    metadata: anyMetadata,
  })
  .map(({ data, blockSizes, metadata }) => {
    return {
      type: 'file',
      data,
      blockSizes,
      fileSize: blockSizes.reduce((sum, size) => sum + size, data.length),
      ...metadata,
    }
  })

const anyOther: fc.Arbitrary<UnixFSData> = fc
  .record({
    type: fc.constantFrom<UnixFSType>('directory', 'metadata', 'symlink', 'hamt-shard'),
    data: fc.uint8Array({ maxLength: 50 }),
    hashType: fc.option(fc.nat(), { nil: undefined }),
    fanout: fc.option(fc.nat(), { nil: undefined }),
    metadata: anyMetadata,
  })
  .map(({ metadata, ...rest }) => ({ ...rest, blockSizes: [], ...metadata }))

describe('encodeUnixFS and decodeUnixFS', () => {
  test('give back what went in', () => {
    fc.assert(
      fc.property(fc.oneof(anyFile, anyOther), (data) => {
        const links = data.blockSizes.map(() => ({ Hash: A, Name: '', Tsize: 1 }))
        const node = decoded(encodeUnixFS(data, links))
        const present = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
        expect({ ...node.data, data: Uint8Array.from(node.data.data) }).toEqual(present)
        expect(node.links).toHaveLength(links.length)
      }),
    )
  })

  test.each<[string, UnixFSData, string]>([
    ['an empty file', { type: 'file', data: NOTHING, fileSize: 0, blockSizes: [] }, '0a0408021800'],
    ['an empty directory', { type: 'directory', data: NOTHING, blockSizes: [] }, '0a020801'],
    ['an empty part of a trickle file', { type: 'raw', data: NOTHING, fileSize: 0, blockSizes: [] }, '0a0408001800'],
    ['a symlink', { type: 'symlink', data: Buffer.from('a'), blockSizes: [] }, '0a0508041201 61'.replace(' ', '')],
    [
      'a mode of 0755, which is written',
      { type: 'directory', data: NOTHING, blockSizes: [], mode: 0o755 },
      '0a05080138ed03',
    ],
    [
      'a time without nanoseconds',
      { type: 'directory', data: NOTHING, blockSizes: [], mtime: { seconds: 5n, nanoseconds: 0 } },
      '0a06080142020805',
    ],
    [
      'a time with them',
      { type: 'directory', data: NOTHING, blockSizes: [], mtime: { seconds: 0n, nanoseconds: 1 } },
      '0a0b080142070800 1501000000'.replace(' ', ''),
    ],
    [
      'a time before 1970',
      { type: 'directory', data: NOTHING, blockSizes: [], mtime: { seconds: -1n, nanoseconds: 0 } },
      '0a0f0801420b08ffffffffffffffffff01',
    ],
  ])('%s has the bytes of the specification', (_, data, hex) => {
    expect(hexOf(encodeUnixFS(data, []))).toBe(hex)
    const { type, mode, mtime } = decoded(Buffer.from(hex, 'hex')).data
    expect({ type, mode, mtime }).toEqual({ type: data.type, mode: data.mode, mtime: data.mtime })
  })

  test('sizes of parts are not packed, and links carry an empty name', () => {
    const data: UnixFSData = { type: 'file', data: NOTHING, fileSize: 300, blockSizes: [100, 200] }
    const hex = hexOf(
      encodeUnixFS(
        data,
        [0, 1].map(() => ({ Hash: A, Name: '', Tsize: 1 })),
      ),
    )
    expect(hex.endsWith('0a0a 0802 18ac02 2064 20c801'.replaceAll(' ', ''))).toBe(true)
    expect(hex).toContain(`${hexOf(A.bytes)}12001801`)
  })
})

describe('decodeUnixFS', () => {
  test('takes raw blocks for files, and no other codec', async () => {
    expect(decodeUnixFS(rawBlock(1)).data).toMatchObject({
      type: 'file',
      data: rawBlock(1).bytes,
      fileSize: rawBlock(1).bytes.length,
    })
    for (const codec of [0x71, 0x0129, 0x51])
      await expectCode('UNSUPPORTED', () => decodeUnixFS(createBlock(NOTHING, { codec })))
  })

  test('reads packed sizes, a missing size, fields that it does not know and fields in any order', () => {
    expect(decoded(nodeOf('0802180a22020406', 2)).data.blockSizes).toEqual([4, 6])
    expect(decoded(nodeOf('08022004', 1)).data).toMatchObject({ blockSizes: [4] })
    expect(decoded(nodeOf('0801 7a0161'.replace(' ', ''))).data.type).toBe('directory')
    expect(decoded(nodeOf('1800 0802'.replace(' ', ''))).data).toMatchObject({ type: 'file', fileSize: 0 })
  })

  test.each([
    ['more sizes than links', '0802180820042004', 1],
    ['more links than sizes', '080218042004', 2],
    ['a size that is not the sum', '080218052004', 1],
    ['a size without its own data', '08021201611800', 0],
    ['sizes beyond what can be counted', '080220ffffffffffffff0f20ffffffffffffff0f', 2],
    ['a size beyond 2^53', '0802208080808080808010', 1],
    ['no type', '1800', 0],
    ['an unknown type', '0806', 0],
    ['a time without seconds', '0801420015', 0],
    ['a time of no fields', '08014200', 0],
    ['too many nanoseconds', '08014207080015 00ca9a3b'.replace(' ', ''), 0],
    ['a type that is bytes', '0a0101', 0],
    ['half a field', '08021205', 0],
  ])('refuses %s', async (_, message, links) => {
    await expectCode('INVALID', () => decoded(nodeOf(message, links)))
  })

  test('refuses names on the parts of a file, and nodes without a message', async () => {
    const data = new ProtobufWriter().varint(1, 2).varint(3, 4).varint(4, 4).finish()
    await expectCode('INVALID', () => decoded(encodePb({ Data: data, Links: [{ Hash: A, Name: 'x', Tsize: 1 }] })))
    expect(decoded(encodePb({ Data: data, Links: [{ Hash: A }] })).links).toHaveLength(1)
    await expectCode('INVALID', () => decoded(NOTHING))
    await expectCode('INVALID', () => decoded(encodePb({ Data: NOTHING, Links: [] })))
  })

  test('hostile bytes give only CairnErrors', async () => {
    const message = fc.uint8Array({ maxLength: 40 }).map((bytes) => encodePb({ Data: bytes, Links: [] }))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 100 }), message), (bytes) =>
        expectDecoded(() => decoded(bytes)),
      ),
      { numRuns: 1000 },
    )
  })
})
