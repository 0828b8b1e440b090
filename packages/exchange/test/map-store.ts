// The smallest store that bitswap can serve from, with blocks that fail on demand.
import { blockKey, CairnError, relabelBlock, type Block } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockSource } from '../src/server/server.ts'

export class MapStore implements BlockSource {
  readonly #blocks = new Map<string, Block>()
  /** Keys of blocks that cannot be read. */
  readonly damaged = new Set<string>()
  readonly reads: number[] = []

  put(blocks: readonly Block[]): void {
    for (const block of blocks) this.#blocks.set(blockKey(block.cid), block)
  }

  has(cid: CID): boolean {
    return this.#blocks.has(blockKey(cid))
  }

  async size(cid: CID): Promise<number | undefined> {
    return this.#blocks.get(blockKey(cid))?.bytes.length
  }

  async get(cid: CID): Promise<Block | undefined> {
    if (this.damaged.has(blockKey(cid))) throw new CairnError('CORRUPT', `Cannot read ${cid}`, { cid })
    const block = this.#blocks.get(blockKey(cid))
    return block === undefined ? undefined : relabelBlock(block, cid)
  }

  async getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    const blocks = await Promise.all(cids.map((cid) => this.get(cid)))
    this.reads.push(blocks.reduce((sum, block) => sum + (block?.bytes.length ?? 0), 0))
    return blocks
  }
}
