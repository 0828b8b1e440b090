// Reading CARs: what other implementations wrote, what nobody should have written, and what @ipld/car makes of the same bytes.
import { CarReader } from '@ipld/car/reader'
import { CarWriter } from '@ipld/car/writer'
import { encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { describe, expect, test } from 'vitest'
import { concat } from 'uint8arrays/concat'
import { createBlock, identityBlock, readCar, type Block, type ErrorCode } from '../../src/index.ts'
import { PRAGMA_BYTES, V2_HEADER_BYTES } from '../../src/car/header.ts'
import { decodeVarint, encodeVarint, varintLength } from '../../src/car/varint.ts'
import { all, allBytes, patternBytes, streamOf } from '../support/bytes.ts'
import { anyDag, blockAt, cidAt } from '../support/dag.ts'
import { expectCode, expectDecoded } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'
import { carFixtures, carOf, fixtureBytes, fixturesMissing, inPieces, readAll } from './car-bytes.ts'

if (fixturesMissing !== undefined) console.warn(fixturesMissing)

const BLOCKS = [rawBlock(1), rawBlock(2), rawBlock(3)]
const ROOT = cidAt(BLOCKS, 0)

/** A section of these bytes. */
const section = (bytes: Uint8Array) => concat([encodeVarint(bytes.length), bytes])
const headerOf = (value: unknown) => section(encode(value))
const HEADER = headerOf({ roots: [ROOT], version: 1 })

describe.skipIf(fixturesMissing !== undefined)('fixtures', () => {
  test.each(carFixtures())('$file', async ({ file, verdict, version, roots, blocks, duplicates }) => {
    const bytes = fixtureBytes(file)
    for (const pieceBytes of [1, 7, bytes.length + 1]) {
      if (verdict === 'reject') {
        const failure = await readAll(bytes, { pieceBytes }).catch((error: unknown) => error)
        expect(failure).toHaveProperty('code')
        continue
      }
      const read = await readAll(bytes, { pieceBytes })
      expect(read.version).toBe(version)
      expect(read.roots.map(String)).toEqual(roots)
      expect(read.blocks).toHaveLength(blocks ?? NaN)
      const different = new Set(read.blocks.map(({ block }) => String(block.cid)))
      expect(read.blocks.length - different.size).toBe(duplicates)
    }
  })

  test('what is wrong with each broken one', async () => {
    const codes = {
      'empty.car': 'CORRUPT',
      'header-only-bytes.car': 'CORRUPT',
      'huge-section.car': 'LIMIT',
      'overlong-varint.car': 'INVALID',
      'section-shorter-than-cid.car': 'INVALID',
      'truncated.car': 'CORRUPT',
      'version-3.car': 'UNSUPPORTED',
      'wrong-hash.car': 'CORRUPT',
    } as const
    for (const [file, code] of Object.entries(codes))
      await expectCode(code, () => readAll(fixtureBytes(`broken/${file}`)))
  })
})

describe('a CAR of another form is refused', () => {
  const refused = async (code: ErrorCode, ...parts: Uint8Array[]) =>
    expect(await readAll(concat(parts)).catch((error: unknown) => error)).toHaveProperty('code', code)

  test('in its header', async () => {
    expect.hasAssertions()
    await refused('INVALID', Uint8Array.of(0))
    await refused('LIMIT', encodeVarint(2 ** 40))
    await refused('INVALID', headerOf({ roots: [], version: 1, more: 1 }))
    await refused('INVALID', headerOf({ version: 1 }))
    await refused('INVALID', headerOf({ roots: [] }))
    await refused('INVALID', headerOf({ roots: [1], version: 1 }))
    await refused('INVALID', headerOf([]))
    await refused('INVALID', section(concat([encode({ roots: [], version: 1 }), Uint8Array.of(0)])))
    // A list that claims 2^32 roots, and the version twice.
    await refused('LIMIT', section(Uint8Array.from([0xa1, 0x65, ...Buffer.from('roots'), 0x9a, 255, 255, 255, 255])))
    const version = [0x67, ...Buffer.from('version'), 1]
    await refused('INVALID', section(Uint8Array.from([0xa2, ...version, ...version])))
    // A number in more bytes than it needs.
    await refused('INVALID', section(Uint8Array.from([0xb8, 1, 0x67, ...Buffer.from('version'), 1])))
  })

  test('in a section', async () => {
    expect.hasAssertions()
    await refused('INVALID', HEADER, Uint8Array.of(0))
    await refused('INVALID', HEADER, section(Uint8Array.of(9, 9, 9)))
    await refused('INVALID', HEADER, section(ROOT.bytes.subarray(0, 20)))
    // Version 1 in two bytes.
    await refused(
      'INVALID',
      HEADER,
      section(concat([Uint8Array.of(0x81, 0), ROOT.bytes.subarray(1), blockAt(BLOCKS, 0).bytes])),
    )
    await refused('INVALID', HEADER, Uint8Array.of(0x80, 0))
    await refused('CORRUPT', HEADER, section(concat([ROOT.bytes, patternBytes(3)])))
    await refused('CORRUPT', HEADER, section(concat([ROOT.bytes, blockAt(BLOCKS, 0).bytes])).subarray(0, -1))
    await refused('CORRUPT', HEADER, Uint8Array.of(0x80))
    // murmur3, which proves nothing, and a hash that this version cannot compute or does not allow.
    await refused('DENIED', HEADER, section(concat([Uint8Array.of(1, 0x55, 0x22, 20), patternBytes(30)])))
  })

  test('with the byte where it is bad', async () => {
    const good = await carOf([ROOT], BLOCKS)
    const failure = await readAll(concat([good, Uint8Array.of(0)])).catch((error: unknown) => error)
    expect(String(failure)).toContain(`byte ${good.length}`)
  })

  test('when it claims a block that is too large, before it is there', async () => {
    const claim = concat([HEADER, encodeVarint(9 * 1024 * 1024), ROOT.bytes])
    await expectCode('LIMIT', () => readAll(claim))
    await expectCode('LIMIT', () => readAll(claim, { blockBytesMax: 8 * 1024 * 1024 }))
    await expectCode('CORRUPT', () => readAll(claim, { blockBytesMax: 9 * 1024 * 1024 }))
  })
})

test('identity blocks are proven like others', async () => {
  const cid = CID.createV1(0x55, identity.digest(patternBytes(10)))
  const { blocks } = await readAll(
    concat([headerOf({ roots: [cid], version: 1 }), section(concat([cid.bytes, patternBytes(10)]))]),
  )
  expect(blocks.map(({ block }) => block.bytes)).toEqual([patternBytes(10)])
  expect(identityBlock(cid)?.bytes).toEqual(patternBytes(10))
  await expectCode('CORRUPT', () => readAll(concat([HEADER, section(concat([cid.bytes, patternBytes(9)]))])))
})

describe('version 2', () => {
  /** A CARv2 with `inner` at `dataOffset` and something after it. */
  const v2Of = (inner: Uint8Array, { dataOffset = 51, dataBytes = inner.length, indexOffset = 0 } = {}) => {
    const places = Buffer.alloc(40)
    for (const [index, place] of [dataOffset, dataBytes, indexOffset].entries())
      places.writeBigUInt64LE(BigInt(place), 16 + 8 * index)
    const padding = new Uint8Array(Math.min(5000, Math.max(0, dataOffset - 51)))
    return concat([headerOf({ version: 2 }), places, padding, inner, patternBytes(5000)])
  }

  test('its data is read wherever it lies, and the rest is not looked at but read', async () => {
    const inner = await carOf([ROOT], BLOCKS)
    for (const dataOffset of [51, 52, 4096]) {
      for (const pieceBytes of [1, 100, 100_000]) {
        const read = await readAll(v2Of(inner, { dataOffset }), { pieceBytes })
        expect(read.version).toBe(2)
        expect(read.roots).toEqual([ROOT])
        expect(read.blocks.map(({ block }) => block.cid)).toEqual(BLOCKS.map(({ cid }) => cid))
      }
    }
    let left = 0
    const counted = async function* () {
      for await (const piece of inPieces(v2Of(inner), 500)) {
        left++
        yield piece
        left--
      }
    }
    await all(readCar(counted()))
    expect(left).toBe(0)
  })

  test('data of which whole sections are missing is cut off', async () => {
    const inner = await carOf([ROOT], BLOCKS)
    const whole = v2Of(inner)
    const last = (await carOf([ROOT], BLOCKS.slice(0, -1))).length
    await expectCode('CORRUPT', () => readAll(whole.subarray(0, PRAGMA_BYTES + V2_HEADER_BYTES + last)))
    expect((await readAll(whole.subarray(0, PRAGMA_BYTES + V2_HEADER_BYTES + inner.length))).blocks).toHaveLength(
      BLOCKS.length,
    )
  })

  test('places that cannot be are refused', async () => {
    const inner = await carOf([ROOT], BLOCKS)
    await expectCode('INVALID', () => readAll(v2Of(inner, { dataOffset: 50 })))
    await expectCode('INVALID', () => readAll(v2Of(inner, { dataBytes: 0 })))
    for (const indexOffset of [60, 2 ** 63])
      expect((await readAll(v2Of(inner, { indexOffset }))).blocks).toHaveLength(BLOCKS.length)
    await expectCode('CORRUPT', () => readAll(v2Of(inner, { dataBytes: inner.length - 1 })))
    await expectCode('CORRUPT', () => readAll(v2Of(inner, { dataOffset: 2 ** 40 })))
    await expectCode('UNSUPPORTED', () => readAll(v2Of(v2Of(inner))))
  })
})

test('an early end closes the stream', async () => {
  let isClosed = false
  const content = async function* () {
    try {
      yield* inPieces(await carOf([ROOT], BLOCKS), 10)
    } finally {
      isClosed = true
    }
  }
  for await (const { kind } of readCar(content())) if (kind === 'block') break
  expect(isClosed).toBe(true)
})

describe('properties', () => {
  const plain = ({ cid, bytes }: Block) => ({ cid: String(cid), bytes: Uint8Array.from(bytes) })
  const toBlock = (bytes: Uint8Array): Block => createBlock(bytes, { codec: 0x55 })

  test('what @ipld/car writes is read as it was, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(anyDag, fc.integer({ min: 1, max: 300 }), async (blocks, pieceBytes) => {
        const roots = [cidAt(blocks, blocks.length - 1), cidAt(blocks, 0)]
        const { writer, out } = CarWriter.create(roots)
        const written = allBytes(out)
        for (const { cid, bytes } of blocks) await writer.put({ cid, bytes })
        await writer.close()
        const read = await readAll(await written, { pieceBytes })
        expect(read.roots).toEqual(roots)
        expect(read.blocks.map(({ block }) => plain(block))).toEqual(blocks.map(plain))
      }),
      { numRuns: 50 },
    )
  })

  test('@ipld/car reads what is written, to the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), async (contents) => {
        const blocks = contents.map(toBlock)
        const bytes = await carOf([ROOT], blocks)
        const reader = await CarReader.fromBytes(bytes)
        expect(await reader.getRoots()).toEqual([ROOT])
        const read = await all(reader.blocks())
        expect(read.map(({ cid }) => String(cid))).toEqual(blocks.map(({ cid }) => String(cid)))
        const { writer, out } = CarWriter.create([ROOT])
        const written = allBytes(out)
        for (const block of blocks) await writer.put(block)
        await writer.close()
        expect(await written).toEqual(bytes)
      }),
      { numRuns: 50 },
    )
  })

  test('varints round-trip, and are refused in any other form', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = encodeVarint(value)
        expect(bytes).toHaveLength(varintLength(value))
        expect(decodeVarint(bytes)).toEqual({ value, length: bytes.length })
      }),
    )
  })

  test('random and changed bytes give blocks or an error of ours', async () => {
    const good = await carOf([ROOT], BLOCKS)
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => expectDecoded(() => readAll(bytes))))
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(good.length), async (changes, end) => {
        const bytes = good.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        await expectDecoded(() => readAll(bytes))
        await expectDecoded(() => readAll(concat([bytes.subarray(0, end), good])))
        await expectDecoded(() => all(readCar(streamOf(bytes.subarray(0, end)))))
      }),
    )
  })
})
