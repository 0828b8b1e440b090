// The balanced layout: all leaves at one depth, at most `linksPerNode` links a node, built while the leaves come in
// with one open node per level. Source: boxo ipld/unixfs/importer/balanced.
import { CairnError } from '../errors.ts'
import type { FilePart, JoinParts, PartBlock } from './file-part.ts'

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
      const isTop = level === levels.length - 1
      if (!isTop || levels[level]?.length !== 1) yield* close(levels, { level, isRoot: isTop })
    }
  }

  /** Adds a part to the lowest level; a full node is closed only when one more comes, since it may be the root's level. */
  function* add(levels: FilePart[][], part: FilePart, level = 0): Generator<PartBlock> {
    if (levels[level]?.length === linksPerNode) yield* close(levels, { level, isRoot: false })
    const open = levels[level] ?? []
    open.push(part)
    levels[level] = open
  }

  function* close(levels: FilePart[][], { level, isRoot }: Closing): Generator<PartBlock> {
    const joined = join(levels[level] ?? [], isRoot)
    levels[level] = []
    yield joined
    yield* add(levels, joined.part, level + 1)
  }
}

interface Closing {
  readonly level: number
  /** Whether nothing comes after the node and above it. */
  readonly isRoot: boolean
}
