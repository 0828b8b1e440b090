// A file opened at its end, so that more can follow: the right edge of a balanced one. A file in another layout is laid
// out anew for it, of the leaves that it has.
import type { CID } from 'multiformats/cid'
import { RAW_CODE } from '../block/codec.ts'
import { CairnError } from '../errors.ts'
import type { FilePart } from '../dag/file-part.ts'
import { DAG_DEPTH_MAX, MFS_CHUNK_BYTES_MIN, MFS_RELAID_LEAVES_MAX } from '../limits.ts'
import { fileSize, isFile } from '../unixfs/read.ts'
import type { UnixFSNode } from '../unixfs/unixfs-node.ts'
import { makeLeaf, nodeFormOf, partsOf, type FileForm } from './file-form.ts'
import { OpenTree } from './open-tree.ts'
import type { Workspace } from './workspace.ts'

/** A file whose end is open. */
export interface OpenFile {
  /** The file without its last leaf. */
  readonly tree: OpenTree
  /** The last leaf, or `undefined` for an empty file. */
  readonly last: FilePart | undefined
  readonly form: FileForm
}

/** How files are made when their own blocks do not tell. */
export interface FormDefaults extends FileForm {
  /** Whether new leaves are as `rawLeaves` says even where those of the file are not. */
  readonly forcesLeaves?: boolean
}

/** Opens the file at `root`. @throws as `filePart`, and LIMIT when it has too many leaves to lay it out anew */
export async function openFile(workspace: Workspace, root: UnixFSNode, defaults: FormDefaults): Promise<OpenFile> {
  const [left, right] = [await edgeOf(workspace, root, 0), await edgeOf(workspace, root, -1)]
  const form = formOf(root, { left, right }, defaults)
  const isBalanced =
    left.nodes.length === right.nodes.length &&
    right.nodes.every(({ data, links }) => links.length <= form.linksPerNode && data.data.length === 0)
  if (!isBalanced) return layOutAnew(workspace, root, form)
  const levels = right.nodes.map((node) => partsOf(node).slice(0, -1)).toReversed()
  const last = right.leaf.size === 0 ? undefined : right.leaf
  return { tree: new OpenTree(workspace, form, levels), last, form }
}

/**
 * The node of a part of a file, checked against the size that its parent says it has.
 *
 * @throws INVALID when it is no part of a file or of another size, LIMIT below too many levels, else as `decodeUnixFS`
 */
export async function filePart(
  workspace: Workspace,
  { cid, size }: Pick<FilePart, 'cid' | 'size'>,
  depth: number,
): Promise<UnixFSNode> {
  if (depth > DAG_DEPTH_MAX) throw new CairnError('LIMIT', `Cannot edit a file of more than ${DAG_DEPTH_MAX} levels`)
  const node = await workspace.node(cid)
  if (!isFile(node)) {
    throw new CairnError('INVALID', `Cannot edit ${cid}: it is a ${node.data.type}, not a file`, { cid })
  }
  if (fileSize(node) === size) return node
  throw new CairnError('INVALID', `Cannot edit ${cid}: it has ${fileSize(node)} bytes, its parent says ${size}`, {
    cid,
  })
}

/** The first or the last leaf of a file, and the nodes on the way to it from the root. */
interface Edge {
  readonly nodes: readonly UnixFSNode[]
  readonly leaf: FilePart
}

async function edgeOf(workspace: Workspace, root: UnixFSNode, side: 0 | -1): Promise<Edge> {
  const nodes: UnixFSNode[] = []
  let leaf: FilePart = { cid: root.cid, size: fileSize(root), tsize: fileSize(root) }
  for (let node = root; ;) {
    const part = partsOf(node).at(side)
    if (part === undefined) return { nodes, leaf }
    nodes.push(node)
    leaf = part
    // A raw leaf need not be read.
    if (part.cid.code === RAW_CODE) return { nodes, leaf }
    node = await filePart(workspace, part, nodes.length)
  }
}

interface Edges {
  readonly left: Edge
  readonly right: Edge
}

/** The form of a file as far as its edges tell it. */
function formOf(root: UnixFSNode, { left, right }: Edges, defaults: FormDefaults): FileForm {
  const lowest = left.nodes.at(-1)
  const hasMetadata = root.data.mode !== undefined || root.data.mtime !== undefined
  const tellsLeaves = root.links.length > 0 || (!hasMetadata && root.data.data.length > 0)
  return {
    ...(root.cid.code === RAW_CODE ? { ...nodeFormOf(root.cid), cidVersion: 1 } : nodeFormOf(root.cid)),
    rawLeaves: defaults.forcesLeaves === true || !tellsLeaves ? defaults.rawLeaves : right.leaf.cid.code === RAW_CODE,
    chunkBytes: chunkBytesOf(lowest) ?? defaults.chunkBytes,
    // With two levels of nodes the first one of the lower level is full, or the file is of another layout.
    linksPerNode:
      left.nodes.length > 1 && lowest !== undefined && lowest.links.length > 1
        ? lowest.links.length
        : Math.max(defaults.linksPerNode, root.links.length),
  }
}

/** Bytes of a full leaf, where leaves are of one size. */
function chunkBytesOf(lowest: UnixFSNode | undefined): number | undefined {
  const [first = 0, second = 0, third] = lowest?.data.blockSizes ?? []
  const isEven = second === first || (third === undefined && second < first)
  return isEven && second > 0 && first >= MFS_CHUNK_BYTES_MIN ? first : undefined
}

async function layOutAnew(workspace: Workspace, root: UnixFSNode, form: FileForm): Promise<OpenFile> {
  const tree = new OpenTree(workspace, form)
  let last: FilePart | undefined
  for await (const leaf of leavesOf(workspace, root, form)) {
    if (last !== undefined) tree.add(last)
    last = leaf
  }
  return { tree, last, form }
}

/** All leaves of a file, in order. Reads interior nodes, and leaves that could be such. */
async function* leavesOf(workspace: Workspace, root: UnixFSNode, form: FileForm): AsyncGenerator<FilePart> {
  const open: Iterator<FilePart, undefined>[] = [[{ cid: root.cid, size: fileSize(root), tsize: 0 }].values()]
  let visited = 0
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { value: part } = top.next()
    if (part === undefined) {
      open.pop()
      continue
    }
    if (++visited > MFS_RELAID_LEAVES_MAX) throw tooManyLeaves(root.cid)
    if (part.size === 0) continue
    const node = part.cid.code === RAW_CODE ? undefined : await filePart(workspace, part, open.length - 1)
    if (node === undefined || (node.links.length === 0 && open.length > 1)) {
      yield part
      continue
    }
    // Content in an interior node comes before that of its links.
    if (node.data.data.length > 0) yield makeLeaf(workspace, node.data.data, form)
    open.push(partsOf(node).values())
  }
}

function tooManyLeaves(cid: CID): CairnError {
  return new CairnError(
    'LIMIT',
    `Cannot extend ${cid}: it is not balanced and has more than ${MFS_RELAID_LEAVES_MAX} parts`,
    { cid },
  )
}
