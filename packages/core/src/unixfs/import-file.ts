// A file's bytes into the blocks of its tree.
import { DAG_PB_CODE, RAW_CODE } from '../block/codec.ts'
import { parseChunker } from '../chunk/parse-chunker.ts'
import { balanced } from '../dag/balanced.ts'
import type { FilePart, JoinParts, PartBlock } from '../dag/file-part.ts'
import { trickle } from '../dag/trickle.ts'
import { nodeBlock } from './node-block.ts'
import type { ImportSettings } from './profile.ts'
import { encodeUnixFS, type Metadata } from './unixfs-node.ts'

/** What an import of a file takes along. */
export interface FileOptions {
  /** What the root says beside the content; nothing by default. */
  readonly metadata?: Metadata | undefined
  /** Told of every piece of the content when its turn comes. */
  readonly onPiece?: (piece: Uint8Array) => void
}

/**
 * The blocks of a file in the order of its bytes, each leaf before the nodes above it; the last one is the root, which
 * takes the `metadata`. Holds two chunks at most and one open node per level. A root that would be a raw leaf becomes a
 * dag-pb node when there is metadata, since raw bytes can carry none.
 *
 * @throws as the layouts, before the first piece is read, `nodeBlock`, and whatever the content throws
 */
export type ImportFile = (
  content: AsyncIterable<Uint8Array>,
  options?: FileOptions,
) => AsyncGenerator<PartBlock, void, void>

/** Makes the import of files with these settings, for as many of them as there are. @throws as `parseChunker` */
export function fileImporter(settings: ImportSettings): ImportFile {
  const chunk = parseChunker(settings.chunker)
  const isBalanced = settings.layout === 'balanced'
  return async function* importFile(content, { metadata = {}, onPiece = () => undefined } = {}) {
    const join: JoinParts = (parts, isRoot) => joinParts(parts, settings, isRoot ? metadata : {})
    const layout = (isBalanced ? balanced : trickle)(settings.linksPerNode, join)
    const pieces = new Pieces(content, onPiece)
    try {
      // Most files are one chunk, which would take longer to go through the stages than to hash.
      const only = isBalanced ? await pieces.only(chunk.loneBytesMax) : undefined
      if (only === undefined) yield* layout(leaves(chunk(pieces), settings, metadata))
      else yield onlyLeaf(only, settings, metadata)
    } finally {
      await pieces.end()
    }
  }
}

/** The content of one file, of which the first two pieces may be looked at before it is gone through. */
class Pieces implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #onPiece: (piece: Uint8Array) => void
  readonly #ahead: Uint8Array[] = []
  #isDone = false

  constructor(content: AsyncIterable<Uint8Array>, onPiece: (piece: Uint8Array) => void) {
    this.#source = content[Symbol.asyncIterator]()
    this.#onPiece = onPiece
  }

  /** All of the content, if it is nothing or one piece of at most so many bytes. */
  async only(bytesMax: number): Promise<Uint8Array | undefined> {
    const first = await this.#read()
    if (first === undefined) return new Uint8Array(0)
    const second = first.length > bytesMax ? undefined : await this.#read()
    if (this.#isDone) {
      this.#onPiece(first)
      return owned(first)
    }
    this.#ahead.push(first, ...(second === undefined ? [] : [second]))
    return undefined
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const piece = this.#ahead.shift() ?? (await this.#read())
      if (piece === undefined) return
      this.#onPiece(piece)
      yield piece
    }
  }

  /** Closes a source that was not read to its end. */
  async end(): Promise<void> {
    if (!this.#isDone) await this.#source.return?.()
  }

  async #read(): Promise<Uint8Array | undefined> {
    const result = await this.#source.next()
    this.#isDone = result.done === true
    return result.done === true ? undefined : result.value
  }
}

/** The bytes, without the rest of a much larger buffer, which would live as long as their block. */
function owned(piece: Uint8Array): Uint8Array {
  return 2 * piece.length < piece.buffer.byteLength ? Uint8Array.from(piece) : piece
}

/** In the trickle layout no leaf is the root, and a file without content has none. */
async function* leaves(
  chunks: AsyncIterable<Uint8Array>,
  settings: ImportSettings,
  metadata: Metadata,
): AsyncGenerator<PartBlock> {
  const mayBeRoot = settings.layout === 'balanced'
  const isKept = mayBeRoot && !isPlain(metadata)
  // Kept back until it is known to have company: alone it would be the root.
  let first: Uint8Array | undefined
  let count = 0
  for await (const chunk of chunks) {
    count++
    if (count === 1 && isKept) {
      first = chunk
      continue
    }
    if (first !== undefined) yield leaf(first, settings)
    first = undefined
    yield leaf(chunk, settings)
  }
  const only = first ?? (count === 0 && mayBeRoot ? new Uint8Array(0) : undefined)
  if (only !== undefined) yield onlyLeaf(only, settings, metadata)
}

/** The leaf that is all of a balanced file. */
function onlyLeaf(content: Uint8Array, settings: ImportSettings, metadata: Metadata): PartBlock {
  return isPlain(metadata) ? leaf(content, settings) : contentNode(content, settings, metadata)
}

function isPlain({ mode, mtime }: Metadata): boolean {
  return mode === undefined && mtime === undefined
}

function leaf(chunk: Uint8Array, settings: ImportSettings): PartBlock {
  if (!settings.rawLeaves) return contentNode(chunk, settings)
  const block = nodeBlock(chunk, RAW_CODE, settings)
  return { block, part: { cid: block.cid, size: chunk.length, tsize: block.bytes.length } }
}

/** A dag-pb node that holds content itself. Those of the trickle layout have another type: published CIDs need it. */
function contentNode(chunk: Uint8Array, settings: ImportSettings, metadata: Metadata = {}): PartBlock {
  const type = settings.layout === 'trickle' ? 'raw' : 'file'
  const bytes = encodeUnixFS({ type, data: chunk, fileSize: chunk.length, blockSizes: [], ...metadata }, [])
  const block = nodeBlock(bytes, DAG_PB_CODE, settings)
  return { block, part: { cid: block.cid, size: chunk.length, tsize: block.bytes.length } }
}

function joinParts(parts: readonly FilePart[], settings: ImportSettings, metadata: Metadata): PartBlock {
  const blockSizes = parts.map((part) => part.size)
  const size = blockSizes.reduce((sum, bytes) => sum + bytes, 0)
  // The empty name of each link is part of every published CID, though the specification's text leaves it out.
  const links = parts.map((part) => ({ Hash: part.cid, Name: '', Tsize: part.tsize }))
  const data = { type: 'file', data: new Uint8Array(0), fileSize: size, blockSizes, ...metadata } as const
  const block = nodeBlock(encodeUnixFS(data, links), DAG_PB_CODE, settings)
  const tsize = parts.reduce((sum, part) => sum + part.tsize, block.bytes.length)
  return { block, part: { cid: block.cid, size, tsize } }
}
