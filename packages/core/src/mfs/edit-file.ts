// Changing a file: a write rewrites the leaves that it meets and the nodes above them, whatever the layout; a file grows
// at its right edge as if it had been imported whole; a cut closes the right edge further left.
import type { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { RAW_CODE } from '../block/codec.ts'
import type { FilePart } from '../dag/file-part.ts'
import { CairnError } from '../errors.ts'
import { MFS_FILE_BYTES_MAX } from '../limits.ts'
import { fileSize, isFile } from '../unixfs/read.ts'
import type { Metadata, UnixFSNode } from '../unixfs/unixfs-node.ts'
import {
  hasMetadata,
  linksTo,
  makeLeaf,
  makeNode,
  nodeFormOf,
  partsOf,
  replaceRaw,
  sum,
  withMetadata,
} from './file-form.ts'
import { filePart, openFile, type FormDefaults } from './open-file.ts'
import type { Workspace } from './workspace.ts'

/** Bytes for a place in a file. */
export interface FileWrite {
  /** Beyond the end, what lies between is filled with zeros. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/** How a file is changed. */
export interface EditOptions {
  /** How the file is made where its own blocks do not tell. */
  readonly defaults: FormDefaults
  /** What the file says of mode and time from now on. */
  readonly metadata: Metadata
}

/**
 * Writes into the file at `cid`, and gives the file that results. Bytes are owned by the file from now on.
 *
 * @throws LIMIT beyond `MFS_FILE_BYTES_MAX`, INVALID for what is not a file or contradicts itself, else as `BlockReader.get`
 */
export async function writeInto(workspace: Workspace, cid: CID, write: FileWrite & EditOptions): Promise<FilePart> {
  const { offset, bytes, defaults, metadata } = write
  checkFileBytes(offset + bytes.length)
  let root = await fileRoot(workspace, cid)
  const size = fileSize(root)
  let written: FilePart | undefined
  if (offset < size && bytes.length > 0) {
    written = await overwrite(workspace, { node: root, offset, bytes, depth: 0 })
    root = await fileRoot(workspace, written.cid)
  }
  if (bytes.length > 0 && offset + bytes.length > size) {
    const added = { zeros: Math.max(0, offset - size), bytes: bytes.subarray(Math.max(0, size - offset)) }
    written = await extend(workspace, { root, ...added, defaults })
    root = await fileRoot(workspace, written.cid)
  }
  // To encode a root of a thousand links once more takes longer than to hash the leaf.
  return written !== undefined && hasMetadata(root, metadata) ? written : withMetadata(workspace, root, metadata)
}

/** Makes the file at `cid` exactly `size` bytes long: cuts it, or adds zeros. @throws as `writeInto` */
export async function resizeFile(
  workspace: Workspace,
  cid: CID,
  { size, defaults, metadata }: { readonly size: number } & EditOptions,
): Promise<FilePart> {
  checkFileBytes(size)
  let root = await fileRoot(workspace, cid)
  const present = fileSize(root)
  if (size > present) {
    const added = { zeros: size - present, bytes: new Uint8Array(0) }
    root = await fileRoot(workspace, (await extend(workspace, { root, ...added, defaults })).cid)
  } else if (size < present) {
    root = await cutRoot(workspace, { root, size, defaults })
  }
  return withMetadata(workspace, root, metadata)
}

/** The root of a file. @throws INVALID for anything else */
export async function fileRoot(workspace: Workspace, cid: CID): Promise<UnixFSNode> {
  const node = await workspace.node(cid)
  if (isFile(node)) return node
  throw new CairnError('INVALID', `Cannot write to ${cid}: it is a ${node.data.type}, not a file`, { cid })
}

interface Overwrite extends FileWrite {
  readonly node: UnixFSNode
  readonly depth: number
}

/** Replaces bytes that the file has. Sizes, and with them the layout, stay as they are. */
async function overwrite(workspace: Workspace, { node, offset, bytes, depth }: Overwrite): Promise<FilePart> {
  const own = node.data.data
  const patched = offset < own.length ? own.slice() : own
  if (patched !== own) patched.set(bytes.subarray(0, own.length - offset), offset)
  if (node.cid.code === RAW_CODE) return replaceRaw(workspace, node.cid, patched)
  const parts = partsOf(node)
  let start = own.length
  for (const [index, part] of parts.entries()) {
    const [from, to] = [Math.max(offset, start), Math.min(offset + bytes.length, start + part.size)]
    if (from < to) {
      const below = await filePart(workspace, part, depth + 1)
      const piece = { offset: from - start, bytes: bytes.subarray(from - offset, to - offset) }
      parts[index] = await overwrite(workspace, { node: below, ...piece, depth: depth + 1 })
    }
    start += part.size
  }
  return makeNode(workspace, { data: { ...node.data, data: patched }, links: linksTo(parts) }, nodeFormOf(node.cid))
}

interface Extension {
  readonly root: UnixFSNode
  readonly zeros: number
  readonly bytes: Uint8Array
  readonly defaults: FormDefaults
}

/** Adds zeros and then bytes at the end. */
async function extend(workspace: Workspace, { root, zeros, bytes, defaults }: Extension): Promise<FilePart> {
  const { tree, last, form } = await openFile(workspace, root, defaults)
  const { chunkBytes } = form
  let rest: Uint8Array = new Uint8Array(0)
  if (last !== undefined && last.size < chunkBytes) {
    // The last leaf is filled up. What it said of mode and time was that of the file.
    rest = (await filePart(workspace, last, 1)).data.data
  } else if (last !== undefined) {
    // A file that was its own leaf may carry mode and time, which belong to the root alone.
    tree.add(root.links.length === 0 && root.cid.code !== RAW_CODE ? makeLeaf(workspace, root.data.data, form) : last)
  }
  const filled = rest.length === 0 ? 0 : Math.min(zeros, chunkBytes - rest.length)
  if (filled > 0) rest = concat([rest, new Uint8Array(filled)])
  if (rest.length === chunkBytes) {
    tree.add(makeLeaf(workspace, rest, form))
    rest = new Uint8Array(0)
  }
  tree.addZeroLeaves(Math.floor((zeros - filled) / chunkBytes))
  // Zeros that are left begin a leaf: then nothing else has begun one.
  const begun = rest.length > 0 ? rest : new Uint8Array((zeros - filled) % chunkBytes)
  const tail = begun.length > 0 ? concat([begun, bytes]) : bytes
  for (let start = 0; start < tail.length; start += chunkBytes) {
    tree.add(makeLeaf(workspace, tail.subarray(start, start + chunkBytes), form))
  }
  return tree.finish()
}

interface Cut {
  readonly root: UnixFSNode
  readonly size: number
  readonly defaults: FormDefaults
}

async function cutRoot(workspace: Workspace, { root, size, defaults }: Cut): Promise<UnixFSNode> {
  const form = { ...defaults, ...(root.cid.code === RAW_CODE ? {} : nodeFormOf(root.cid)) }
  if (size === 0) return fileRoot(workspace, makeLeaf(workspace, new Uint8Array(0), form).cid)
  let node = await fileRoot(workspace, (await cut(workspace, { node: root, size, depth: 0 })).cid)
  // A balanced file has no root with a single link; one of leaves of type Raw is no file of its own.
  for (let only = onlyPart(node); only !== undefined; only = onlyPart(node)) {
    const below = await filePart(workspace, only, 1)
    if (below.data.type === 'raw') break
    node = below
  }
  return node
}

function onlyPart(node: UnixFSNode): FilePart | undefined {
  const [part, ...more] = partsOf(node)
  return more.length === 0 && node.data.data.length === 0 ? part : undefined
}

/** The first `size` bytes, at least one and fewer than there are. */
async function cut(
  workspace: Workspace,
  { node, size, depth }: { readonly node: UnixFSNode; readonly size: number; readonly depth: number },
): Promise<FilePart> {
  const own = node.data.data.slice(0, size)
  if (node.cid.code === RAW_CODE) return replaceRaw(workspace, node.cid, own)
  const parts: FilePart[] = []
  let left = size - own.length
  for (const part of partsOf(node)) {
    if (left === 0) break
    if (part.size <= left) {
      parts.push(part)
    } else {
      const below = await filePart(workspace, part, depth + 1)
      parts.push(await cut(workspace, { node: below, size: left, depth: depth + 1 }))
    }
    left -= Math.min(left, part.size)
  }
  const blockSizes = parts.map((part) => part.size)
  const data = { ...node.data, data: own, blockSizes, fileSize: own.length + sum(blockSizes) }
  return makeNode(workspace, { data, links: linksTo(parts) }, nodeFormOf(node.cid))
}

function checkFileBytes(size: number): void {
  if (size > MFS_FILE_BYTES_MAX) {
    throw new CairnError('LIMIT', `Cannot write a file of ${size} bytes: at most ${MFS_FILE_BYTES_MAX} are allowed`)
  }
}
