// What an export holds, in which order, and what it does without a block. Scopes are those of trustless gateways.
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  BlockService,
  exportCar,
  linksOf,
  parseEntityBytes,
  readFile,
  resolvePath,
  type BlockReader,
  type ExportCarOptions,
} from '../../src/index.ts'
import { allBytes, patternBytes } from '../support/bytes.ts'
import { anyDag, cidAt, naiveWalk } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource, imported, type Imported } from '../support/import.ts'
import { MapStore } from '../support/map-store.ts'
import { carFixtures, carOf, fixtureBytes, fixturesMissing, readAll } from './car-bytes.ts'

/** CIDs of the blocks in the export, and the roots. */
async function exported(reader: BlockReader, path: string, options: ExportCarOptions = {}) {
  const { roots, blocks } = await readAll(await allBytes(exportCar(reader, path, options)))
  return { roots: roots.map(String), cids: blocks.map(({ block }) => String(block.cid)) }
}

const textOf = (cids: readonly CID[]) => cids.map(String)

test('the export of any DAG is the plain recursion, each block once, and the same each time', async () => {
  await fc.assert(
    fc.asyncProperty(anyDag, async (blocks) => {
      const store = new MapStore()
      await store.putMany(blocks)
      const reader = new BlockService({ store })
      const root = cidAt(blocks, blocks.length - 1)
      expect(await exported(reader, String(root))).toEqual({
        roots: [String(root)],
        cids: textOf(naiveWalk(blocks, root)),
      })
      expect(await allBytes(exportCar(reader, String(root)))).toEqual(await allBytes(exportCar(reader, String(root))))
    }),
    { numRuns: 50 },
  )
})

describe.skipIf(fixturesMissing !== undefined)('fixtures', () => {
  const whole = carFixtures().filter(({ verdict, roots }) => verdict === 'ok' && roots?.length === 1)

  test.each(whole)('$file holds at least what its root reaches', async ({ file, roots: [root = ''] = [] }) => {
    const { blocks } = await readAll(fixtureBytes(file))
    const store = new MapStore()
    await store.putMany(blocks.map(({ block }) => block))
    const { cids } = await exported(new BlockService({ store }), root)
    const there = new Set(blocks.map(({ block }) => String(block.cid)))
    expect(cids.filter((cid) => !there.has(cid))).toEqual([])
    expect(new Set(cids).size).toBe(cids.length)
  })

  test('a missing block ends the export, or is left out when asked', async () => {
    const { blocks, roots } = await readAll(fixtureBytes('missing-block.car'))
    const store = new MapStore()
    await store.putMany(blocks.map(({ block }) => block))
    const reader = new BlockService({ store })
    const [root = ''] = textOf(roots)
    await expectCode('NOT_FOUND', () => exported(reader, root))
    expect((await exported(reader, root, { skipMissing: true })).cids).toEqual(
      blocks.map(({ block }) => String(block.cid)),
    )
  })
})

describe('a path and its scope', async () => {
  const big = patternBytes(50_000)
  const tree = await imported(
    directorySource({ docs: directorySource({ big: fileSource(big), small: fileSource(patternBytes(5, 2)) }) }),
    { chunker: 'size-1000', linksPerNode: 5 },
  )
  const root = String(tree.root.cid)
  const cidOf = (path: string) => resolvePath(tree.reader, `${root}/${path}`)
  const [docs, file] = [String(await cidOf('docs')), String(await cidOf('docs/big'))]
  const of = (path: string, options?: ExportCarOptions) => exported(tree.reader, `${root}/${path}`, options)

  test('without a scope it is what the end of the path reaches', async () => {
    const { roots, cids } = await of('docs/big')
    expect(roots).toEqual([file])
    expect(cids[0]).toBe(file)
    expect(cids).not.toContain(docs)
    expect(cids.length).toBe(50 + 10 + 2 + 1)
  })

  test('with one, the blocks that lead there come first', async () => {
    expect((await of('docs/big', { scope: 'all' })).cids.slice(0, 3)).toEqual([root, docs, file])
    expect((await of('docs/big', { scope: 'block' })).cids).toEqual([root, docs, file])
    expect((await of('docs', { scope: 'entity' })).cids).toEqual([root, docs])
    expect((await of('docs/big', { scope: 'entity' })).cids).toHaveLength(2 + 63)
    expect((await of('', { scope: 'entity' })).cids).toEqual([root])
    expect((await of('', { scope: 'all' })).cids).toHaveLength(1 + 1 + 63 + 1)
  })

  test('a range needs the blocks of the path, those above its bytes, and those that hold them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(49_999), fc.nat(20_000), async (from, more) => {
        const car = await allBytes(
          exportCar(tree.reader, `${root}/docs/big`, { entityBytes: { from, to: from + more } }),
        )
        const { blocks } = await readAll(car)
        const store = new MapStore()
        await store.putMany(blocks.map(({ block }) => block))
        const range = { offset: from, length: more + 1 }
        // Nothing that reading the range needs is missing, and nothing else is there.
        const read = new Set<string>()
        const local = new BlockService({ store })
        const noting: BlockReader = {
          get(cid, options) {
            read.add(String(cid))
            return local.get(cid, options)
          },
        }
        const end = await resolvePath(noting, `${root}/docs/big`)
        expect(await allBytes(readFile(noting, end, range))).toEqual(big.slice(from, from + more + 1))
        expect(new Set(blocks.map(({ block }) => String(block.cid)))).toEqual(read)
      }),
      { numRuns: 50 },
    )
  })

  test('ranges count from the end as well, and must hold a byte', async () => {
    const lengthOf = async (range: string) =>
      (await of('docs/big', { entityBytes: parseEntityBytes(range) })).cids.length
    expect(await lengthOf('0:*')).toBe(2 + 63)
    expect(await lengthOf('-1:*')).toBe(await lengthOf('49999:49999'))
    expect(await lengthOf('0:-49001')).toBe(await lengthOf('0:999'))
    expect(await lengthOf('-99999:999')).toBe(await lengthOf('0:0'))
    await expectCode('INVALID', () => lengthOf('50000:*'))
    await expectCode('INVALID', () => lengthOf('10:9'))
    for (const bad of ['', '1', '*:1', '1:', 'a:b', '1:2:3', '--1:2']) await expectCode('INVALID', () => lengthOf(bad))
  })

  test('of what is no file a range says nothing', async () => {
    expect((await of('docs', { entityBytes: { from: 5 } })).cids).toEqual([root, docs])
  })

  test('what is missing at the root fails before the first byte', async () => {
    const pieces = exportCar(new BlockService({ store: new MapStore() }), root)
    await expectCode('NOT_FOUND', () => pieces.next())
    await expectCode('NOT_FOUND', () => exported(tree.reader, `${root}/nothing`))
  })

  test('what is missing later ends what came at the end of a section', async () => {
    const store = new MapStore()
    const all = await readAll(await allBytes(exportCar(tree.reader, file)))
    const bytes = all.blocks.map(({ block }) => block)
    await store.putMany(bytes)
    await store.deleteMany([bytes[60]?.cid ?? tree.root.cid])
    const pieces: Uint8Array[] = []
    await expectCode('NOT_FOUND', async () => {
      for await (const piece of exportCar(new BlockService({ store }), file)) pieces.push(piece)
    })
    if (pieces.length > 0) expect((await readAll(Buffer.concat(pieces))).blocks.length).toBeLessThan(60)
  })
})

test('a sharded directory is all its shards and none of its entries', async () => {
  const names = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index) => [`file ${index}`, fileSource(patternBytes(3, index))]),
  )
  const tree: Imported = await imported(directorySource(names), { directoryBytesMax: 1000 })
  const { cids } = await exported(tree.reader, String(tree.root.cid), { scope: 'entity' })
  const shards = new Set<string>()
  const enter = async (cid: CID): Promise<void> => {
    shards.add(String(cid))
    for (const link of linksOf(await tree.reader.get(cid))) if ((link.name ?? '').length === 2) await enter(link.cid)
  }
  await enter(tree.root.cid)
  expect(new Set(cids)).toEqual(shards)
  expect(cids.length).toBe(shards.size)
  // A name in it needs the shards on the way alone.
  const one = await exported(tree.reader, `${tree.root.cid}/file 7`, { scope: 'block' })
  expect(one.cids.length).toBeLessThan(6)
  expect(one.cids[0]).toBe(String(tree.root.cid))
})

test('large blocks are pieces of their own, and small ones are joined', async () => {
  const { root, reader } = await imported(fileSource(patternBytes(300_000)), { chunker: 'size-100000' })
  const sizes: number[] = []
  for await (const piece of exportCar(reader, String(root.cid))) sizes.push(piece.length)
  expect(sizes.filter((size) => size === 100_000)).toHaveLength(3)
  expect(await carOf([], [])).toHaveLength(18)
})
