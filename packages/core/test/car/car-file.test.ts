// CARs read at any place: by the index of go-car, by one of our own, and by indexes that lie.
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { describe, expect, test } from 'vitest'
import { buildCarIndex, createBlock, openCarFile, type RandomAccess } from '../../src/index.ts'
import { patternBytes } from '../support/bytes.ts'
import { cidAt } from '../support/dag.ts'
import { expectCode, expectDecoded } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'
import { carOf, fixtureBytes, fixturesMissing, readAll } from './car-bytes.ts'

/** Bytes as a file; `log` takes down how many are read at a time. */
function fileOf(bytes: Uint8Array, log: number[] = []): RandomAccess {
  return {
    size: bytes.length,
    async read(offset, length) {
      const part = bytes.slice(offset, offset + length)
      log.push(part.length)
      return part
    },
  }
}

/** A CARv2 of `inner` with this index. */
function v2Of(inner: Uint8Array, index: Uint8Array): Uint8Array {
  const head = Buffer.alloc(51)
  head.set(Buffer.from('0aa16776657273696f6e02', 'hex'))
  for (const [at, place] of [51, inner.length, 51 + inner.length].entries())
    head.writeBigUInt64LE(BigInt(place), 27 + 8 * at)
  return concat([head, inner, index])
}

const BLOCKS = Array.from({ length: 3000 }, (_, number) => rawBlock(number))
const LACKING = rawBlock(-1).cid

describe.skipIf(fixturesMissing !== undefined)('the index of go-car', () => {
  const v1 = fixtureBytes('dag-stat.car')
  const v2 = fixtureBytes('dag-stat-v2.car')

  test('is what we make of the same blocks, to the byte', async () => {
    const place = { dataOffset: 0, dataBytes: v1.length, firstSection: 59 }
    expect(await buildCarIndex(fileOf(v1), place)).toEqual(v2.slice(453))
  })

  test('finds every block', async () => {
    const { blocks, roots } = await readAll(v1)
    for (const bytes of [v1, v2]) {
      const car = await openCarFile(fileOf(bytes))
      expect(car.roots).toEqual(roots)
      for (const { block } of blocks) expect((await car.get(block.cid)).bytes).toEqual(block.bytes)
      await expectCode('NOT_FOUND', () => car.get(LACKING))
    }
  })

  test('may also have digests alone', async () => {
    // codec 0x0400, one width: the same entries without their hash function.
    const index = concat([Uint8Array.of(0x80, 8, 1, 0, 0, 0), v2.slice(453 + 2 + 16)])
    const car = await openCarFile(fileOf(v2Of(v1, index)))
    for (const { block } of (await readAll(v1)).blocks) expect(await car.get(block.cid)).toEqual(block)
  })
})

describe('many blocks', async () => {
  const bytes = await carOf([cidAt(BLOCKS, 0)], BLOCKS)
  const firstEnd = (await readAll(bytes)).blocks[0]?.endOffset ?? NaN
  const place = { dataOffset: 0, dataBytes: bytes.length, firstSection: firstEnd - (1 + 36 + 'block 0'.length) }
  const index = await buildCarIndex(fileOf(bytes), place)

  test('are found without an index, each once the file was read through', async () => {
    const car = await openCarFile(fileOf(bytes))
    for (const block of BLOCKS) expect((await car.get(block.cid)).bytes).toEqual(block.bytes)
    await expectCode('NOT_FOUND', () => car.get(LACKING))
  })

  test('are found under another codec, and when their CID holds them', async () => {
    const car = await openCarFile(fileOf(bytes))
    const asCbor = CID.createV1(0x71, cidAt(BLOCKS, 7).multihash)
    expect((await car.get(asCbor)).cid).toEqual(asCbor)
  })

  test('an index is searched, not loaded', async () => {
    const log: number[] = []
    const car = await openCarFile(fileOf(v2Of(bytes, index), log))
    log.length = 0
    for (const block of BLOCKS) expect((await car.get(block.cid)).bytes).toEqual(block.bytes)
    expect(Math.max(...log)).toBeLessThanOrEqual(64 * 1024)
  })

  test('an index that points elsewhere gives errors and never other bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(index.length - 1), fc.nat(255), fc.nat(2999), async (at, byte, number) => {
        const bad = index.slice()
        bad[at] = byte
        const car = await openCarFile(fileOf(v2Of(bytes, bad)))
        const block = await car.get(cidAt(BLOCKS, number)).catch((error: unknown) => error)
        if (block instanceof Error) expect(block).toHaveProperty('code')
        else expect(block).toEqual(BLOCKS[number])
      }),
      { numRuns: 50 },
    )
  })

  test('an index of another form counts as none', async () => {
    for (const bad of [new Uint8Array(0), patternBytes(100), index.subarray(0, 20)]) {
      const car = await openCarFile(fileOf(v2Of(bytes, bad)))
      expect((await car.get(cidAt(BLOCKS, 5))).bytes).toEqual(rawBlock(5).bytes)
    }
  })
})

test('a block that is larger than allowed is refused unread', async () => {
  const block = createBlock(patternBytes(100_000), { codec: 0x55 })
  const log: number[] = []
  const car = await openCarFile(fileOf(await carOf([], [block]), log), { blockBytesMax: 99_999 })
  log.length = 0
  await expectCode('LIMIT', () => car.get(block.cid))
  expect(Math.max(...log)).toBeLessThan(200)
})

test('random and cut files give an error of ours', async () => {
  const bytes = await carOf([LACKING], [rawBlock(1), rawBlock(2)])
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length), fc.uint8Array({ maxLength: 60 }), async (end, more) => {
      await expectDecoded(() => openCarFile(fileOf(more)))
      await expectDecoded(async () => (await openCarFile(fileOf(concat([bytes.subarray(0, end), more])))).get(LACKING))
      await expectDecoded(async () => (await openCarFile(fileOf(v2Of(bytes, more)))).get(rawBlock(2).cid))
    }),
  )
})
