// What we import, ipfs-unixfs-exporter reads, and what ipfs-unixfs-importer imports, we read: the same names, kinds, contents,
// modes and times.
import { MemoryBlockstore } from 'blockstore-core'
import fc from 'fast-check'
import { exporter, type UnixFSFile } from 'ipfs-unixfs-exporter'
import { importer } from 'ipfs-unixfs-importer'
import { importTree, readTree, verifyBlock, type BlockReader, type Metadata } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import {
  anySettings,
  anyTree,
  bytesOf as contentOf,
  candidatesOf,
  optionsOf,
  sourceOf,
  withinOracle,
  type Tree,
} from './random-source.ts'

const isLong = process.env['CAIRN_SLOW'] === '1'
const RUNS = Number(process.env['CAIRN_DIFFERENTIAL'] ?? (isLong ? 20_000 : 50))

const inlineBytes = fc.option(fc.integer({ min: 0, max: 128 }), { nil: undefined })

test('ipfs-unixfs-exporter reads what we import, and so do we', { timeout: 0 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, anySettings, inlineBytes, async (tree, settings, inlineBytesMax) => {
      const store = new MemoryBlockstore()
      let root: CID | undefined
      for await (const event of importTree({ name: '', source: sourceOf(tree) }, { ...settings, inlineBytesMax })) {
        if (event.kind === 'block') await store.put(event.block.cid, event.block.bytes)
        if (event.kind === 'entry') root = event.cid
      }
      if (root === undefined) throw new TypeError('an import ends with its root')
      const ours = await readByUs(store, root)
      expect(ours).toEqual(new Map(expected(tree, '')))
      // The oracle looks for inlined nodes in its store.
      if (inlineBytesMax === undefined) expect(await readByOracle(store, root)).toEqual(ours)
    }),
    { numRuns: RUNS },
  )
})

test('we read what ipfs-unixfs-importer imports', { timeout: 0 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, anySettings, async (anything, settings) => {
      const tree = withinOracle(anything, settings)
      const store = new MemoryBlockstore()
      let root: CID | undefined
      for await (const { cid } of importer(candidatesOf(tree, 'root'), store, optionsOf(settings))) root = cid
      if (root !== undefined) expect(await readByUs(store, root)).toEqual(new Map(expected(tree, '')))
    }),
    { numRuns: RUNS },
  )
})

type UnixFS = UnixFSFile['unixfs']

type Entries = Map<string, string>

/** The entries of a tree by their paths, each as one text. */
function* expected(tree: Tree, path: string): Generator<[path: string, what: string]> {
  const { kind, metadata } = tree
  if (kind === 'file') yield [path, textOf(metadata, 'file', contentOf(tree))]
  if (kind === 'symlink') yield [path, textOf({ mtime: metadata.mtime }, 'symlink', Buffer.from(tree.target))]
  if (kind === 'directory') {
    yield [path, textOf(metadata, 'directory')]
    for (const entry of tree.entries) yield* expected(entry.tree, `${path}/${entry.name}`)
  }
}

async function readByUs(store: MemoryBlockstore, root: CID): Promise<Entries> {
  const reader: BlockReader = {
    get: async (cid) => verifyBlock(cid, identityBytes(cid) ?? (await joined(store.get(cid)))),
  }
  const entries: Entries = new Map()
  const contents = new Map<string, Uint8Array[]>()
  const files = new Map<string, Metadata>()
  for await (const item of readTree(reader, { cid: root, path: '' })) {
    if (item.kind === 'bytes') contents.get(item.path)?.push(item.bytes)
    else if (item.kind === 'file') {
      files.set(item.path, item)
      contents.set(item.path, [])
    } else if (item.kind === 'symlink') {
      entries.set(item.path, textOf(item, 'symlink', Buffer.from(item.target)))
    } else {
      entries.set(item.path, textOf(item, 'directory'))
    }
  }
  for (const [path, metadata] of files)
    entries.set(path, textOf(metadata, 'file', Buffer.concat(contents.get(path) ?? [])))
  return entries
}

async function readByOracle(store: MemoryBlockstore, root: CID): Promise<Entries> {
  const entries: Entries = new Map()
  async function read(cid: CID, path: string): Promise<void> {
    const entry = await exporter(cid, store)
    if (entry.type === 'directory') {
      entries.set(path, textOf(metadataOf(entry.unixfs), 'directory'))
      for await (const child of entry.entries()) await read(child.cid, `${path}/${child.name}`)
    } else if (entry.type === 'file') {
      const { type, data } = entry.unixfs
      const isLink = type === 'symlink'
      const content = isLink ? (data ?? new Uint8Array(0)) : await joined(entry.content())
      entries.set(path, textOf(metadataOf(entry.unixfs), isLink ? 'symlink' : 'file', content))
    } else if (entry.type !== 'object') {
      entries.set(path, textOf({}, 'file', await joined(entry.content())))
    }
  }
  await read(root, '')
  return entries
}

/** Without the mode that the oracle gives to what has none, and no random tree has. */
function metadataOf({ mode, mtime }: UnixFS): Metadata {
  return {
    mode: mode === 0o644 || mode === 0o755 ? undefined : mode,
    mtime: mtime && { seconds: mtime.secs, nanoseconds: mtime.nsecs ?? 0 },
  }
}

function textOf({ mode, mtime }: Metadata, kind: string, content: Uint8Array = new Uint8Array(0)): string {
  const time = mtime === undefined ? '' : `${mtime.seconds}.${mtime.nanoseconds}`
  return `${kind} ${mode ?? ''} ${time} ${Buffer.from(content).toString('hex')}`
}

function identityBytes(cid: CID): Uint8Array | undefined {
  return cid.multihash.code === 0 ? cid.multihash.digest : undefined
}

async function joined(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(pieces))
}
