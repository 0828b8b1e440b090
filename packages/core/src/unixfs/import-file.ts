// A file's bytes into the blocks of its tree.
import { pipe } from 'it-pipe'
import { createBlock } from '../block/block.ts'
import { DAG_PB_CODE, RAW_CODE } from '../block/codec.ts'
import { parseChunker } from '../chunk/parse-chunker.ts'
import { balanced, type FilePart, type PartBlock } from '../dag/balanced.ts'
import type { ImportSettings } from './profile.ts'
import { encodeUnixFS } from './unixfs-node.ts'

/**
 * The blocks of a file in the order of its bytes, each leaf before the nodes above it; the last one is the root.
 * Holds one chunk and one open node per level.
 *
 * @throws as `parseChunker` and `createBlock`, before the first piece is read
 */
export function importFile(content: AsyncIterable<Uint8Array>, settings: ImportSettings): AsyncGenerator<PartBlock> {
  const chunk = parseChunker(settings.chunker)
  const layout = balanced(settings.linksPerNode, (parts) => joinParts(parts, settings))
  return pipe(
    content,
    chunk,
    (chunks: AsyncIterable<Uint8Array>) => leaves(chunks, settings),
    (parts: AsyncIterable<PartBlock>) => layout(parts),
  )
}

async function* leaves(chunks: AsyncIterable<Uint8Array>, settings: ImportSettings): AsyncGenerator<PartBlock> {
  let isEmpty = true
  for await (const chunk of chunks) {
    isEmpty = false
    yield leaf(chunk, settings)
  }
  if (isEmpty) yield leaf(new Uint8Array(0), settings)
}

function leaf(chunk: Uint8Array, { rawLeaves, hash, cidVersion }: ImportSettings): PartBlock {
  const block = rawLeaves
    ? createBlock(chunk, { codec: RAW_CODE, hash })
    : createBlock(encodeUnixFS({ type: 'file', data: chunk, fileSize: chunk.length, blockSizes: [] }, []), {
        codec: DAG_PB_CODE,
        hash,
        cidVersion,
      })
  return { block, part: { cid: block.cid, size: chunk.length, tsize: block.bytes.length } }
}

function joinParts(parts: readonly FilePart[], { hash, cidVersion }: ImportSettings): PartBlock {
  const blockSizes = parts.map((part) => part.size)
  const size = blockSizes.reduce((sum, bytes) => sum + bytes, 0)
  // The empty name of each link is part of every published CID, though the specification's text leaves it out.
  const links = parts.map((part) => ({ Hash: part.cid, Name: '', Tsize: part.tsize }))
  const data = { type: 'file', data: new Uint8Array(0), fileSize: size, blockSizes } as const
  const block = createBlock(encodeUnixFS(data, links), { codec: DAG_PB_CODE, hash, cidVersion })
  const tsize = parts.reduce((sum, part) => sum + part.tsize, block.bytes.length)
  return { block, part: { cid: block.cid, size, tsize } }
}
