// Random trees and settings, and both as the oracle takes them.
import fc from 'fast-check'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced, trickle } from 'ipfs-unixfs-importer/layout'
import type { ImportCandidate, ImporterOptions } from 'ipfs-unixfs-importer'
import type { ImportSettings, ImportSource, Metadata, NamedSource } from '@cairn/core'

/** The bound of both profiles, which no random directory reaches. */
const DIRECTORY_BYTES_MAX = 262_144

/** What a tree is made of. */
export type Tree =
  | { readonly kind: 'file'; readonly seed: number; readonly size: number; readonly metadata: Metadata }
  | { readonly kind: 'symlink'; readonly target: string; readonly metadata: Metadata }
  | { readonly kind: 'directory'; readonly entries: readonly Entry[]; readonly metadata: Metadata }

interface Entry {
  readonly name: string
  readonly tree: Tree
}

/** Widths and chunks are small, so that small files have deep trees. */
export const anySettings: fc.Arbitrary<ImportSettings> = fc.record({
  cidVersion: fc.constantFrom(0 as const, 1 as const),
  hash: fc.constant('sha2-256' as const),
  rawLeaves: fc.boolean(),
  chunker: fc.integer({ min: 1, max: 40 }).map((size) => `size-${size}`),
  layout: fc.constantFrom('balanced' as const, 'trickle' as const),
  linksPerNode: fc.integer({ min: 2, max: 6 }),
  directoryBytesMax: fc.constantFrom(1, 60, 200, DIRECTORY_BYTES_MAX),
  directoryEstimate: fc.constantFrom('links' as const, 'block' as const),
  shardFanout: fc.constantFrom(8, 16, 256, 1024),
})

/** Times before 1970 as well. The oracle writes 0 nanoseconds, which the specification forbids, and loses bit 31. */
const anyMetadata: fc.Arbitrary<Metadata> = fc.record(
  {
    // The oracle drops a mode that is the default of its kind.
    mode: fc.integer({ min: 0, max: 0o7777 }).filter((mode) => mode !== 0o644 && mode !== 0o755),
    mtime: fc.record({
      seconds: fc.bigInt({ min: -(2n ** 30n), max: 2n ** 31n - 1n }),
      nanoseconds: fc.integer({ min: 1, max: 999_999_999 }),
    }),
  },
  { requiredKeys: [] },
)

const anyName = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), minLength: 1, maxLength: 3 }),
)
const isName = (name: string): boolean => name !== '.' && name !== '..' && !/[/\0\\]/.test(name) && name.isWellFormed()

const { tree } = fc.letrec<{ tree: Tree; directory: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    fc.record({ kind: fc.constant('file'), seed: fc.nat(9), size: fc.nat(900), metadata: anyMetadata }),
    fc.record({
      kind: fc.constant('symlink'),
      target: fc.string({ minLength: 1, maxLength: 20 }),
      // A link has no permissions of its own, though the oracle would write some.
      metadata: anyMetadata.map(({ mtime }) => ({ mtime })),
    }),
    tie('directory'),
  ),
  directory: fc.record({
    kind: fc.constant('directory'),
    entries: fc.uniqueArray(fc.record({ name: anyName.filter(isName), tree: tie('tree') }), {
      maxLength: 12,
      depthIdentifier: 'tree',
      selector: ({ name }) => name,
    }),
    metadata: anyMetadata,
  }),
}))

/** Any tree. */
export const anyTree: fc.Arbitrary<Tree> = tree

/**
 * The tree without what the oracle is known to do wrong: it takes a one-chunk file with metadata and dag-pb leaves for
 * the content of another file, gives the metadata to every interior node instead of to the root alone, and leaves
 * directories out of the size of the one that holds them.
 */
export function withinOracle(root: Tree, settings: ImportSettings): Tree {
  if (root.kind === 'directory') {
    const mayNest = settings.directoryBytesMax === DIRECTORY_BYTES_MAX
    const entries = root.entries.filter((entry) => mayNest || entry.tree.kind !== 'directory')
    return { ...root, entries: entries.map(({ name, tree: inner }) => ({ name, tree: withinOracle(inner, settings) })) }
  }
  if (root.kind === 'symlink') return root
  const chunks = Math.ceil(root.size / chunkBytes(settings))
  const isRight = chunks <= settings.linksPerNode && (chunks > 1 || settings.layout === 'trickle' || settings.rawLeaves)
  return isRight ? root : { ...root, metadata: {} }
}

/** The tree as a source of Cairn. */
export function sourceOf(root: Tree): ImportSource {
  const { metadata } = root
  if (root.kind === 'symlink') return { kind: 'symlink', target: root.target, metadata }
  if (root.kind === 'file') {
    return {
      kind: 'file',
      metadata,
      async *content() {
        const bytes = bytesOf(root)
        // In pieces that do not fit the chunks.
        for (let start = 0; start < bytes.length; start += 7) yield bytes.subarray(start, start + 7)
      },
    }
  }
  return {
    kind: 'directory',
    metadata,
    async *entries(): AsyncGenerator<NamedSource> {
      for (const { name, tree: inner } of root.entries) yield { name, source: sourceOf(inner) }
    },
  }
}

/** The tree under `path` as candidates of the oracle, each directory before what it holds. */
export function* candidatesOf(root: Tree, path: string): Generator<ImportCandidate> {
  const { mode, mtime } = root.metadata
  const metadata = {
    ...(mode !== undefined && { mode }),
    ...(mtime !== undefined && { mtime: { secs: mtime.seconds, nsecs: mtime.nanoseconds } }),
  }
  if (root.kind === 'file') yield { path, content: bytesOf(root), ...metadata }
  else if (root.kind === 'symlink') yield { path, link: root.target, ...metadata }
  else {
    yield { path, ...metadata }
    for (const { name, tree: inner } of root.entries) yield* candidatesOf(inner, `${path}/${name}`)
  }
}

/** The settings as options of the oracle. */
export function optionsOf(settings: ImportSettings): ImporterOptions {
  const { cidVersion, rawLeaves, layout, linksPerNode: maxChildrenPerNode } = settings
  return {
    cidVersion,
    rawLeaves,
    chunker: fixedSize({ chunkSize: chunkBytes(settings) }),
    layout: layout === 'trickle' ? trickle({ maxChildrenPerNode }) : balanced({ maxChildrenPerNode }),
    leafType: layout === 'trickle' ? 'raw' : 'file',
    reduceSingleLeafToSelf: layout === 'balanced',
    shardSplitThresholdBytes: settings.directoryBytesMax,
    shardSplitStrategy: settings.directoryEstimate === 'links' ? 'links-bytes' : 'block-bytes',
    shardFanoutBits: Math.log2(settings.shardFanout),
    fieldOrder: 'links-first',
  }
}

function chunkBytes({ chunker }: ImportSettings): number {
  return Number(chunker.slice('size-'.length))
}

/** Content of a file. It repeats itself for some seeds, so that equal chunks and equal files occur. */
export function bytesOf({ seed, size }: Extract<Tree, { kind: 'file' }>): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (seed < 3 ? seed : (index * seed + (index >> 5)) % 251))
}
