import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import { importTree, listDirectory, linksOf, PROFILES, readTree, resolvePath, type Block } from '../../src/index.ts'
import { findEntry } from '../../src/directory/find-entry.ts'
import { directoryNodes } from '../../src/directory/directory.ts'
import { decodeUnixFS } from '../../src/unixfs/unixfs-node.ts'
import { all } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import {
  ALWAYS,
  anyFanout,
  anyName,
  anyNames,
  MemoryReader,
  entriesOf,
  readerOf,
  SAME_HASH,
  TARGET,
  write,
} from './hamt-fixtures.ts'

const series = (count: number) => Array.from({ length: count }, (_, index) => `file-${index}`)
const typeOf = (block: Block) => decodeUnixFS(block).data.type

describe('a sharded directory', () => {
  test('gives back what was put in, wherever it is asked, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(anyNames, anyName, anyFanout, async (names, absent, shardFanout) => {
        const written = write(names, { ...ALWAYS, shardFanout })
        const reader = readerOf(written)
        const directory = written.root.cid
        const listed = await all(listDirectory(reader, directory))
        expect(new Map(listed.map((entry) => [entry.name, entry]))).toEqual(
          new Map(entriesOf(names).map((entry) => [entry.name, entry])),
        )
        expect(listed).toHaveLength(names.length)
        const found = await Promise.all(names.map((name) => findEntry(reader, { directory, name })))
        expect(found).toEqual(entriesOf(names))
        if (!names.includes(absent)) expect(await findEntry(reader, { directory, name: absent })).toBeUndefined()
      }),
      { numRuns: 25 },
    )
  })

  test('does not depend on the order of its entries', () => {
    fc.assert(
      fc.property(
        anyNames.chain((names) =>
          fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })),
        ),
        anyFanout,
        ([names, shuffled], shardFanout) => {
          const settings = { ...ALWAYS, shardFanout }
          const root = (order: readonly string[]) => {
            const entries = order.map((name) => ({ name, cid: TARGET, tsize: name.length }))
            return [...directoryNodes(entries, settings)].at(-1)?.block.cid.toString()
          }
          expect(root(shuffled)).toBe(root(names))
        },
      ),
    )
  })

  test('comes as blocks each of which links only such as came before, with their sizes summed up', () => {
    const { nodes, root } = write(series(3000), { ...ALWAYS, shardFanout: 16 })
    const sizes = new Map<string, number>()
    for (const { block, tsize } of nodes) {
      const links = linksOf(block)
      for (const { cid, tsize: linked } of links) {
        if (!cid.equals(TARGET)) expect(sizes.get(cid.toString())).toBe(linked)
      }
      expect(tsize).toBe(links.reduce((sum, link) => sum + (link.tsize ?? 0), block.bytes.length))
      sizes.set(block.cid.toString(), tsize)
    }
    expect(nodes.at(-1)?.block).toBe(root)
  })

  test('is searched through the shards on the way alone', async () => {
    const written = write(series(20_000))
    for (const name of ['file-0', 'file-777', 'file-19999', 'absent']) {
      const reader = readerOf(written)
      await findEntry(reader, { directory: written.root.cid, name })
      const onTheWay = new MemoryReader(
        written.nodes.map(({ block }) => block).filter((block) => reader.asked.includes(block.cid.toString())),
      )
      expect((await findEntry(onTheWay, { directory: written.root.cid, name }))?.name).toBe(
        name === 'absent' ? undefined : name,
      )
      expect(reader.asked.length).toBeLessThanOrEqual(4)
    }
  })

  test('reads each of its blocks once for a listing, and none after a break', async () => {
    const written = write(series(5000))
    const reader = readerOf(written)
    await all(listDirectory(reader, written.root.cid))
    expect(reader.asked.toSorted()).toEqual(written.nodes.map(({ block }) => block.cid.toString()).toSorted())
    for await (const entry of listDirectory(reader, written.root.cid)) if (entry.name !== '') break
    const asked = reader.asked.length
    await new Promise((resolve) => setImmediate(resolve))
    expect(reader.asked).toHaveLength(asked)
  })

  test('stops listing when it is told to', async () => {
    const written = write(series(1000))
    const stop = new AbortController()
    const reason = new Error('enough')
    const listing = all(listDirectory(readerOf(written), written.root.cid, { signal: stop.signal }))
    stop.abort(reason)
    await expect(listing).rejects.toBe(reason)
  })

  test('refuses two names of one hash, and the same name twice', async () => {
    await expectCode('LIMIT', () => write([...series(10), ...SAME_HASH]))
    await expectCode('CONFLICT', () => write(['a', 'b', 'a']))
  })

  test.each([
    ['INVALID', 0],
    ['INVALID', 4],
    ['INVALID', 12],
    ['INVALID', Number.NaN],
    ['LIMIT', 2048],
  ] as const)('refuses with %s a fanout of %d', async (code, shardFanout) => {
    await expectCode(code, () => write(['a'], { ...ALWAYS, shardFanout }))
  })
})

describe('the threshold', () => {
  const anyEntries = fc.uniqueArray(
    fc.record({ name: anyName, cid: fc.constant(TARGET), tsize: fc.nat(2 ** 31 - 1).map((bytes) => bytes * 1024) }),
    {
      selector: ({ name }) => name,
      minLength: 1,
      maxLength: 200,
    },
  )
  const types = (entries: Parameters<typeof directoryNodes>[0], settings: typeof ALWAYS) =>
    [...directoryNodes(entries, settings)].slice(-1).map(({ block }) => typeOf(block))

  test('is compared with the exact bytes of the plain block', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const bytes = [...directoryNodes(entries, { ...ALWAYS, directoryBytesMax: 0 })][0]?.block.bytes.length ?? 0
        expect(types(entries, { ...ALWAYS, directoryBytesMax: bytes })).toEqual(['directory'])
        expect(types(entries, { ...ALWAYS, directoryBytesMax: bytes - 1 })).toEqual(['hamt-shard'])
      }),
    )
  })

  test('is compared with the bytes of names and CIDs', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const bytes = entries.reduce((sum, { name, cid }) => sum + Buffer.byteLength(name) + cid.bytes.length, 0)
        const settings = { ...ALWAYS, directoryEstimate: 'links' as const }
        fc.pre(bytes > 1)
        expect(types(entries, { ...settings, directoryBytesMax: bytes })).toEqual(['directory'])
        expect(types(entries, { ...settings, directoryBytesMax: bytes - 1 })).toEqual(['hamt-shard'])
      }),
    )
  })

  // Each name has 7 bytes, so an entry counts 7 + 36 by names and CIDs, and 51 in the block: 2 + 2 + 36 + 2 + 7 + 2.
  test.each([
    ['unixfs-v0-2015', (262_144 - 6 - 36) % 43, Math.floor((262_144 - 42) / 43)],
    ['unixfs-v1-2025', (262_144 - 4) % 51, Math.floor((262_144 - 4) / 51)],
  ] as const)('of %s is 262,144 bytes, itself included', (profile, rest, count) => {
    const plain = entriesOf(Array.from({ length: count }, (_, index) => `f${index}`.padEnd(7, '-')))
    const even = plain.map((entry) => ({ ...entry, tsize: 1 }))
    const padded =
      profile === 'unixfs-v0-2015'
        ? [...even, { name: 'x'.repeat(6 + rest), cid: TARGET, tsize: 1 }]
        : lengthen(even, rest)
    expect(types(padded, PROFILES[profile])).toEqual(['directory'])
    expect(types(lengthen(padded, 1), PROFILES[profile])).toEqual(['hamt-shard'])
  })

  test('of 1 shards whatever is not empty, that of 0 nothing', async () => {
    expect(types(entriesOf(['a']), ALWAYS)).toEqual(['hamt-shard'])
    expect(types([], ALWAYS)).toEqual(['directory'])
    expect(types(entriesOf(series(10_000)), { ...ALWAYS, directoryBytesMax: 0 })).toEqual(['directory'])
    const large = series(9000).map((name) => name.padEnd(255, '-'))
    await expectCode('LIMIT', () => types(entriesOf(large), { ...ALWAYS, directoryBytesMax: 0 }))
  })

  /** The same with the first name longer by `bytes`. */
  function lengthen(entries: ReturnType<typeof entriesOf>, bytes: number) {
    return entries.map((entry, index) => (index === 0 ? { ...entry, name: entry.name + 'y'.repeat(bytes) } : entry))
  }
})

test('a large folder comes back through importTree, readTree and paths', async () => {
  const names = series(6000)
  const content = (name: string) => Buffer.from(`content of ${name}`)
  async function* entries() {
    for (const name of names) {
      yield {
        name,
        source: {
          kind: 'file' as const,
          content: async function* () {
            yield content(name)
          },
        },
      }
    }
  }
  const blocks: Block[] = []
  let root: CID | undefined
  for await (const event of importTree(
    { name: 'top', source: { kind: 'directory', entries } },
    PROFILES['unixfs-v1-2025'],
  )) {
    if (event.kind === 'block') blocks.push(event.block)
    else if (event.kind === 'entry') root = event.cid
  }
  const last = blocks.at(-1)
  if (root === undefined || last === undefined) throw new RangeError('no root')
  expect(last.cid.equals(root)).toBe(true)
  expect(typeOf(last)).toBe('hamt-shard')

  const reader = new MemoryReader(blocks)
  const read = new Map<string, string>()
  for await (const item of readTree(reader, { cid: root, path: 'top' })) {
    if (item.kind === 'bytes') read.set(item.path, Buffer.from(item.bytes).toString())
  }
  expect(read).toEqual(new Map(names.map((name) => [`top/${name}`, content(name).toString()])))
  expect(Buffer.from((await reader.get(await resolvePath(reader, `${root}/file-4321`))).bytes)).toEqual(
    content('file-4321'),
  )
  await expectCode('NOT_FOUND', () => resolvePath(reader, `${root}/file-6000`))
})
