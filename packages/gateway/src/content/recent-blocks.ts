// Blocks that were asked for lately: what many clients want at a time is read and proven once.
import type { Block, BlockReader, FetchOptions } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import {
  RECENT_BLOCK_BYTES_MAX,
  RECENT_BLOCK_OVERHEAD_BYTES,
  RECENT_BYTES_MAX,
  RECENT_LARGE_BYTES_MAX,
} from '../limits.ts'

/** A reader that keeps the last blocks that it gave. */
export class RecentBlocks implements BlockReader {
  readonly #blocks: BlockReader
  readonly #small = new KeptBlocks(RECENT_BYTES_MAX)
  readonly #large = new KeptBlocks(RECENT_LARGE_BYTES_MAX)

  constructor(blocks: BlockReader) {
    this.#blocks = blocks
  }

  async get(cid: CID, options?: FetchOptions): Promise<Block> {
    const key = cid.toString()
    const known = this.#small.get(key) ?? this.#large.get(key)
    if (known !== undefined) return known
    const block = await this.#blocks.get(cid, options)
    const kept = block.bytes.length <= RECENT_BLOCK_BYTES_MAX ? this.#small : this.#large
    kept.keep(key, block)
    return block
  }
}

/** Blocks up to a number of bytes. */
class KeptBlocks {
  /** The one that was not asked for longest comes first. */
  readonly #kept = new Map<string, Block>()
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get(key: string): Block | undefined {
    const known = this.#kept.get(key)
    if (known === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, known)
    return known
  }

  keep(key: string, block: Block): void {
    if (this.#kept.has(key)) return
    this.#kept.set(key, block)
    this.#bytes += sizeOf(block)
    for (const [oldKey, old] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return
      this.#kept.delete(oldKey)
      this.#bytes -= sizeOf(old)
    }
  }
}

/** Bytes that a block takes: one without any takes memory too. */
function sizeOf({ bytes }: Block): number {
  return bytes.length + RECENT_BLOCK_OVERHEAD_BYTES
}
