// The balanced layout: all leaves at one depth, at most `linksPerNode` links a node, built while the leaves come in
// with one open node per level. Source: boxo ipld/unixfs/importer/balanced.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { CairnError } from '../errors.ts'

/** A finished part of a file: the node at its top. */
export interface FilePart {
  readonly cid: CID
  /** Content bytes below the node. */
  readonly size: number
  /** Bytes of the node's block and of all blocks linked below, each as often as it is linked. */
  readonly tsize: number
}

/** A block together with the part of the file that it tops. */
export interface PartBlock {
  readonly block: Block
  readonly part: FilePart
}

/** Makes the node that links `parts`. */
export type JoinParts = (parts: readonly FilePart[]) => PartBlock

/**
 * A stage from leaves to all blocks of the tree, leaves first; the last block is the root. One leaf is its own root.
 * A lone last child still gets a parent of its own, as the published CIDs demand.
 *
 * @throws INVALID for a width below 2, with which a tree would never end
 */
export function balanced(linksPerNode: number, join: JoinParts) {
  if (!Number.isSafeInteger(linksPerNode) || linksPerNode < 2) {
    throw new CairnError('INVALID', `Cannot lay out a file with ${linksPerNode} links a node: at least 2 are needed`)
  }
  return async function* layout(leaves: AsyncIterable<PartBlock>): AsyncGenerator<PartBlock> {
    const levels: FilePart[][] = []
    for await (const leaf of leaves) {
      yield leaf
      yield* add(levels, leaf.part)
    }
    for (let level = 0; level < levels.length; level++) {
      const open = levels[level] ?? []
      const isRoot = level === levels.length - 1 && open.length === 1
      if (!isRoot) yield* close(levels, level)
    }
  }

  /** Adds a part to the lowest level; a full node is closed only when one more comes, since it may be the root's level. */
  function* add(levels: FilePart[][], part: FilePart, level = 0): Generator<PartBlock> {
    if (levels[level]?.length === linksPerNode) yield* close(levels, level)
    const open = levels[level] ?? []
    open.push(part)
    levels[level] = open
  }

  function* close(levels: FilePart[][], level: number): Generator<PartBlock> {
    const joined = join(levels[level] ?? [])
    levels[level] = []
    yield joined
    yield* add(levels, joined.part, level + 1)
  }
}
