// Files and folders out of blocks, in the order of their bytes, through one traversal: the content of the next files
// is under way while this one is consumed, so a folder of tiny files reads as fast as one large file.
import type { CID } from 'multiformats/cid'
import { toString } from 'uint8arrays/to-string'
import type { Block } from '../block/block.ts'
import { mayHaveLinks } from '../block/codec.ts'
import { traverse, type ReadAheadOptions, type Step, type TraverseOptions, type Visit } from '../dag/traverse.ts'
import { CairnError } from '../errors.ts'
import type { BlockReader } from '../interfaces.ts'
import { BLOCK_BYTES_MAX, URGENT_BYTES } from '../limits.ts'
import { directoryPart, type DirectoryPart } from '../directory/directory-listing.ts'
import { knownBlock, type KnownContent } from './known-content.ts'
import { TreeBudget } from './tree-budget.ts'
import { decodeUnixFS, type Metadata, type UnixFSNode } from './unixfs-node.ts'

/** One thing in a tree. A file's content follows as {@link TreeBytes} with the same path; a directory's entries follow it. */
export type TreeItem = Metadata & { readonly path: string; readonly cid: CID } & (
    | { readonly kind: 'directory' }
    | { readonly kind: 'file'; readonly size: number }
    | { readonly kind: 'symlink'; readonly target: string }
  )

/** Content of the file at `path`, next after what came before. */
export interface TreeBytes {
  readonly kind: 'bytes'
  readonly path: string
  readonly bytes: Uint8Array
  /** Whether they are what the reader of the tree has at this place already. */
  readonly isKnown: boolean
}

/** How a tree is read. */
export interface ReadTreeOptions extends ReadAheadOptions {
  /** Asked for content before a block is. */
  readonly known?: KnownContent | undefined
}

/** Part of a file's content: from `offset`, at most `length` bytes; past the end there is nothing. */
export interface ByteRange {
  readonly offset?: number | undefined
  readonly length?: number | undefined
}

/** How a file is read. */
export interface ReadFileOptions extends ByteRange, ReadAheadOptions {
  /** As `decodeUnixFS`, which it is by default; for whoever reads the same file again and again. */
  readonly decode?: ((block: Block) => UnixFSNode) | undefined
  /** Whom the memory is shared with; see `TraverseOptions`. */
  readonly sharing?: TraverseOptions['sharing']
}

/** The file, directory or symlink at `cid`. */
export interface TreeRoot {
  readonly cid: CID
  /** Path of the root in what is reported; entries are below it, separated by `/`. */
  readonly path: string
}

/**
 * Everything at and below `root`: each directory before its entries, in the order of `listDirectory`, each file before
 * its bytes.
 *
 * @throws as `BlockReader.get`, `decodeUnixFS` and `directoryPart`
 */
export async function* readTree(
  reader: BlockReader,
  root: TreeRoot,
  { known, readAhead, signal }: ReadTreeOptions = {},
): AsyncGenerator<TreeItem | TreeBytes> {
  for await (const values of traverse([entryStep({ reader, known, budget: new TreeBudget() }, root)], {
    signal,
    readAhead,
  }))
    yield* values
}

/**
 * The content of a file, whole or a range of it. Only blocks that hold part of the range are read.
 *
 * @throws INVALID for a directory or symlink, else as `readTree`
 */
export async function* readFile(
  reader: BlockReader,
  cid: CID,
  { offset = 0, length = Infinity, decode = decodeUnixFS, readAhead, sharing, signal }: ReadFileOptions = {},
): AsyncGenerator<Uint8Array> {
  if (!(offset >= 0) || !(length >= 0)) throw new TypeError('offset and length must not be negative')
  const range = { start: offset, end: offset + length }
  const urgentEnd = offset + URGENT_BYTES
  const root: Step<Values> = {
    run: async (options) => {
      const node = decode(await reader.get(cid, { ...options, urgent: true }))
      if (!isFile(node))
        throw new CairnError('INVALID', `Cannot read ${cid}: it is a ${node.data.type}, not a file`, { cid })
      return contentVisit({ reader, decode, budget: new TreeBudget(), urgentEnd }, node, {
        path: '',
        file: node,
        at: 0,
        range,
      })
    },
  }
  for await (const values of traverse([root], { signal, readAhead, sharing }))
    for (const { bytes } of values.filter(isBytes)) yield bytes
}

/** Whether a node is a file or part of one. */
export function isFile(node: UnixFSNode): boolean {
  return node.data.type === 'file' || node.data.type === 'raw'
}

/** Content bytes of a file. */
export function fileSize({ data }: UnixFSNode): number {
  return data.fileSize ?? data.blockSizes.reduce((sum, size) => sum + size, data.data.length)
}

type Values = readonly (TreeItem | TreeBytes)[]

const isBytes = (value: TreeItem | TreeBytes): value is TreeBytes => value.kind === 'bytes'

/** Where content comes from. */
interface Source {
  readonly reader: BlockReader
  readonly decode?: (block: Block) => UnixFSNode
  readonly known?: KnownContent | undefined
  readonly budget: TreeBudget
  /** Content before this place of the file is waited for by somebody now. */
  readonly urgentEnd?: number
}

function entryStep(source: Source, { cid, path }: TreeRoot, tsize = 0): Step<Values> {
  return {
    // Zero says nothing. A wrong size only shapes the window, and the right one takes its place.
    bytes: tsize === 0 ? undefined : Math.min(tsize, BLOCK_BYTES_MAX),
    run: async (options) => {
      const whole = { path, file: cid, fileBytes: undefined, offset: 0, length: undefined }
      const known = source.known && (await knownBlock(source.known, cid, whole))
      const block = known ?? (await source.reader.get(cid, options))
      const node = decodeUnixFS(block)
      const { mode, mtime, type, data } = { ...node.data }
      const item = { path, cid, mode: mode === undefined ? undefined : mode & 0o7777, mtime }
      if (isFile(node)) {
        const place = { path, file: node, at: 0, range: { start: 0, end: Infinity }, isKnown: known !== undefined }
        const content = contentVisit(source, node, place)
        return {
          ...content,
          bytes: block.bytes.length,
          value: [{ ...item, kind: 'file', size: fileSize(node) }, ...content.value],
        }
      }
      if (type === 'symlink')
        return { value: [{ ...item, kind: 'symlink', target: toString(data) }], bytes: data.length, next: [] }
      const part = directoryPart(node)
      source.budget.enter(cid, part.entries.length + part.shards.length)
      const next = source.budget.held(partSteps(source, part, path), block.bytes.length)
      return { value: [{ ...item, kind: 'directory' }], bytes: block.bytes.length, next }
    },
  }
}

/** Steps for the entries of the directory at `path` that are in `part`, and then for the shards below. */
function* partSteps(source: Source, { entries, shards }: DirectoryPart, path: string): Generator<Step<Values>> {
  for (const { cid, name, tsize } of entries) yield entryStep(source, { cid, path: `${path}/${name}` }, tsize)
  for (const shard of shards) {
    yield {
      run: async (options) => {
        const block = await source.reader.get(shard.cid, options)
        const part = directoryPart(decodeUnixFS(block), shard)
        const next = source.budget.held(partSteps(source, part, path), block.bytes.length)
        return { value: [], bytes: block.bytes.length, next }
      },
    }
  }
}

/** Where a node's content lies in its file, and which part of the file is wanted. */
interface Place {
  readonly path: string
  /** Root of the file. */
  readonly file: UnixFSNode
  readonly at: number
  /** Whether the node is made of what was known. */
  readonly isKnown?: boolean
  readonly range: { readonly start: number; readonly end: number }
}

/** A file node's own bytes that fall into the range, and steps for the links that do. */
function contentVisit(source: Source, { data, links }: UnixFSNode, place: Place): Visit<Values> {
  const { path, file, at, range, isKnown = false } = place
  const bytes = data.data.subarray(clamp(range.start - at, data.data.length), clamp(range.end - at, data.data.length))
  function* next(): Generator<Step<Values>> {
    let start = at + data.data.length
    for (const [index, { Hash }] of links.entries()) {
      const size = data.blockSizes[index] ?? 0
      if (start >= range.end) return
      // An empty part holds nothing to read, and a DAG of them can have more paths than anybody can walk.
      if (size > 0 && start + size > range.start)
        yield contentStep(source, { cid: Hash, size, place: { path, file, at: start, range } })
      start += size
    }
  }
  return {
    value: bytes.length === 0 ? [] : [{ kind: 'bytes', path, bytes, isKnown }],
    bytes: bytes.length,
    next: next(),
    isFree: links.length > 0,
  }
}

interface ContentLink {
  readonly cid: CID
  /** Content bytes below the link, as its parent says. */
  readonly size: number
  readonly place: Place
}

function contentStep(source: Source, { cid, size, place }: ContentLink): Step<Values> {
  return {
    bytes: mayHaveLinks(cid) ? undefined : size,
    run: async (options) => {
      const { path, file, at } = place
      const { urgentEnd = 0, decode = decodeUnixFS } = source
      const part = { path, file: file.cid, fileBytes: fileSize(file), offset: at, length: size }
      const known = source.known && (await knownBlock(source.known, cid, part))
      const block = known ?? (await source.reader.get(cid, at < urgentEnd ? { ...options, urgent: true } : options))
      const node = decode(block)
      if (!isFile(node) || fileSize(node) !== size) {
        throw new CairnError(
          'INVALID',
          `Cannot read ${cid}: its parent says a file of ${size} bytes, it is a ${node.data.type} of ${fileSize(node)}`,
          { cid },
        )
      }
      const visit = contentVisit(source, node, { ...place, isKnown: known !== undefined })
      return { ...visit, bytes: block.bytes.length }
    },
  }
}

function clamp(position: number, length: number): number {
  return Math.min(Math.max(position, 0), length)
}
