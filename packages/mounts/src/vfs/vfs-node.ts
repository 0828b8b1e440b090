// Files, folders and symbolic links of a tree, as far as somebody has looked at them, with what was changed and is not
// written back yet. Only the vfs changes them; others read their fields.
import {
  decodeUnixFS,
  fileSize,
  RAW_CODE,
  type BlockReader,
  type FileDraft,
  type Metadata,
  type TreeEntry,
} from '@cairn/core'
import { toString } from 'uint8arrays/to-string'

/** Where the nodes of a tree come from. */
export interface VfsTree {
  readonly reader: BlockReader
  /** Whether nothing in it ever changes. */
  readonly isFrozen: boolean
  /** Finds names of a folder that is made up. */
  find?(name: string, options: { readonly signal?: AbortSignal | undefined }): Promise<VfsNode | undefined>
}

interface Common {
  /** Its number, which no other node of this process ever has. */
  readonly ino: number
  readonly tree: VfsTree
  /** `undefined` for a root, and for what was removed. */
  parent: VfsFolder | undefined
  name: string
  /** What it is in the tree that is stored; `undefined` as long as it is new. */
  saved: TreeEntry | undefined
  metadata: Metadata
  /** Rises with each change: of a folder also with each of its names. */
  version: number
  /** The version that is stored. */
  savedVersion: number
  /** How many hold it: such a node stays known. */
  uses: number
  /** When somebody asked for it last; of the monotonic clock. */
  seenMs: number
}

/** A directory. */
export interface VfsFolder extends Common {
  readonly kind: 'directory'
  /** What is known below it. */
  readonly names: Map<string, VfsNode>
  /** Names that are not stored as they are now, and what stands there. */
  readonly changes: Map<string, VfsNode | undefined>
  /** Whether its metadata is not stored. */
  hasNewMetadata: boolean
}

/** A file. */
export interface VfsFile extends Common {
  readonly kind: 'file'
  /** Bytes of its content. */
  size: number
  /** Its content as long as it is being changed. */
  draft: FileDraft | undefined
  /** The draft on its way. */
  drafting: Promise<FileDraft> | undefined
  /** Writes under way, and those who have it open for writing. */
  writers: number
}

/** A symbolic link. */
export interface VfsLink extends Common {
  readonly kind: 'symlink'
  readonly target: string
}

/** Anything with a name. */
export type VfsNode = VfsFolder | VfsFile | VfsLink

let lastIno = 0

function common(tree: VfsTree, saved: TreeEntry | undefined, metadata: Metadata): Common {
  const place = { parent: undefined, name: '', uses: 0, seenMs: performance.now() }
  return { ino: ++lastIno, tree, saved, metadata, version: 0, savedVersion: 0, ...place }
}

export function folderNode(tree: VfsTree, saved?: TreeEntry, metadata: Metadata = {}): VfsFolder {
  const own = { kind: 'directory', names: new Map(), changes: new Map(), hasNewMetadata: false } as const
  return { ...common(tree, saved, metadata), ...own }
}

export function fileNode(
  tree: VfsTree,
  saved: TreeEntry | undefined,
  { size, metadata, draft }: { readonly size: number; readonly metadata: Metadata; readonly draft?: FileDraft },
): VfsFile {
  return { ...common(tree, saved, metadata), kind: 'file', size, draft, drafting: undefined, writers: 0 }
}

export function linkNode(
  tree: VfsTree,
  saved: TreeEntry | undefined,
  { target, metadata }: { readonly target: string; readonly metadata: Metadata },
): VfsLink {
  return { ...common(tree, saved, metadata), kind: 'symlink', target }
}

/**
 * What stands at an entry. A leaf by itself is not read: its link says its size.
 *
 * @throws as `BlockReader.get` and `decodeUnixFS`
 */
export async function loadNode(
  tree: VfsTree,
  entry: TreeEntry,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<VfsNode> {
  const { cid, tsize } = entry
  if (cid.code === RAW_CODE && tsize > 0) return fileNode(tree, entry, { size: tsize, metadata: {} })
  const node = decodeUnixFS(await tree.reader.get(cid, { ...options, bytes: undefined }))
  const { type, mode, mtime, data } = node.data
  const metadata = { mode: mode === undefined ? undefined : mode & 0o7777, mtime }
  if (type === 'directory' || type === 'hamt-shard') return folderNode(tree, entry, metadata)
  if (type === 'symlink') return linkNode(tree, entry, { target: toString(data), metadata })
  return fileNode(tree, entry, { size: fileSize(node), metadata })
}

/** Whether a node is still below the root that it came from. */
export function isAttached(node: VfsNode, root: VfsNode): boolean {
  let at = node
  while (at.parent !== undefined) {
    if (at.parent.names.get(at.name) !== at) return false
    at = at.parent
  }
  return at === root
}
