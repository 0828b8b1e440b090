// Files and folders into blocks: one generator without I/O of its own. Where the blocks go is the consumer's choice:
// into a store, into a CAR, or nowhere (only-hash).
import type { CID } from 'multiformats/cid'
import { isInline, type Block } from '../block/block.ts'
import type { BlockStore } from '../interfaces.ts'
import { IMPORT_BATCH_BLOCKS, IMPORT_BATCH_BYTES, IMPORT_WRITES_AT_ONCE } from '../limits.ts'
import { directoryNodes, symlinkNode } from '../directory/directory.ts'
import { EntryList } from '../directory/entry-list.ts'
import { importFile } from './import-file.ts'
import type { ImportSettings } from './profile.ts'
import type { Metadata } from './unixfs-node.ts'
import type { TreeNode } from '../directory/tree-node.ts'

/** What can be imported. Content and entries are asked for once, when their turn comes. */
export type ImportSource = { readonly metadata?: Metadata | undefined } & (
  | { readonly kind: 'file'; content(): AsyncIterable<Uint8Array> }
  | { readonly kind: 'directory'; entries(): AsyncIterable<NamedSource> }
  | { readonly kind: 'symlink'; readonly target: string }
)

/** A source under the name that it has in its directory. */
export interface NamedSource {
  readonly name: string
  readonly source: ImportSource
}

/** A new block. Blocks come before those that link them; those whose CID holds their bytes do not come at all. */
export interface BlockEvent {
  readonly kind: 'block'
  readonly block: Block
}

/** Content bytes of the file at `path` that were read so far. */
export interface ProgressEvent {
  readonly kind: 'progress'
  readonly path: string
  readonly bytes: number
}

/** A finished file, directory or symlink; its blocks came before. The last entry is the root. */
export interface EntryEvent {
  readonly kind: 'entry'
  readonly path: string
  readonly cid: CID
  /** Content bytes of a file; 0 for anything else. */
  readonly size: number
  /** Bytes of all blocks of the entry, repeated ones included. */
  readonly tsize: number
  /** What was stored beside the content. */
  readonly metadata?: Metadata | undefined
}

/** What {@link importTree} reports. */
export type ImportEvent = BlockEvent | ProgressEvent | EntryEvent

/**
 * Imports `source` under the name `name`: depth first, files before the directory that holds them.
 *
 * @throws as `importFile` and `directoryNodes`, and whatever the source throws
 */
export async function* importTree(
  { name, source }: NamedSource,
  settings: ImportSettings,
): AsyncGenerator<ImportEvent, EntryEvent> {
  const entry = yield* entryEvents({ name, source }, settings, { isRoot: true })
  if (entry === undefined) throw new TypeError('a root is never left out')
  return entry
}

/**
 * A stage that stores the blocks of an import and passes everything else on, each entry only once its blocks are
 * durable. Batches are written while the next one fills.
 */
export function storeBlocks(store: Pick<BlockStore, 'putMany'>) {
  return async function* stored(events: AsyncIterable<ImportEvent>): AsyncGenerator<ProgressEvent | EntryEvent> {
    let batch = new Batch()
    const writes: Promise<readonly EntryEvent[]>[] = []
    async function* write(): AsyncGenerator<EntryEvent> {
      if (writes.length === IMPORT_WRITES_AT_ONCE) yield* (await writes.shift()) ?? []
      writes.push(batch.write(store))
      batch = new Batch()
    }
    try {
      for await (const event of events) {
        if (event.kind === 'progress') yield event
        else batch.add(event)
        if (batch.isFull) yield* write()
      }
      yield* write()
      for (const written of writes) yield* await written
    } finally {
      await Promise.allSettled(writes)
    }
  }
}

/** Like {@link storeBlocks}, without a store: for an import that only hashes. */
export async function* dropBlocks(events: AsyncIterable<ImportEvent>): AsyncGenerator<ProgressEvent | EntryEvent> {
  for await (const event of events) if (event.kind !== 'block') yield event
}

/** Blocks that go to the store in one commit, and the entries that are true after it. */
class Batch {
  readonly #blocks: Block[] = []
  readonly #entries: EntryEvent[] = []
  #bytes = 0

  get isFull(): boolean {
    return this.#bytes >= IMPORT_BATCH_BYTES || this.#blocks.length >= IMPORT_BATCH_BLOCKS
  }

  add(event: BlockEvent | EntryEvent): void {
    if (event.kind === 'entry') {
      this.#entries.push(event)
    } else {
      this.#blocks.push(event.block)
      this.#bytes += event.block.bytes.length
    }
  }

  /** Gives the entries once the blocks are durable. A failure stays unreported until somebody awaits it. */
  write(store: Pick<BlockStore, 'putMany'>): Promise<readonly EntryEvent[]> {
    const written = store.putMany(this.#blocks).then(() => this.#entries)
    written.catch(() => undefined)
    return written
  }
}

/** All events of a source; nothing at all when it is left out. */
async function* entryEvents(
  { name, source }: NamedSource,
  settings: ImportSettings,
  { isRoot }: { readonly isRoot: boolean },
): AsyncGenerator<ImportEvent, EntryEvent | undefined> {
  const entry =
    source.kind === 'file'
      ? yield* fileEvents({ name, source }, settings)
      : source.kind === 'directory'
        ? yield* directoryEvents({ name, source }, settings, {
            mayBeEmpty: isRoot || settings.skipEmptyDirectories !== true,
          })
        : yield* symlinkEvents({ name, source }, settings)
  if (entry !== undefined) yield entry
  return entry
}

type Named<Kind extends ImportSource['kind']> = NamedSource & { readonly source: Extract<ImportSource, { kind: Kind }> }

async function* fileEvents(
  { name, source }: Named<'file'>,
  settings: ImportSettings,
): AsyncGenerator<ImportEvent, EntryEvent> {
  const metadata = metadataOf(source, settings)
  let root: EntryEvent | undefined
  let bytes = 0
  let reported = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of source.content()) {
      bytes += piece.length
      yield piece
    }
  }
  for await (const { block, part } of importFile(counted(), settings, metadata)) {
    if (!isInline(block)) yield { kind: 'block', block }
    root = { kind: 'entry', path: name, cid: part.cid, size: part.size, tsize: part.tsize, metadata }
    if (bytes > reported) yield { kind: 'progress', path: name, bytes }
    reported = bytes
  }
  if (root === undefined) throw new TypeError('a file has at least one block')
  return root
}

async function* directoryEvents(
  { name, source }: Named<'directory'>,
  settings: ImportSettings,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean },
): AsyncGenerator<ImportEvent, EntryEvent | undefined> {
  const entries = new EntryList()
  let isEmpty = true
  for await (const child of source.entries()) {
    isEmpty = false
    const named = { name: `${name}/${child.name}`, source: child.source }
    const entry = yield* entryEvents(named, settings, { isRoot: false })
    if (entry !== undefined) entries.add({ name: child.name, cid: entry.cid, tsize: entry.tsize })
  }
  // As in Kubo, one that holds nothing but left-out directories stays.
  if (isEmpty && !mayBeEmpty) return undefined
  const metadata = metadataOf(source, settings)
  return { ...(yield* nodeEvents(name, directoryNodes(entries, settings, metadata))), metadata }
}

async function* symlinkEvents(
  { name, source }: Named<'symlink'>,
  settings: ImportSettings,
): AsyncGenerator<ImportEvent, EntryEvent> {
  const { mtime } = metadataOf(source, settings)
  return { ...(yield* nodeEvents(name, [symlinkNode(source.target, settings, { mtime })])), metadata: { mtime } }
}

/** What is stored beside the content of `source`: what it has itself, else what is set for all. */
function metadataOf({ metadata = {} }: ImportSource, settings: ImportSettings): Metadata {
  return {
    mode: metadata.mode ?? settings.metadata?.mode,
    mtime: metadata.mtime ?? settings.metadata?.mtime,
  }
}

/** The blocks of `nodes`; the last one makes the entry. */
function* nodeEvents(path: string, nodes: Iterable<TreeNode>): Generator<ImportEvent, EntryEvent> {
  let root: EntryEvent | undefined
  for (const { block, tsize } of nodes) {
    if (!isInline(block)) yield { kind: 'block', block }
    root = { kind: 'entry', path, cid: block.cid, size: 0, tsize }
  }
  if (root === undefined) throw new TypeError('a directory has at least one block')
  return root
}
