// A file's bytes into the blocks of its tree.
import { pipe } from 'it-pipe'
import { DAG_PB_CODE, RAW_CODE } from '../block/codec.ts'
import { parseChunker } from '../chunk/parse-chunker.ts'
import { balanced } from '../dag/balanced.ts'
import type { FilePart, PartBlock } from '../dag/file-part.ts'
import { trickle } from '../dag/trickle.ts'
import { nodeBlock } from './node-block.ts'
import type { ImportSettings } from './profile.ts'
import { encodeUnixFS, type Metadata } from './unixfs-node.ts'

/**
 * The blocks of a file in the order of its bytes, each leaf before the nodes above it; the last one is the root, which
 * takes the `metadata`. Holds two chunks at most and one open node per level. A root that would be a raw leaf becomes a
 * dag-pb node when there is metadata, since raw bytes can carry none.
 *
 * @throws as `parseChunker`, the layouts and `nodeBlock`, before the first piece is read
 */
export function importFile(
  content: AsyncIterable<Uint8Array>,
  settings: ImportSettings,
  metadata: Metadata = {},
): AsyncGenerator<PartBlock> {
  const chunk = parseChunker(settings.chunker)
  const width = settings.linksPerNode
  const join = (parts: readonly FilePart[], isRoot: boolean) => joinParts(parts, settings, isRoot ? metadata : {})
  const layout = settings.layout === 'trickle' ? trickle(width, join) : balanced(width, join)
  return pipe(
    content,
    chunk,
    (chunks: AsyncIterable<Uint8Array>) => leaves(chunks, settings, metadata),
    (parts: AsyncIterable<PartBlock>) => layout(parts),
  )
}

/** In the trickle layout no leaf is the root, and a file without content has none. */
async function* leaves(
  chunks: AsyncIterable<Uint8Array>,
  settings: ImportSettings,
  metadata: Metadata,
): AsyncGenerator<PartBlock> {
  const mayBeRoot = settings.layout === 'balanced'
  const isPlain = metadata.mode === undefined && metadata.mtime === undefined
  // Kept back until it is known to have company: alone it would be the root.
  let first: Uint8Array | undefined
  let count = 0
  for await (const chunk of chunks) {
    count++
    if (count === 1 && mayBeRoot && !isPlain) {
      first = chunk
      continue
    }
    if (first !== undefined) yield leaf(first, settings)
    first = undefined
    yield leaf(chunk, settings)
  }
  const only = first ?? (count === 0 && mayBeRoot ? new Uint8Array(0) : undefined)
  if (only !== undefined) yield isPlain ? leaf(only, settings) : contentNode(only, settings, metadata)
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
