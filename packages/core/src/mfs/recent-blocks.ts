// Blocks that were used last, up to a number of bytes. They are stored as well, so any of them may be forgotten.
import type { Block } from '../block/block.ts'
import { MFS_LINK_BYTES } from '../limits.ts'
import type { UnixFSNode } from '../unixfs/unixfs-node.ts'

/** A block, and what it decodes to where that is known: to decode a node of a thousand links takes milliseconds. */
export interface HeldBlock {
  readonly block: Block
  readonly node?: UnixFSNode | undefined
}

/** Bytes that a block takes in memory, more or less. */
export function heldBytes({ block, node }: HeldBlock): number {
  return block.bytes.length + (node?.links.length ?? 0) * MFS_LINK_BYTES
}

/** The blocks that were used last, by key. */
export class RecentBlocks {
  readonly #bytesMax: number
  /** In the order of their last use. */
  readonly #blocks = new Map<string, HeldBlock>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get(key: string): HeldBlock | undefined {
    const held = this.#blocks.get(key)
    if (held === undefined) return undefined
    this.#blocks.delete(key)
    this.#blocks.set(key, held)
    return held
  }

  set(key: string, held: HeldBlock): void {
    this.#forget(key)
    this.#blocks.set(key, held)
    this.#bytes += heldBytes(held)
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    const held = this.#blocks.get(key)
    if (held === undefined) return
    this.#blocks.delete(key)
    this.#bytes -= heldBytes(held)
  }
}
