import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createBlock,
  DAG_PB_CODE,
  encodeUnixFS,
  listDirectory,
  readTree,
  type Block,
  type ErrorCode,
  type UnixFSData,
} from '../../src/index.ts'
import { findEntry } from '../../src/directory/find-entry.ts'
import { bucketOf, encodeShardData, hashName, levelsOf, linkPrefix } from '../../src/directory/hamt-shard.ts'
import { all } from '../support/bytes.ts'
import { expectCode, expectDecoded } from '../support/expect-code.ts'
import { ALWAYS, anyFanout, anyNames, MemoryReader, TARGET, write } from './hamt-fixtures.ts'

type Links = Parameters<typeof encodeUnixFS>[1]

/** A name whose place is known, and that place at fanout 256. */
const NAME = '470.txt'
const BUCKETS = [0x00, 0x6e, 0x88, 0xdf, 0x58, 0x47, 0xe6, 0x7c]
const LINK = { Name: `00${NAME}`, Hash: TARGET, Tsize: 1 }
const DATA = encodeShardData([0], 256)

function shard(data: UnixFSData, links: Links): Block {
  return createBlock(encodeUnixFS(data, links), { codec: DAG_PB_CODE })
}

/** A shard of fanout 256 with one bucket, that of `NAME` at `level`, which leads to `below`. */
function above(below: Block, level = 0): Block {
  const bucket = BUCKETS[level] ?? 0
  return shard(encodeShardData([bucket], 256), [{ Name: linkPrefix(bucket, 256), Hash: below.cid, Tsize: 0 }])
}

async function list(...blocks: readonly Block[]) {
  const reader = new MemoryReader(blocks)
  const root = blocks.at(-1)?.cid ?? TARGET
  return await all(listDirectory(reader, root))
}

async function find(...blocks: readonly Block[]) {
  return await findEntry(new MemoryReader(blocks), { directory: blocks.at(-1)?.cid ?? TARGET, name: NAME })
}

const REFUSED: readonly (readonly [ErrorCode, string, Block])[] = [
  ['UNSUPPORTED', 'another hash function', shard({ ...DATA, hashType: 0x12 }, [LINK])],
  ['UNSUPPORTED', 'no hash function', shard({ ...DATA, hashType: undefined }, [LINK])],
  ['INVALID', 'no fanout', shard({ ...DATA, fanout: undefined }, [LINK])],
  ['INVALID', 'a fanout of 0', shard({ ...DATA, fanout: 0 }, [LINK])],
  ['INVALID', 'a fanout of 4', shard({ ...DATA, fanout: 4 }, [LINK])],
  ['INVALID', 'a fanout of 255', shard({ ...DATA, fanout: 255 }, [LINK])],
  ['LIMIT', 'a fanout of 2,048', shard({ ...DATA, fanout: 2048 }, [LINK])],
  ['LIMIT', 'a fanout of 2^40', shard({ ...DATA, fanout: 2 ** 40 }, [LINK])],
  ['INVALID', 'a link without a prefix', shard(DATA, [{ ...LINK, Name: '' }])],
  ['INVALID', 'a link shorter than its prefix', shard(DATA, [{ ...LINK, Name: '0' }])],
  ['INVALID', 'a link of another bucket', shard(DATA, [{ ...LINK, Name: `01${NAME}` }])],
  ['INVALID', 'more bits than links', shard(encodeShardData([0, 1], 256), [LINK])],
  ['INVALID', 'more links than bits', shard(DATA, [LINK, { ...LINK, Name: '01x' }])],
  ['INVALID', 'two links for a bucket', shard(DATA, [LINK, LINK])],
  ['INVALID', 'no bit field', shard({ ...DATA, data: new Uint8Array(0) }, [LINK])],
  ['INVALID', 'a bit field beyond its fanout', shard({ ...DATA, data: new Uint8Array(33).fill(1, 32) }, [LINK])],
]

describe('buckets', () => {
  test('are taken from the top of the hash', () => {
    const hash = hashName(NAME)
    expect(BUCKETS.map((_, level) => bucketOf(hash, level, 256))).toEqual(BUCKETS)
  })

  test('are the next bits of the hash at every fanout', () => {
    fc.assert(
      fc.property(anyFanout, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (fanout, value) => {
        const hash = { high: Number(value >> 32n), low: Number(value & 0xffff_ffffn) }
        const bits = value.toString(2).padStart(64, '0')
        const width = Math.log2(fanout)
        for (let level = 0; level < levelsOf(fanout); level++) {
          expect(bucketOf(hash, level, fanout)).toBe(Number.parseInt(bits.slice(level * width, (level + 1) * width), 2))
        }
      }),
    )
  })

  test.each([
    { fanout: 8, bucket: 7, prefix: '7', levels: 21 },
    { fanout: 16, bucket: 10, prefix: 'A', levels: 16 },
    { fanout: 256, bucket: 10, prefix: '0A', levels: 8 },
    { fanout: 1024, bucket: 10, prefix: '00A', levels: 6 },
  ])('of a fanout of $fanout have a prefix of fixed width', ({ fanout, bucket, prefix, levels }) => {
    expect(linkPrefix(bucket, fanout)).toBe(prefix)
    expect(levelsOf(fanout)).toBe(levels)
  })
})

describe('a shard made by somebody else', () => {
  test('is read when it is right, with leading zero bytes in its bit field too', async () => {
    const padded = { ...DATA, data: Uint8Array.from([...new Uint8Array(31), 1]) }
    const expected = { name: NAME, cid: TARGET, tsize: 1 }
    for (const block of [shard(DATA, [LINK]), shard(padded, [LINK])]) {
      expect(await list(block)).toEqual([expected])
      expect(await find(block)).toEqual(expected)
    }
  })

  test.each(REFUSED)('is refused with %s for %s', async (code, _, block) => {
    await expectCode(code, () => list(block))
    await expectCode(code, () => find(block))
    await expectCode(code, () => all(readTree(new MemoryReader([block]), { cid: block.cid, path: '' })))
  })

  test('is refused for a name that its hash puts elsewhere, so none can stand twice', async () => {
    const twice = shard(encodeShardData([0, 1], 256), [LINK, { ...LINK, Name: `01${NAME}` }])
    await expectCode('INVALID', () => list(twice))
    const below = shard(DATA, [LINK])
    await expectCode('INVALID', () => list(below, above(below)))
  })

  test('is not listed with a name that is not UTF-8, but searched', async () => {
    const block = shard(encodeShardData([0, 1], 256), [LINK, { ...LINK, Name: '01\uFFFD.txt' }])
    await expectCode('UNSUPPORTED', () => list(block))
    expect((await find(block))?.name).toBe(NAME)
  })

  test.each<[string, Block]>([
    ['another fanout', shard(encodeShardData([6], 16), [{ ...LINK, Name: `6${NAME}` }])],
    ['nothing in it', shard(encodeShardData([], 256), [])],
    [
      'the form of a plain directory',
      shard({ ...DATA, type: 'directory', data: new Uint8Array(0) }, [{ ...LINK, Name: NAME }]),
    ],
    ['the form of a file', createBlock(new Uint8Array(4), { codec: 0x55 })],
  ])('is refused for a shard below with %s', async (_, below) => {
    await expectCode('INVALID', () => list(below, above(below)))
    await expectCode('INVALID', () => find(below, above(below)))
  })

  test('is read down to the last bits of the hash, and not further', async () => {
    const place = linkPrefix(BUCKETS[7] ?? 0, 256)
    let top = shard(encodeShardData([BUCKETS[7] ?? 0], 256), [{ ...LINK, Name: place + NAME }])
    const chain = [top]
    for (let level = 6; level >= 0; level--) {
      top = above(top, level)
      chain.push(top)
    }
    expect((await list(...chain)).map(({ name }) => name)).toEqual([NAME])
    expect((await find(...chain))?.name).toBe(NAME)
    await expectCode('LIMIT', () => list(...chain, above(top)))
  })

  test('costs little when its links lead to one and the same shard', async () => {
    const all256 = Array.from({ length: 256 }, (_, bucket) => bucket)
    const blocks = [shard(DATA, [LINK])]
    for (let level = 0; level < 5; level++) {
      const Hash = blocks.at(-1)?.cid ?? TARGET
      blocks.push(
        shard(
          encodeShardData(all256, 256),
          all256.map((bucket) => ({ Name: linkPrefix(bucket, 256), Hash, Tsize: 0 })),
        ),
      )
    }
    const reader = new MemoryReader(blocks)
    await expectCode('INVALID', () => all(listDirectory(reader, blocks.at(-1)?.cid ?? TARGET)))
    expect(reader.asked.length).toBeLessThan(5000)
  })

  test('breaks nothing, whatever its bytes are', async () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'delete') })
    await fc.assert(
      fc.asyncProperty(anyNames, fc.array(change, { minLength: 1, maxLength: 4 }), async (names, changes) => {
        const { nodes, root } = write([...names, NAME], { ...ALWAYS, shardFanout: 16 })
        const bytes = [...root.bytes]
        for (const { at, byte, kind } of changes) {
          bytes.splice(at % bytes.length, kind === 'insert' ? 0 : 1, ...(kind === 'delete' ? [] : [byte]))
        }
        const mutated = createBlock(Uint8Array.from(bytes), { codec: DAG_PB_CODE })
        const blocks = [...nodes.map(({ block }) => block), mutated]
        await expectDecoded(() => list(...blocks))
        await expectDecoded(() => find(...blocks))
      }),
      { numRuns: 300 },
    )
  })
})
