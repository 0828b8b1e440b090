// Permissions, times and blocks inside CIDs, as they come out of an import.
import { describe, expect, test } from 'vitest'
import {
  decodeUnixFS,
  importTree,
  RAW_CODE,
  readFile,
  type ImportSettings,
  type ImportSource,
  type Metadata,
} from '../../src/index.ts'
import { all, patternBytes } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource, imported, settingsOf } from '../support/import.ts'

const METADATA: Metadata = { mode: 0o640, mtime: { seconds: 1_604_320_482n, nanoseconds: 5 } }

/** The root node of an import, and the content when it is a file. */
async function rootOf(source: ImportSource, changes: Partial<ImportSettings> = {}) {
  const { root, reader, store } = await imported(source, changes)
  const node = decodeUnixFS(await reader.get(root.cid))
  return { root, reader, store, node }
}

describe('metadata', () => {
  for (const layout of ['balanced', 'trickle'] as const) {
    for (const rawLeaves of [true, false]) {
      test.each([0, 1, 9, 10, 11, 95])(`of a file, ${layout}, raw leaves ${rawLeaves}, %i bytes`, async (size) => {
        const content = patternBytes(size)
        const source = { ...fileSource(content), metadata: METADATA }
        const { node, root, reader } = await rootOf(source, { chunker: 'size-10', layout, rawLeaves, linksPerNode: 3 })
        expect(node.data).toMatchObject({ type: 'file', fileSize: size, ...METADATA })
        expect(root.metadata).toEqual(METADATA)
        for (const { Hash } of node.links) {
          const { data } = decodeUnixFS(await reader.get(Hash))
          expect([data.mode, data.mtime]).toEqual([undefined, undefined])
          if (rawLeaves && data.blockSizes.length === 0) expect(Hash.code).toBe(RAW_CODE)
        }
        expect(Buffer.concat(await all(readFile(reader, root.cid)))).toEqual(Buffer.from(content))
      })
    }
  }

  test('of directories, plain and sharded, stands in the root alone', async () => {
    const entries = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}`, fileSource()]))
    for (const directoryBytesMax of [0, 1]) {
      const source = { ...directorySource(entries), metadata: METADATA }
      const { node, reader } = await rootOf(source, { directoryBytesMax, shardFanout: 8 })
      expect(node.data).toMatchObject({ type: directoryBytesMax === 0 ? 'directory' : 'hamt-shard', ...METADATA })
      for (const { Hash } of node.links) expect(decodeUnixFS(await reader.get(Hash)).data.mode).toBeUndefined()
    }
  })

  test('counts for the threshold where whole blocks are measured', async () => {
    const entries = { a: fileSource() }
    const { root } = await imported(directorySource(entries))
    const bytes = root.tsize
    const settings = { directoryBytesMax: bytes, directoryEstimate: 'block' } as const
    expect((await rootOf(directorySource(entries), settings)).node.data.type).toBe('directory')
    const withMode = { ...directorySource(entries), metadata: { mode: 0o700 } }
    expect((await rootOf(withMode, settings)).node.data.type).toBe('hamt-shard')
  })

  test('of a symlink is its time, and never its permissions', async () => {
    const { node } = await rootOf({ kind: 'symlink', target: 'there', metadata: METADATA })
    expect(node.data).toMatchObject({ type: 'symlink', mtime: METADATA.mtime })
    expect(node.data.mode).toBeUndefined()
  })

  test('that is set for all yields to what an entry has itself', async () => {
    const own = { mode: 0o600 }
    const source = directorySource({ own: { ...fileSource(), metadata: own }, other: fileSource() })
    const { entries, reader } = await imported(source, { metadata: METADATA })
    const modes = await Promise.all(
      entries.map(async ({ path, cid }) => [path, decodeUnixFS(await reader.get(cid)).data.mode]),
    )
    expect(Object.fromEntries(modes)).toEqual({ 'root/own': 0o600, 'root/other': 0o640, root: 0o640 })
  })
})

test('directories without entries are left out when asked, but never the root', async () => {
  const tree = directorySource({ a: directorySource({ b: directorySource({}) }), c: directorySource({}) })
  const paths = async (source: ImportSource) =>
    (await imported(source, { skipEmptyDirectories: true })).entries.map(({ path }) => path)
  expect(await paths(tree)).toEqual(['root/a', 'root'])
  expect(await paths(directorySource({}))).toEqual(['root'])
})

describe('inline', () => {
  test.each([
    [0, 32, true],
    [32, 32, true],
    [33, 32, false],
    [128, 128, true],
    [129, 128, false],
  ])('a raw leaf of %i bytes at the limit %i: %s', async (size, inlineBytesMax, isInline) => {
    const { root, store, reader } = await rootOf(fileSource(patternBytes(size)), { inlineBytesMax })
    expect(root.cid.multihash.code === 0).toBe(isInline)
    expect(root.cid.version).toBe(1)
    expect(await all(store.list())).toHaveLength(isInline ? 0 : 1)
    expect(Buffer.concat(await all(readFile(reader, root.cid)))).toEqual(Buffer.from(patternBytes(size)))
  })

  test('is measured on the encoded node, directories included', async () => {
    const settings = { inlineBytesMax: 128, rawLeaves: false, cidVersion: 0 } as const
    const { root, store, entries } = await imported(directorySource({ a: fileSource(patternBytes(20)) }), settings)
    expect(root.cid.multihash.code).toBe(0)
    expect(entries.map(({ cid }) => cid.version)).toEqual([1, 1])
    expect(await all(store.list())).toEqual([])
    const { root: large } = await imported(fileSource(patternBytes(25)), { ...settings, inlineBytesMax: 32 })
    expect(large.cid.version).toBe(0)
  })

  test('never goes beyond what a CID can hold', async () => {
    const settings = settingsOf({ inlineBytesMax: 1000 })
    await expectCode('LIMIT', () => all(importTree({ name: '', source: fileSource(patternBytes(129)) }, settings)))
  })
})
