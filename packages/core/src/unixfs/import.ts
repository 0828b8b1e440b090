// Files and folders into blocks: one generator without I/O of its own. Where the blocks go is the consumer's choice:
// into a store, into a CAR, or nowhere (only-hash).
import type { CID } from 'multiformats/cid'
import { isInline, type Block } from '../block/block.ts'
import type { FilePart } from '../dag/file-part.ts'
import type { BlockStore } from '../interfaces.ts'
import { IMPORT_BATCH_BLOCKS, IMPORT_BATCH_BYTES, IMPORT_WRITES_AT_ONCE } from '../limits.ts'
import { directoryNodes, symlinkNode } from '../directory/directory.ts'
import { EntryList } from '../directory/entry-list.ts'
import { fileImporter, type ImportFile } from './import-file.ts'
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
 * @throws as `fileImporter`, `ImportFile` and `directoryNodes`, and whatever the source throws
 */
export async function* importTree(
  root: NamedSource,
  settings: ImportSettings,
): AsyncGenerator<ImportEvent, EntryEvent> {
  const importFile = fileImporter(settings)
  // From the root down. Were there a generator for each of them, every event would have to pass through all of those.
  const open: OpenDirectory[] = []
  let place: Place = { ...root, path: root.name }
  try {
    for (;;) {
      let entry: EntryEvent | undefined
      if (place.source.kind === 'file') entry = yield* fileEvents(place, place.source, { settings, importFile })
      else if (place.source.kind === 'symlink') entry = yield* symlinkEvents(place, place.source, settings)
      else if (open.at(-1)?.place === place) entry = yield* closedEvents(open, settings)
      else open.push(new OpenDirectory(place, place.source))
      if (entry !== undefined) yield entry
      const above = open.at(-1)
      if (above !== undefined) {
        if (entry !== undefined) above.entries.add({ name: place.name, cid: entry.cid, tsize: entry.tsize })
        place = (await above.next()) ?? above.place
      } else if (entry !== undefined) {
        return entry
      }
    }
  } finally {
    for (const directory of open.toReversed()) await directory.abandon()
  }
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

/** A source with the names that lead to it. */
interface Place extends NamedSource {
  readonly path: string
}

type SourceOf<Kind extends ImportSource['kind']> = Extract<ImportSource, { kind: Kind }>

/** A directory of which not all entries are imported. */
class OpenDirectory {
  readonly place: Place
  readonly source: SourceOf<'directory'>
  /** The entries that are. */
  readonly entries = new EntryList()
  readonly #children: AsyncIterator<NamedSource>
  /** Whether there was no child at all, left out or not. */
  isEmpty = true

  constructor(place: Place, source: SourceOf<'directory'>) {
    this.place = place
    this.source = source
    this.#children = source.entries()[Symbol.asyncIterator]()
  }

  /** The child whose turn it is, or `undefined` at the end. */
  async next(): Promise<Place | undefined> {
    const result = await this.#children.next()
    if (result.done === true) return undefined
    this.isEmpty = false
    const { name, source } = result.value
    return { name, source, path: `${this.place.path}/${name}` }
  }

  /** Closes the source of an import that has failed or is wanted no more. */
  async abandon(): Promise<void> {
    await this.#children.return?.()
  }
}

/** Closes the innermost directory, whose children are all imported. It gives nothing when it is left out. */
function* closedEvents(
  open: OpenDirectory[],
  settings: ImportSettings,
): Generator<ImportEvent, EntryEvent | undefined, void> {
  const directory = open.pop()
  if (directory === undefined) throw new TypeError('no directory is open')
  const { place, source, entries, isEmpty } = directory
  // As in Kubo, one that holds nothing but left-out directories stays, and so does the root.
  if (isEmpty && open.length > 0 && settings.skipEmptyDirectories === true) return undefined
  const metadata = metadataOf(source, settings)
  return { ...(yield* nodeEvents(place.path, directoryNodes(entries, settings, metadata))), metadata }
}

async function* fileEvents(
  { path }: Place,
  source: SourceOf<'file'>,
  { settings, importFile }: { readonly settings: ImportSettings; readonly importFile: ImportFile },
): AsyncGenerator<ImportEvent, EntryEvent> {
  const metadata = metadataOf(source, settings)
  let last: FilePart | undefined
  let bytes = 0
  let reported = 0
  const onPiece = (piece: Uint8Array) => (bytes += piece.length)
  for await (const { block, part } of importFile(source.content(), { metadata, onPiece })) {
    if (!isInline(block)) yield { kind: 'block', block }
    last = part
    if (bytes > reported) yield { kind: 'progress', path, bytes }
    reported = bytes
  }
  if (last === undefined) throw new TypeError('a file has at least one block')
  return { kind: 'entry', path, cid: last.cid, size: last.size, tsize: last.tsize, metadata }
}

function* symlinkEvents(
  { path }: Place,
  source: SourceOf<'symlink'>,
  settings: ImportSettings,
): Generator<ImportEvent, EntryEvent, void> {
  const { mtime } = metadataOf(source, settings)
  return { ...(yield* nodeEvents(path, [symlinkNode(source.target, settings, { mtime })])), metadata: { mtime } }
}

/** What is stored beside the content of `source`: what it has itself, else what is set for all. */
function metadataOf({ metadata = {} }: ImportSource, settings: ImportSettings): Metadata {
  return {
    mode: metadata.mode ?? settings.metadata?.mode,
    mtime: metadata.mtime ?? settings.metadata?.mtime,
  }
}

/** The blocks of `nodes`; the last one makes the entry. */
function* nodeEvents(path: string, nodes: Iterable<TreeNode>): Generator<ImportEvent, EntryEvent, void> {
  let root: EntryEvent | undefined
  for (const { block, tsize } of nodes) {
    if (!isInline(block)) yield { kind: 'block', block }
    root = { kind: 'entry', path, cid: block.cid, size: 0, tsize }
  }
  if (root === undefined) throw new TypeError('a directory has at least one block')
  return root
}
