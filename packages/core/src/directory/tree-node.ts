// Nodes that give a tree its names: directories, their shards, and symlinks.
import type { CID } from 'multiformats/cid'
import { createBlock, type Block } from '../block/block.ts'
import { DAG_PB_CODE } from '../block/codec.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import { encodeUnixFS, type UnixFSData } from '../unixfs/unixfs-node.ts'

/** One name in a directory and what it points to. */
export interface DirectoryEntry {
  readonly name: string
  readonly cid: CID
  /** Cumulative bytes below the link, as its writer claims; 0 when it claims nothing. */
  readonly tsize: number
}

/** The block of a directory, shard or symlink with its cumulative size in bytes. */
export interface TreeNode {
  readonly block: Block
  readonly tsize: number
}

/** The node with this message and these links, whose order the caller has right. @throws as `createBlock` */
export function treeNode(
  data: UnixFSData,
  links: readonly DirectoryEntry[],
  { hash, cidVersion }: ImportSettings,
): TreeNode {
  const bytes = encodeUnixFS(
    data,
    links.map(({ name, cid, tsize }) => ({ Name: name, Hash: cid, Tsize: tsize })),
  )
  const block = createBlock(bytes, { codec: DAG_PB_CODE, hash, cidVersion })
  return { block, tsize: links.reduce((sum, link) => sum + link.tsize, block.bytes.length) }
}
