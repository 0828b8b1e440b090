// The block of any node of an import, file or directory: here the settings turn into a CID.
import { createBlock, inlineBlock, type Block } from '../block/block.ts'
import { RAW_CODE } from '../block/codec.ts'
import type { ImportSettings } from './profile.ts'

/**
 * The block of a node with these encoded bytes, which it owns from now on. A node that is small enough goes into its
 * CID, which is then of version 1 even in a tree of version 0; so are those of raw leaves.
 *
 * @throws as `createBlock`, LIMIT for an `inlineBytesMax` that no CID can hold
 */
export function nodeBlock(bytes: Uint8Array, codec: number, settings: ImportSettings): Block {
  const { hash, cidVersion, inlineBytesMax = -1 } = settings
  if (bytes.length <= inlineBytesMax) return inlineBlock(bytes, codec)
  return createBlock(bytes, { codec, hash, cidVersion: codec === RAW_CODE ? 1 : cidVersion })
}
