import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  changeDirectory,
  createBlock,
  DAG_PB_CODE,
  encodeUnixFS,
  listDirectory,
  type Block,
  type BlockReader,
  type DirectoryChange,
  type DirectoryChanges,
  type ImportSettings,
} from '../../src/index.ts'
import { directoryNodes } from '../../src/directory/directory.ts'
import { decodeUnixFS, type Metadata } from '../../src/unixfs/unixfs-node.ts'
import { all } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { ALWAYS, anyFanout, anyName, entriesOf, MemoryReader, SAME_HASH, TARGET } from './hamt-fixtures.ts'

const series = (count: number) => Array.from({ length: count }, (_, index) => `file-${index}`)
const OTHER = createBlock(Buffer.from('other'), { codec: DAG_PB_CODE, cidVersion: 0 }).cid

const anyEntry = fc.record({
  cid: fc.constantFrom(TARGET, OTHER),
  tsize: fc.oneof(
    fc.nat(300),
    fc.nat(2 ** 31 - 1).map((bytes) => bytes * 4096),
  ),
})

/** Few names, so that changes meet what is there. */
const anyChanges = fc.array(
  fc.record({
    name: fc.oneof(
      fc.nat(90).map((number) => `file-${number}`),
      anyName,
    ),
    entry: fc.option(anyEntry, { nil: undefined, freq: 2 }),
  }),
  { maxLength: 120 },
)

const anyMetadata = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Metadata>({}) },
  fc.record({ mode: fc.constantFrom(undefined, 0o755), mtime: fc.constant({ seconds: -1n, nanoseconds: 5 }) }),
)

const anySettings = fc.record({
  shardFanout: anyFanout,
  directoryBytesMax: fc.constantFrom(1, 100, 400, 1500, 4000),
  directoryEstimate: fc.constantFrom('links' as const, 'block' as const),
  directoryLinksMax: fc.constantFrom(0, 0, 10, 40),
})

/** Directories in memory, and what was read of them. */
function built(names: readonly string[], settings: ImportSettings, metadata?: Metadata) {
  return write(directoryNodes(entriesOf(names), settings, metadata))
}

function write(nodes: Iterable<{ readonly block: Block }>) {
  const blocks = Array.from(nodes, ({ block }) => block)
  const root = blocks.at(-1)?.cid
  if (root === undefined) throw new RangeError('no root')
  return { root, reader: new MemoryReader(blocks) }
}

async function change(reader: MemoryReader, root: CID, changes: DirectoryChanges): Promise<CID> {
  const nodes = await all(changeDirectory(reader, root, changes))
  for (const { block } of nodes) reader.add(block)
  const last = nodes.at(-1)
  if (last === undefined) throw new RangeError('no root')
  return last.block.cid
}

describe('a changed directory', () => {
  test('is the one that would be built from all of its entries, whatever came before', async () => {
    await fc.assert(
      fc.asyncProperty(
        anySettings,
        anyMetadata,
        fc.array(anyChanges, { maxLength: 6 }),
        async (chosen, metadata, batches) => {
          const settings = { ...ALWAYS, ...chosen }
          const directory = built([], settings, metadata)
          const entries = new Map<string, NonNullable<DirectoryChange['entry']>>()
          let { root } = directory
          for (const changes of batches) {
            root = await change(directory.reader, root, { changes, settings })
            for (const { name, entry } of changes) {
              if (entry === undefined) entries.delete(name)
              else entries.set(name, entry)
            }
            const whole = Array.from(entries, ([name, entry]) => ({ name, ...entry }))
            const nodes = [...directoryNodes(whole, settings, metadata)]
            expect(root.toString()).toBe(nodes.at(-1)?.block.cid.toString())
            for (const { block } of nodes) expect(directory.reader.has(block.cid)).toBe(true)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  test('reads and writes only the shards on the way', async () => {
    const { root, reader } = built(series(20_000), ALWAYS)
    reader.asked.length = 0
    const changes = [{ name: 'one more', entry: { cid: TARGET, tsize: 1 } }]
    const nodes = await all(changeDirectory(reader, root, { changes, settings: ALWAYS }))
    expect(nodes.length).toBeLessThanOrEqual(4)
    expect(new Set(reader.asked).size).toBeLessThanOrEqual(4)
  })

  test('reads no more to see that it stays sharded than a plain directory may have', async () => {
    const settings = { ...ALWAYS, directoryBytesMax: 10_000 }
    const { root, reader } = built(series(20_000), settings)
    reader.asked.length = 0
    await all(changeDirectory(reader, root, { changes: [{ name: 'file-777', entry: undefined }], settings }))
    const bytes = reader.asked.reduce((sum, cid) => sum + reader.bytesOf(cid), 0)
    expect(bytes).toBeLessThan(100_000)
  })

  test('keeps its permissions and time, or gets others', async () => {
    const metadata = { mode: 0o700, mtime: { seconds: 5n, nanoseconds: 0 } }
    for (const count of [3, 3000]) {
      const settings = { ...ALWAYS, directoryBytesMax: 10_000 }
      const { root, reader } = built(series(count), settings, metadata)
      const added = [{ name: 'one more', entry: { cid: TARGET, tsize: 1 } }]
      const kept = await change(reader, root, { changes: added, settings })
      expect(decodeUnixFS(await reader.get(kept)).data).toMatchObject(metadata)
      const other = await change(reader, kept, { changes: [], settings, metadata: { mode: 0o755 } })
      expect(decodeUnixFS(await reader.get(other)).data).not.toHaveProperty('mtime')
      expect(decodeUnixFS(await reader.get(other)).data.mode).toBe(0o755)
    }
  })

  test('keeps the fanout that it has', async () => {
    const { root, reader } = built(series(300), { ...ALWAYS, shardFanout: 16 })
    const changes = [{ name: 'one more', entry: { cid: TARGET, tsize: 300 } }]
    const wanted = built([...series(300), 'one more'], { ...ALWAYS, shardFanout: 16 })
    expect((await change(reader, root, { changes, settings: ALWAYS })).toString()).toBe(wanted.root.toString())
  })

  test('stays sharded where sharding is off, and is plain when it is empty', async () => {
    const settings = { ...ALWAYS, directoryBytesMax: 0 }
    const { root, reader } = built(['a', 'b'], ALWAYS)
    const one = await change(reader, root, { changes: [{ name: 'a', entry: undefined }], settings })
    expect(decodeUnixFS(await reader.get(one)).data.type).toBe('hamt-shard')
    const none = await change(reader, one, { changes: [{ name: 'b', entry: undefined }], settings })
    expect(decodeUnixFS(await reader.get(none)).data.type).toBe('directory')
  })

  test('refuses names that are none, and two of one hash', async () => {
    const { root, reader } = built(['a'], ALWAYS)
    const set = (...names: string[]) =>
      change(reader, root, {
        changes: names.map((name) => ({ name, entry: { cid: TARGET, tsize: 0 } })),
        settings: ALWAYS,
      })
    for (const name of ['', '.', '..', 'a/b', 'a\0']) await expectCode('INVALID', () => set(name))
    await expectCode('LIMIT', () => set(...SAME_HASH))
  })

  test('keeps names of others that nobody may choose here, the first of those that are the same, and refuses broken ones', async () => {
    const foreign = (names: readonly string[]) =>
      encodeUnixFS(
        { type: 'directory', data: new Uint8Array(0), blockSizes: [] },
        names.map((Name, index) => ({ Name, Hash: TARGET, Tsize: index })),
      )
    const settings = { ...ALWAYS, directoryBytesMax: 0 }
    const changes = [{ name: 'z\uFFFD', entry: { cid: TARGET, tsize: 9 } }]
    const odd = write([{ block: createBlock(foreign(['../foo', 'twice', 'twice']), { codec: DAG_PB_CODE }) }])
    const { links } = decodeUnixFS(await odd.reader.get(await change(odd.reader, odd.root, { changes, settings })))
    expect(links.map(({ Name, Tsize }) => [Name, Tsize])).toEqual([
      ['../foo', 0],
      ['twice', 1],
      ['z\uFFFD', 9],
    ])
    // A name that holds U+FFFD by right can be written again, one that is not text cannot.
    const text = write([{ block: createBlock(foreign(['x\uFFFDy']), { codec: DAG_PB_CODE }) }])
    await change(text.reader, text.root, { changes, settings })
    const bytes = foreign(['xxxy'])
    bytes[Buffer.from(bytes).indexOf('xxxy')] = 0xff
    const broken = write([{ block: createBlock(bytes, { codec: DAG_PB_CODE }) }])
    await expectCode('UNSUPPORTED', () => change(broken.reader, broken.root, { changes, settings }))
    // Two that decode to the same text are two entries, of which a listing would hide one.
    const two = foreign(['xxxy', 'xxxz'])
    two[Buffer.from(two).indexOf('xxxy') + 3] = 0xfe
    two[Buffer.from(two).indexOf('xxxz') + 3] = 0xff
    const both = write([{ block: createBlock(two, { codec: DAG_PB_CODE }) }])
    await expectCode('UNSUPPORTED', () => all(listDirectory(both.reader, both.root)))
  })

  test('is no file', async () => {
    const file = createBlock(Buffer.from('x'), { codec: 0x55 })
    const reader: BlockReader = new MemoryReader([file])
    await expectCode('INVALID', () => all(changeDirectory(reader, file.cid, { changes: [], settings: ALWAYS })))
  })
})
