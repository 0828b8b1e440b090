import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  blockKey,
  CairnError,
  decodeUnixFS,
  dropBlocks,
  importTree,
  linksOf,
  parseChunker,
  PROFILES,
  storeBlocks,
  type Block,
  type ImportEvent,
  type ImportSettings,
  type ImportSource,
  type NamedSource,
} from '../../src/index.ts'
import { IMPORT_BATCH_BLOCKS, IMPORT_BATCH_BYTES, IMPORT_WRITES_AT_ONCE } from '../../src/limits.ts'
import { all, patternBytes } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { directorySource, fileSource, imported, settingsOf } from '../support/import.ts'
import { MapStore } from '../support/map-store.ts'

const eventsOf = (source: ImportSource, changes: Partial<ImportSettings> = {}) =>
  importTree({ name: 'root', source }, settingsOf(changes))

/** A file of `count` chunks of `chunkBytes`, that counts the pieces taken from it. */
function countedFile(count: number, chunkBytes: number) {
  const counter = { taken: 0, isEnded: false }
  const source: ImportSource = {
    kind: 'file',
    async *content() {
      try {
        for (; counter.taken < count; counter.taken++) yield patternBytes(chunkBytes, counter.taken)
      } finally {
        counter.isEnded = true
      }
    },
  }
  return { counter, source }
}

describe('importTree', () => {
  test('gives every block before what links it, and entries after their blocks', async () => {
    const source = directorySource({
      b: fileSource(patternBytes(50)),
      a: directorySource({ x: fileSource(), y: { kind: 'symlink', target: '../b' } }),
      c: directorySource({}),
    })
    const seen = new Set<string>()
    const paths: string[] = []
    for await (const event of eventsOf(source, { chunker: 'size-8', linksPerNode: 3 })) {
      if (event.kind === 'block') {
        for (const { cid } of linksOf(event.block)) expect(seen.has(blockKey(cid))).toBe(true)
        seen.add(blockKey(event.block.cid))
      } else if (event.kind === 'entry') {
        expect(seen.has(blockKey(event.cid))).toBe(true)
        paths.push(event.path)
      }
    }
    expect(paths).toEqual(['root/b', 'root/a/x', 'root/a/y', 'root/a', 'root/c', 'root'])
  })

  test('counts content bytes and the bytes of all blocks, repeated ones included', async () => {
    const zeros = new Uint8Array(10_000)
    const { root, store, entries } = await imported(directorySource({ a: fileSource(zeros), b: fileSource(zeros) }), {
      chunker: 'size-100',
    })
    expect(entries.map(({ size }) => size)).toEqual([10_000, 10_000, 0])
    const stored = await store.stat()
    expect(stored.blocks).toBe(3)
    const directory = await store.size(root.cid)
    expect(root.tsize).toBe((entries[0]?.tsize ?? 0) * 2 + (directory ?? 0))
    expect(entries[0]?.tsize).toBe(10_000 + ((await store.size(entries[0]?.cid ?? root.cid)) ?? 0))
  })

  test('does not depend on the pieces that content comes in, nor on the order of entries', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(200), { maxLength: 6 }),
        async (bytes, cuts) => {
          const ends = [...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
          const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
          const settings = { chunker: 'size-16', linksPerNode: 3 }
          const whole = await imported(directorySource({ a: fileSource(bytes), b: fileSource() }), settings)
          const cut = await imported(directorySource({ b: fileSource(), a: fileSource(...pieces) }), settings)
          expect(cut.root).toEqual(whole.root)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('sorts names by their bytes, not as JavaScript does', async () => {
    // U+FF5E comes before U+1F600 in UTF-8, and after it in UTF-16.
    const names = ['\u{1F600}', '\uFF5E', 'foo.txt', 'foo-bar', 'foo', 'é', 'z', 'Z']
    const { root, reader } = await imported(
      directorySource(Object.fromEntries(names.map((name) => [name, fileSource()]))),
    )
    const { links } = decodeUnixFS(await reader.get(root.cid))
    expect(links.map(({ Name }) => Name)).toEqual(['Z', 'foo', 'foo-bar', 'foo.txt', 'z', 'é', '\uFF5E', '\u{1F600}'])
  })

  test.each(['', '.', '..', 'a/b', '/', 'a\0'])('refuses the name %j', async (name) => {
    await expectCode('INVALID', () => all(eventsOf(directorySource({ [name]: fileSource() }))))
  })

  test('refuses a name that stands twice', async () => {
    const source: ImportSource = {
      kind: 'directory',
      async *entries() {
        for (const name of ['a', 'b', 'a']) yield { name, source: fileSource() }
      },
    }
    await expectCode('CONFLICT', () => all(eventsOf(source)))
  })

  test('reports the bytes of each file as they are read', async () => {
    const progress: number[] = []
    const { source } = countedFile(5, 1000)
    for await (const event of eventsOf(source, { chunker: 'size-1000' }))
      if (event.kind === 'progress') progress.push(event.bytes)
    expect(progress).toEqual([1000, 2000, 3000, 4000, 5000])
  })

  test('passes on what its source throws, and ends its source on a break', async () => {
    const failure = new Error('cannot read')
    const failing: ImportSource = {
      kind: 'file',
      async *content() {
        yield patternBytes(10)
        throw failure
      },
    }
    await expect(all(eventsOf(directorySource({ a: failing })))).rejects.toBe(failure)
    const { counter, source } = countedFile(1000, 10)
    for await (const { kind } of eventsOf(source, { chunker: 'size-10' })) if (kind === 'block') break
    expect(counter.isEnded).toBe(true)
    expect(counter.taken).toBeLessThan(5)
  })

  test.each(['size-262144', 'rabin-512-1024-2048', 'buzhash', 'fastcdc-1024-4096-16384'])(
    'gives a file that is one chunk of %s the CID that it has in many pieces',
    async (chunker) => {
      const { loneBytesMax } = parseChunker(chunker)
      for (const length of [0, 1, loneBytesMax - 1, loneBytesMax, loneBytesMax + 1]) {
        for (const changes of [{}, { metadata: { mode: 0o644 } }, { rawLeaves: false }, { inlineBytesMax: 32 }]) {
          const bytes = patternBytes(length)
          const settings = { chunker, ...changes }
          const whole = await imported(fileSource(bytes), settings)
          const halves = [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1), new Uint8Array(0)]
          expect((await imported(fileSource(...halves), settings)).root).toEqual(whole.root)
          expect(whole.root.size).toBe(length)
        }
      }
    },
  )

  test('keeps no more of a piece than it is: the rest of its buffer is not held', async () => {
    const piece = new Uint8Array(1024 * 1024).fill(7, 10, 20).subarray(10, 20)
    const events = await all(eventsOf(fileSource(piece)))
    const buffers = events.flatMap((event) => (event.kind === 'block' ? [event.block.bytes.buffer.byteLength] : []))
    expect(buffers).toEqual([10])
  })

  test('ends the sources of all open directories, the innermost first', async () => {
    const ended: string[] = []
    const nested = (name: string, ...inside: readonly NamedSource[]): NamedSource => ({
      name,
      source: {
        kind: 'directory',
        async *entries() {
          try {
            yield* inside
            yield { name: 'file', source: fileSource(patternBytes(10)) }
          } finally {
            ended.push(name)
          }
        },
      },
    })
    const tree = nested('a', nested('b', nested('c')))
    for await (const { kind } of importTree(tree, settingsOf())) if (kind === 'block') break
    expect(ended).toEqual(['c', 'b', 'a'])
    await expectCode('INVALID', () =>
      all(importTree(nested('d', nested('e', { name: '', source: fileSource() })), settingsOf())),
    )
    expect(ended.slice(3)).toEqual(['e', 'd'])
  })

  test('goes ten thousand directories deep', async () => {
    const deep = 10_000
    let source = fileSource(patternBytes(10))
    for (let depth = 0; depth < deep; depth++) source = directorySource({ d: source })
    let entries = 0
    // Names as long as the depth are the price of telling paths.
    for await (const { kind } of eventsOf(source)) if (kind === 'entry') entries++
    expect(entries).toBe(deep + 1)
  })

  test('checks its settings before it reads', async () => {
    const { counter, source } = countedFile(1, 10)
    await expectCode('UNSUPPORTED', () => all(eventsOf(source, { chunker: 'rabid' })))
    await expectCode('INVALID', () => all(eventsOf(source, { linksPerNode: 1 })))
    expect(counter.taken).toBe(0)
    await expectCode('INVALID', () =>
      all(importTree({ name: '', source }, { ...PROFILES['unixfs-v0-2015'], hash: 'blake3' })),
    )
  })
})

describe('storeBlocks', () => {
  test('passes an entry on only once its blocks are in the store', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `file ${index}`)
    const source = directorySource(
      Object.fromEntries(names.map((name, index) => [name, fileSource(patternBytes(100, index))])),
    )
    const store = new MapStore()
    let entries = 0
    for await (const event of storeBlocks(store)(eventsOf(source, { chunker: 'size-30' }))) {
      if (event.kind !== 'entry') continue
      entries++
      const node = await store.get(event.cid)
      const links = linksOf(node ?? expect.fail('an entry came before its block'))
      expect(await store.hasMany(links.map(({ cid }) => cid))).not.toContain(false)
    }
    expect(entries).toBe(51)
  })

  test('fills one batch while it writes no more than it may at a time', async () => {
    const chunkBytes = 1024 * 1024
    const { source } = countedFile(70, chunkBytes)
    let [made, written, writing, mostHeld] = [0, 0, 0, 0]
    const store = {
      async putMany(blocks: readonly Block[]) {
        expect(++writing).toBeLessThanOrEqual(IMPORT_WRITES_AT_ONCE)
        await new Promise((resolve) => setTimeout(resolve, 1))
        writing--
        written += blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
      },
    }
    async function* counted(): AsyncGenerator<ImportEvent> {
      for await (const event of eventsOf(source)) {
        if (event.kind === 'block') made += event.block.bytes.length
        mostHeld = Math.max(mostHeld, made - written)
        yield event
      }
    }
    await all(storeBlocks(store)(counted()))
    expect(written).toBe(made)
    expect(mostHeld).toBeLessThanOrEqual((IMPORT_WRITES_AT_ONCE + 1) * (IMPORT_BATCH_BYTES + chunkBytes))
    expect(mostHeld).toBeGreaterThan(IMPORT_BATCH_BYTES)
  })

  test('commits tiny blocks in steps too', async () => {
    const sizes: number[] = []
    const store = { putMany: async (blocks: readonly Block[]) => void sizes.push(blocks.length) }
    const { source } = countedFile(1, IMPORT_BATCH_BLOCKS * 2 + 10)
    await all(storeBlocks(store)(eventsOf(source, { chunker: 'size-1' })))
    expect(sizes.slice(0, 2)).toEqual([IMPORT_BATCH_BLOCKS, IMPORT_BATCH_BLOCKS])
    expect(sizes).toHaveLength(3)
  })

  test('a failing store ends the import with its error, and no entry is told', async () => {
    const { counter, source } = countedFile(200, 1024 * 1024)
    let calls = 0
    const store = {
      async putMany() {
        calls++
        throw new CairnError('LIMIT', 'Cannot write: the disk is full')
      },
    }
    const met: string[] = []
    await expectCode('LIMIT', async () => {
      for await (const { kind } of storeBlocks(store)(eventsOf(source))) met.push(kind)
    })
    expect(met).not.toContain('entry')
    expect(calls).toBeLessThanOrEqual(IMPORT_WRITES_AT_ONCE)
    expect(counter.isEnded).toBe(true)
    expect(counter.taken).toBeLessThan(40)
  })

  test('a break waits for the write that runs', async () => {
    const { source } = countedFile(200, 1024 * 1024)
    let [begun, ended] = [0, 0]
    const store = {
      async putMany() {
        begun++
        await new Promise((resolve) => setTimeout(resolve, 5))
        ended++
      },
    }
    for await (const event of storeBlocks(store)(eventsOf(source))) if (event.kind === 'progress' && begun > 0) break
    expect(begun).toBeGreaterThan(0)
    expect(ended).toBe(begun)
  })
})

test('dropBlocks gives the same entries without a store', async () => {
  const source = () => directorySource({ a: fileSource(patternBytes(100)), b: directorySource({}) })
  const stored = await imported(source())
  const dropped = await all(dropBlocks(eventsOf(source())))
  expect(dropped.filter((event) => event.kind === 'entry')).toEqual(stored.entries)
})
