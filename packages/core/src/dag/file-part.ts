// What the layouts of a file work with: finished parts, and the function that joins them under a node.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'

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

/** Makes the node that links `parts`; the root is the only one that says what the whole file is. */
export type JoinParts = (parts: readonly FilePart[], isRoot: boolean) => PartBlock
