// Content of files that whoever reads a tree has already, such as a file that an earlier reading left half written. It is
// proven against the CIDs of the tree as if a block had been read, so that only what differs is fetched.
import type { CID } from 'multiformats/cid'
import { verifyBlock, type Block } from '../block/block.ts'
import { DAG_PB_CODE, RAW_CODE } from '../block/codec.ts'
import { isCairnError } from '../errors.ts'
import { BLOCK_BYTES_MAX } from '../limits.ts'
import { encodeUnixFS } from './unixfs-node.ts'

/** Part of a file in a tree. */
export interface ContentPlace {
  /** Path of the file in the tree. */
  readonly path: string
  /** Root of the file. */
  readonly file: CID
  /** Content bytes of the file; `undefined` while the file is one block that nobody has read. */
  readonly fileBytes: number | undefined
  /** First byte of the part in the file. */
  readonly offset: number
  /** Bytes of the part; `undefined` for a file that is one block. */
  readonly length: number | undefined
}

/** What is there already. */
export interface KnownContent {
  /** The bytes at `place`, right or wrong, at most `BLOCK_BYTES_MAX` of them, or `undefined`. */
  bytesAt(place: ContentPlace): Promise<Uint8Array | undefined>
}

/** The block of `cid`, made of what is known at `place`; `undefined` when that has another CID, or may be no leaf. */
export async function knownBlock(known: KnownContent, cid: CID, place: ContentPlace): Promise<Block | undefined> {
  if (cid.code !== RAW_CODE && (cid.code !== DAG_PB_CODE || place.length === undefined)) return undefined
  if ((place.length ?? 0) > BLOCK_BYTES_MAX) return undefined
  const content = await known.bytesAt(place)
  if (content === undefined) return undefined
  if (cid.code === RAW_CODE) return proven(cid, content)
  // The forms of a leaf in the two layouts.
  for (const type of ['file', 'raw'] as const) {
    const leaf = { type, data: content, fileSize: content.length, blockSizes: [] }
    const block = proven(cid, encodeUnixFS(leaf, []))
    if (block !== undefined) return block
  }
  return undefined
}

function proven(cid: CID, bytes: Uint8Array): Block | undefined {
  try {
    return verifyBlock(cid, bytes)
  } catch (error) {
    if (isCairnError(error)) return undefined
    throw error
  }
}
