// Nodes that give a tree its names: directories, their shards, and symlinks. Links are written here from bytes, since a
// directory may have a million of them, and since names need not be text.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { DAG_PB_CODE } from '../block/codec.ts'
import { nodeBlock } from '../unixfs/node-block.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import { encodeUnixFS, type UnixFSData } from '../unixfs/unixfs-node.ts'

/** One name in a directory and what it points to. */
export interface DirectoryEntry {
  readonly name: string
  readonly cid: CID
  /** Cumulative bytes below the link, as its writer claims; 0 when it claims nothing. */
  readonly tsize: number
}

/** A link as its node holds it. */
export interface NodeLink {
  /** Bytes of the link's name; in a shard the bucket's prefix comes first. */
  readonly name: Uint8Array
  /** Bytes of the CID. */
  readonly cid: Uint8Array
  /** Cumulative bytes below the link. */
  readonly tsize: number
}

/** The block of a directory, shard or symlink with its cumulative size in bytes. */
export interface TreeNode {
  readonly block: Block
  readonly tsize: number
}

/** Field tags of dag-pb: number and wire type. Source: ipld specs, dag-pb. */
const TAG = { nodeLink: 0x12, linkHash: 0x0a, linkName: 0x12, linkTsize: 0x18 } as const

/** The node with this message and these links, whose order the caller has right. @throws as `nodeBlock` */
export function treeNode(data: UnixFSData, links: readonly NodeLink[], settings: ImportSettings): TreeNode {
  // In dag-pb the links stand before the message.
  const message = encodeUnixFS(data, [])
  const linkBytes = links.reduce((sum, { cid, name, tsize }) => sum + linkFieldBytes(cid.length, name.length, tsize), 0)
  const bytes = new Uint8Array(linkBytes + message.length)
  let at = 0
  for (const link of links) at = writeLink(bytes, at, link)
  bytes.set(message, at)
  const block = nodeBlock(bytes, DAG_PB_CODE, settings)
  return { block, tsize: links.reduce((sum, link) => sum + link.tsize, bytes.length) }
}

/** Bytes that a link takes in its node, from the lengths of its CID and name. */
export function linkFieldBytes(cidBytes: number, nameBytes: number, tsize: number): number {
  return fieldBytes(linkMessageBytes(cidBytes, nameBytes, tsize))
}

function linkMessageBytes(cidBytes: number, nameBytes: number, tsize: number): number {
  return fieldBytes(cidBytes) + fieldBytes(nameBytes) + 1 + varintBytes(tsize)
}

/** Bytes of a protobuf field that holds `length` bytes, its tag of one byte included. */
function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest /= 128) bytes++
  return bytes
}

/** Writes the link at `start`, and gives where it ends. */
function writeLink(target: Uint8Array, start: number, { cid, name, tsize }: NodeLink): number {
  let at = writeTagged(target, start, { tag: TAG.nodeLink, value: linkMessageBytes(cid.length, name.length, tsize) })
  at = writeTagged(target, at, { tag: TAG.linkHash, value: cid.length })
  target.set(cid, at)
  at = writeTagged(target, at + cid.length, { tag: TAG.linkName, value: name.length })
  target.set(name, at)
  return writeTagged(target, at + name.length, { tag: TAG.linkTsize, value: tsize })
}

/** Writes a tag, and a varint, which is a length or the field itself. */
function writeTagged(
  target: Uint8Array,
  start: number,
  field: { readonly tag: number; readonly value: number },
): number {
  let at = start
  target[at++] = field.tag
  let rest = field.value
  // Sizes may pass 32 bits, where bit operations would cut them.
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[at++] = (rest % 128) | 0x80
  target[at++] = rest
  return at
}
