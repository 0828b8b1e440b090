// The trickle layout: the first leaves hang on the root, later ones under ever deeper subtrees, so that a reader gets
// content after one node. Built while the leaves come in, with one open node per level.
// Source: boxo ipld/unixfs/importer/trickle.
import { CairnError } from '../errors.ts'
import type { FilePart, JoinParts, PartBlock } from './file-part.ts'

/** Subtrees of one depth under a node, before the next ones are a level deeper. Source: boxo, `depthRepeat`. */
const SUBTREES_PER_DEPTH = 4

/** A node that may still grow: first leaves, then subtrees. */
interface OpenNode {
  readonly parts: FilePart[]
  /** Its subtrees have less depth than this; a node of depth 1 has leaves only. */
  readonly depth: number
}

/**
 * A stage from leaves to all blocks of the tree, children first; the last block is the root. The root is always a node
 * of its own: over one leaf it has one link, over none it has none. The root may grow to any depth.
 *
 * @throws INVALID for less than one leaf a node
 */
export function trickle(leavesPerNode: number, join: JoinParts) {
  if (!Number.isSafeInteger(leavesPerNode) || leavesPerNode < 1) {
    throw new CairnError('INVALID', `Cannot lay out a file with ${leavesPerNode} leaves a node: at least 1 is needed`)
  }
  return async function* layout(leaves: AsyncIterable<PartBlock>): AsyncGenerator<PartBlock> {
    const open: OpenNode[] = [{ parts: [], depth: Infinity }]
    for await (const leaf of leaves) {
      yield leaf
      yield* add(open, leaf.part)
    }
    while (open.length > 0) yield* close(open)
  }

  /** Adds a leaf to the deepest open node, or, where that has no room for leaves, to a new subtree. */
  function* add(open: OpenNode[], leaf: FilePart): Generator<PartBlock> {
    let node = open.at(-1)
    while (node !== undefined && isFull(node)) {
      yield* close(open)
      node = open.at(-1)
    }
    if (node !== undefined && node.parts.length < leavesPerNode) node.parts.push(leaf)
    else open.push({ parts: [leaf], depth: node === undefined ? Infinity : nextDepth(node) })
  }

  function* close(open: OpenNode[]): Generator<PartBlock> {
    const node = open.pop()
    const joined = join(node?.parts ?? [], open.length === 0)
    yield joined
    open.at(-1)?.parts.push(joined.part)
  }

  function isFull(node: OpenNode): boolean {
    return node.parts.length >= leavesPerNode && nextDepth(node) >= node.depth
  }

  /** Depth of the subtree that comes next under `node`, whose leaves are complete. */
  function nextDepth({ parts }: OpenNode): number {
    return Math.floor((parts.length - leavesPerNode) / SUBTREES_PER_DEPTH) + 1
  }
}
