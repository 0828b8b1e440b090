import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  BlockService,
  createBlock,
  encodeUnixFS,
  readFile,
  readTree,
  type Block,
  type ByteRange,
  type ImportSource,
} from '../../src/index.ts'
import { BLOCK_BYTES_MAX, READ_AHEAD_BYTES } from '../../src/limits.ts'
import { all, allBytes, patternBytes } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource, imported } from '../support/import.ts'
import { MapStore, rawBlock } from '../support/map-store.ts'

const NOTHING = new Uint8Array(0)

/** A file node with these parts below its own data. */
function fileNode(data: Uint8Array, parts: readonly { readonly block: Block; readonly size: number }[]): Block {
  const blockSizes = parts.map(({ size }) => size)
  const fileSize = blockSizes.reduce((sum, size) => sum + size, data.length)
  const links = parts.map(({ block }) => ({ Hash: block.cid, Name: '', Tsize: 1 }))
  return createBlock(encodeUnixFS({ type: 'file', data, blockSizes, fileSize }, links), { codec: 0x70 })
}

const part = (block: Block, size = block.bytes.length) => ({ block, size })
const chunk = (bytes: Uint8Array) => createBlock(bytes, { codec: 0x55 })

async function readerOf(...blocks: readonly Block[]): Promise<BlockService> {
  const store = new MapStore()
  await store.putMany(blocks)
  return new BlockService({ store })
}

const slice = (bytes: Uint8Array, { offset = 0, length = Infinity }: ByteRange) =>
  bytes.slice(offset, Math.min(bytes.length, offset + length))

describe('readFile', () => {
  test('gives back what was imported, whole and in ranges, for any shape of tree', async () => {
    const anyRange = fc.record({ offset: fc.nat(700), length: fc.oneof(fc.nat(700), fc.constant(Infinity)) })
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          size: fc.nat(600),
          chunkBytes: fc.integer({ min: 1, max: 64 }),
          linksPerNode: fc.integer({ min: 2, max: 6 }),
          rawLeaves: fc.boolean(),
          cidVersion: fc.constantFrom(0 as const, 1 as const),
        }),
        fc.array(anyRange, { maxLength: 4 }),
        async ({ size, chunkBytes, ...settings }, ranges) => {
          const bytes = patternBytes(size)
          const { root, reader } = await imported(fileSource(bytes), { ...settings, chunker: `size-${chunkBytes}` })
          expect(root.size).toBe(size)
          expect(await allBytes(readFile(reader, root.cid))).toEqual(bytes)
          for (const range of ranges) {
            const expected = slice(bytes, range)
            expect(await allBytes(readFile(reader, root.cid, range))).toEqual(expected)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('reads only the blocks that hold part of a range', async () => {
    const { root, store } = await imported(fileSource(patternBytes(1000)), { chunker: 'size-10', linksPerNode: 10 })
    const read: string[] = []
    const service = new BlockService({ store })
    const reader = {
      get: async (cid: CID) => {
        read.push(cid.toString())
        return await service.get(cid)
      },
    }
    const countOf = async (range: ByteRange) => {
      read.length = 0
      await all(readFile(reader, root.cid, range))
      return read.length
    }
    expect(await countOf({ offset: 500, length: 10 })).toBe(3)
    expect(await countOf({ offset: 505, length: 10 })).toBe(4)
    expect(await countOf({ offset: 95, length: 10 })).toBe(5)
    expect(await countOf({ offset: 995 })).toBe(3)
    expect(await countOf({ offset: 1000 })).toBe(1)
    expect(await countOf({ length: 0 })).toBe(1)
    expect(await countOf({ offset: Number.MAX_SAFE_INTEGER, length: 10 })).toBe(1)
  })

  test('refuses a range that is none', async () => {
    const reader = await readerOf(rawBlock(1))
    for (const range of [{ offset: -1 }, { length: -1 }, { offset: NaN }, { length: NaN }]) {
      await expect(all(readFile(reader, rawBlock(1).cid, range))).rejects.toThrow(TypeError)
    }
  })

  test('gives the data of a node before its links', async () => {
    const [a, b] = [chunk(patternBytes(5, 1)), chunk(patternBytes(7, 2))]
    const inner = fileNode(patternBytes(3, 3), [part(b)])
    const top = fileNode(patternBytes(4, 4), [part(a), part(inner, 10)])
    const reader = await readerOf(a, b, inner, top)
    const whole = Buffer.concat([patternBytes(4, 4), a.bytes, patternBytes(3, 3), b.bytes])
    for (let offset = 0; offset <= whole.length + 1; offset++) {
      for (const length of [0, 1, 4, Infinity]) {
        const found = await allBytes(readFile(reader, top.cid, { offset, length }))
        expect(Buffer.compare(found, slice(whole, { offset, length }))).toBe(0)
      }
    }
  })

  test('reads the leaves of a trickle file, which are of type raw', async () => {
    const data = patternBytes(6)
    const leaf = createBlock(encodeUnixFS({ type: 'raw', data, fileSize: 6, blockSizes: [] }, []), { codec: 0x70 })
    const top = fileNode(NOTHING, [part(leaf, 6), part(leaf, 6)])
    expect(await allBytes(readFile(await readerOf(leaf, top), top.cid))).toEqual(Uint8Array.from([...data, ...data]))
  })

  test('refuses a part that is of another size than its parent says, when its turn comes', async () => {
    const [good, other] = [chunk(patternBytes(5)), chunk(patternBytes(6))]
    const nested = fileNode(NOTHING, [part(good)])
    for (const bad of [part(other, 5), part(other, 7), part(nested, 6)]) {
      const top = fileNode(NOTHING, [part(good), bad])
      const reader = await readerOf(good, other, nested, top)
      const met: Uint8Array[] = []
      await expectCode('INVALID', async () => {
        for await (const bytes of readFile(reader, top.cid)) met.push(bytes)
      })
      expect(met).toEqual([good.bytes])
      expect(await allBytes(readFile(reader, top.cid, { length: 5 }))).toEqual(good.bytes)
    }
  })

  test('refuses parts that are no files, and roots that are none', async () => {
    const directory = createBlock(encodeUnixFS({ type: 'directory', data: NOTHING, blockSizes: [] }, []), {
      codec: 0x70,
    })
    const link = createBlock(encodeUnixFS({ type: 'symlink', data: Uint8Array.of(97), blockSizes: [] }, []), {
      codec: 0x70,
    })
    const cbor = createBlock(Uint8Array.of(1), { codec: 0x71 })
    const reader = async (...more: Block[]) => await readerOf(directory, link, cbor, ...more)
    for (const bad of [directory, link]) {
      await expectCode('INVALID', async () => all(readFile(await reader(), bad.cid)))
      const top = fileNode(NOTHING, [part(bad, 1)])
      await expectCode('INVALID', async () => all(readFile(await reader(top), top.cid)))
    }
    await expectCode('UNSUPPORTED', async () => all(readFile(await reader(), cbor.cid)))
    await expectCode('NOT_FOUND', async () => all(readFile(await reader(), rawBlock(1).cid)))
  })

  test('ends where 60 nodes make 2^60 paths to nothing', async () => {
    const nodes = [fileNode(NOTHING, [])]
    for (let level = 0; level < 60; level++) {
      const below = nodes.at(-1) ?? expect.fail()
      nodes.push(fileNode(level === 59 ? Uint8Array.of(1) : NOTHING, [part(below, 0), part(below, 0)]))
    }
    const top = nodes.at(-1) ?? expect.fail()
    expect(await allBytes(readFile(await readerOf(...nodes), top.cid))).toEqual(Uint8Array.of(1))
  })

  test('stops when told to, with nothing left running', async () => {
    const { root, reader } = await imported(fileSource(patternBytes(100)), { chunker: 'size-1' })
    const stop = new AbortController()
    const reason = new Error('enough')
    let bytes = 0
    const read = async () => {
      for await (const piece of readFile(reader, root.cid, { signal: stop.signal })) {
        bytes += piece.length
        if (bytes === 10) stop.abort(reason)
      }
    }
    await expect(read()).rejects.toBe(reason)
    expect(bytes).toBe(10)
  })
})

describe('readTree', () => {
  type Tree = { readonly [name: string]: Tree | Uint8Array | string }

  const anyName = fc.stringMatching(/^[a-z0-9 é☃]{1,6}$/u)
  const { tree: anyTree } = fc.letrec<{ tree: Tree; entry: Tree | Uint8Array | string }>((tie) => ({
    tree: fc.dictionary(anyName, tie('entry'), { maxKeys: 4, noNullPrototype: true }),
    entry: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'entry' },
      fc.uint8Array({ maxLength: 30 }),
      fc.string({ minLength: 1, maxLength: 8 }),
      tie('tree'),
    ),
  }))

  const sourceOf = (tree: Tree | Uint8Array | string): ImportSource => {
    if (typeof tree === 'string') return { kind: 'symlink', target: tree }
    if (tree instanceof Uint8Array) return fileSource(tree)
    return directorySource(Object.fromEntries(Object.entries(tree).map(([name, child]) => [name, sourceOf(child)])))
  }

  /** What the tree should read as: names in the order of their bytes, contents joined. */
  const linesOf = (tree: Tree | Uint8Array | string, path: string): string[] => {
    if (typeof tree === 'string') return [`symlink ${path} ${Buffer.from(tree).toString('hex')}`]
    if (tree instanceof Uint8Array) return [`file ${path} ${tree.length}`, `bytes ${Buffer.from(tree).toString('hex')}`]
    const names = Object.entries(tree).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    return [`directory ${path}`, ...names.flatMap(([name, child]) => linesOf(child, `${path}/${name}`))]
  }

  async function linesRead(reader: BlockService, cid: CID): Promise<string[]> {
    const lines: string[] = []
    let file = ''
    for await (const item of readTree(reader, { cid, path: 'top' })) {
      if (item.kind === 'bytes') {
        expect(item.path).toBe(file)
        lines.push(`${lines.pop()}${Buffer.from(item.bytes).toString('hex')}`)
      } else if (item.kind === 'file') {
        file = item.path
        lines.push(`file ${item.path} ${item.size}`, 'bytes ')
      } else if (item.kind === 'symlink') lines.push(`symlink ${item.path} ${Buffer.from(item.target).toString('hex')}`)
      else lines.push(`directory ${item.path}`)
    }
    return lines
  }

  test('gives back what was imported, in the order of names and bytes', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, async (tree) => {
        const { root, reader } = await imported(sourceOf(tree), { chunker: 'size-7', linksPerNode: 2 })
        expect(await linesRead(reader, root.cid)).toEqual(linesOf(tree, 'top'))
      }),
      { numRuns: 60 },
    )
  })

  test('gives the low 12 bits of modes, and times', async () => {
    const data = {
      type: 'file',
      data: NOTHING,
      fileSize: 0,
      blockSizes: [],
      mode: 0o104_755,
      mtime: { seconds: -1n, nanoseconds: 5 },
    } as const
    const file = createBlock(encodeUnixFS(data, []), { codec: 0x70 })
    const [item] = await all(readTree(await readerOf(file), { cid: file.cid, path: 'x' }))
    expect(item).toMatchObject({
      kind: 'file',
      path: 'x',
      size: 0,
      mode: 0o4755,
      mtime: { seconds: -1n, nanoseconds: 5 },
    })
  })

  test('begins no more entries than the window has bytes for, whatever came before them', async () => {
    const leaves = Array.from({ length: 700 }, (_, index) => rawBlock(index))
    const links = leaves.map(({ cid }, index) => {
      return { Hash: cid, Name: String(index).padStart(3, '0'), Tsize: index < 600 ? 10 : BLOCK_BYTES_MAX }
    })
    const top = createBlock(encodeUnixFS({ type: 'directory', data: NOTHING, blockSizes: [] }, links), { codec: 0x70 })
    const service = await readerOf(...leaves, top)
    const large = new Set(leaves.slice(600).map(({ cid }) => cid.toString()))
    let [running, most] = [0, 0]
    const reader = {
      get: async (cid: CID) => {
        const isLarge = large.has(cid.toString())
        if (isLarge) most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 2))
        if (isLarge) running--
        return await service.get(cid)
      },
    }
    expect(await all(readTree(reader, { cid: top.cid, path: '' }))).toHaveLength(1 + 2 * leaves.length)
    expect(most).toBeLessThanOrEqual(READ_AHEAD_BYTES / BLOCK_BYTES_MAX + 1)
  })
})
