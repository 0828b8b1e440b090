// Small blocks that were asked for lately: what many clients want at a time is read and proven once.
import type { Block, BlockReader, FetchOptions } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { RECENT_BLOCK_BYTES_MAX, RECENT_BLOCK_OVERHEAD_BYTES, RECENT_BYTES_MAX } from '../limits.ts'

/** A reader that keeps the last blocks that it gave. */
export class RecentBlocks implements BlockReader {
  readonly #blocks: BlockReader
  /** The oldest first. */
  readonly #kept = new Map<string, Block>()
  #bytes = 0

  constructor(blocks: BlockReader) {
    this.#blocks = blocks
  }

  async get(cid: CID, options?: FetchOptions): Promise<Block> {
    const key = cid.toString()
    const known = this.#kept.get(key)
    if (known !== undefined) {
      this.#kept.delete(key)
      this.#kept.set(key, known)
      return known
    }
    const block = await this.#blocks.get(cid, options)
    if (block.bytes.length <= RECENT_BLOCK_BYTES_MAX && !this.#kept.has(key)) this.#keep(key, block)
    return block
  }

  #keep(key: string, block: Block): void {
    this.#kept.set(key, block)
    this.#bytes += sizeOf(block)
    for (const [oldKey, old] of this.#kept) {
      if (this.#bytes <= RECENT_BYTES_MAX) return
      this.#kept.delete(oldKey)
      this.#bytes -= sizeOf(old)
    }
  }
}

/** Bytes that a block takes: one without any takes memory too. */
function sizeOf({ bytes }: Block): number {
  return bytes.length + RECENT_BLOCK_OVERHEAD_BYTES
}
