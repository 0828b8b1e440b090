// How the blocks of one file are made: what its leaves and nodes look like, and how wide it is. An edited file keeps the
// form that it has, as far as its blocks tell it.
import type { CID } from 'multiformats/cid'
import { createBlock, type Block } from '../block/block.ts'
import { DAG_PB_CODE, RAW_CODE } from '../block/codec.ts'
import { hashByCode, IDENTITY_CODE, type HashName } from '../block/hash.ts'
import type { FilePart } from '../dag/file-part.ts'
import { CHUNK_BYTES_MAX } from '../limits.ts'
import { encodeUnixFS, type Metadata, type UnixFSData, type UnixFSNode } from '../unixfs/unixfs-node.ts'
import type { Workspace } from './workspace.ts'

/** Version and hash function of the CIDs of dag-pb nodes. Raw leaves are CIDv1 in either case. */
export interface NodeForm {
  readonly cidVersion: 0 | 1
  readonly hash: HashName
}

/** Everything that decides the blocks that are added to a file. */
export interface FileForm extends NodeForm {
  readonly rawLeaves: boolean
  /** Content bytes of a full leaf. */
  readonly chunkBytes: number
  /** Links of an interior node at most. */
  readonly linksPerNode: number
}

/** The form of the nodes beside `cid`. What an identity CID holds outgrows it, so that it gets a CID with a hash. */
export function nodeFormOf({ version, multihash }: CID): NodeForm {
  if (multihash.code === IDENTITY_CODE) return { cidVersion: 1, hash: 'sha2-256' }
  return { cidVersion: version, hash: hashByCode(multihash.code).name }
}

/** Makes a leaf of `bytes`, which it owns from now on. */
export function makeLeaf(workspace: Workspace, bytes: Uint8Array, form: Omit<FileForm, 'chunkBytes'>): FilePart {
  if (!form.rawLeaves) return makeNode(workspace, { data: fileData(bytes), links: [] }, form)
  return added(workspace, createBlock(bytes, { codec: RAW_CODE, hash: form.hash }), bytes.length)
}

/** Makes the node that links `parts`. */
export function joinParts(workspace: Workspace, parts: readonly FilePart[], form: NodeForm): FilePart {
  const blockSizes = parts.map((part) => part.size)
  const data = { ...fileData(new Uint8Array(0)), blockSizes, fileSize: sum(blockSizes) }
  return makeNode(workspace, { data, links: linksTo(parts) }, form)
}

/** Links of a file to its parts; the empty name of each belongs to every published CID. */
export function linksTo(parts: readonly FilePart[]): UnixFSNode['links'] {
  return parts.map(({ cid, tsize }) => ({ Hash: cid, Name: '', Tsize: tsize }))
}

/** The parts of a file's node, by what it says of them. */
export function partsOf({ data, links }: UnixFSNode): FilePart[] {
  return links.map(({ Hash, Tsize = 0 }, index) => ({ cid: Hash, size: data.blockSizes[index] ?? 0, tsize: Tsize }))
}

/** Makes a node of a file. */
export function makeNode(
  workspace: Workspace,
  { data, links }: Pick<UnixFSNode, 'data' | 'links'>,
  { hash, cidVersion }: NodeForm,
): FilePart {
  const block = createBlock(encodeUnixFS(data, links), { codec: DAG_PB_CODE, hash, cidVersion })
  workspace.add(block, links.length === 0 ? undefined : { cid: block.cid, data, links })
  return {
    cid: block.cid,
    size: data.fileSize ?? 0,
    tsize: links.reduce((total, { Tsize = 0 }) => total + Tsize, block.bytes.length),
  }
}

/** The raw leaf of `bytes` in the place of the one at `cid`. */
export function replaceRaw(workspace: Workspace, cid: CID, bytes: Uint8Array): FilePart {
  const { hash } = nodeFormOf(cid)
  return added(workspace, createBlock(bytes, { codec: RAW_CODE, hash }), bytes.length)
}

/** The node with what it says of mode and time replaced. A raw leaf becomes a dag-pb node, since it can say nothing. */
export function withMetadata(workspace: Workspace, node: UnixFSNode, { mode, mtime }: Metadata): FilePart {
  const { mode: _, mtime: __, ...plain } = node.data
  const data: UnixFSData = {
    ...plain,
    ...(mode === undefined ? {} : { mode }),
    ...(mtime === undefined ? {} : { mtime }),
  }
  const form = nodeFormOf(node.cid)
  if (node.cid.code !== RAW_CODE) return makeNode(workspace, { ...node, data }, form)
  const { length } = data.data
  if (mode === undefined && mtime === undefined) return { cid: node.cid, size: length, tsize: length }
  if (length <= CHUNK_BYTES_MAX - METADATA_BYTES_MAX) return makeNode(workspace, { data, links: [] }, form)
  const leaf = { cid: node.cid, size: length, tsize: length }
  const linking = { ...data, data: new Uint8Array(0), blockSizes: [length] }
  return makeNode(workspace, { data: linking, links: linksTo([leaf]) }, form)
}

/** Whether the node says of mode and time what `metadata` says. */
export function hasMetadata({ data }: UnixFSNode, { mode, mtime }: Metadata): boolean {
  return data.mode === mode && data.mtime?.seconds === mtime?.seconds && data.mtime?.nanoseconds === mtime?.nanoseconds
}

/** Bytes that mode and time take in a node, and more. */
const METADATA_BYTES_MAX = 64

/** The message of a leaf. */
function fileData(data: Uint8Array): UnixFSData {
  return { type: 'file', data, fileSize: data.length, blockSizes: [] }
}

/** The sum of some sizes. */
export function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}

function added(workspace: Workspace, block: Block, size: number): FilePart {
  workspace.add(block)
  return { cid: block.cid, size, tsize: block.bytes.length }
}
