// The smallest store that a peer can keep its blocks in, with blocks that fail on demand. It is never collected.
import {
  blockKey,
  CairnError,
  relabelBlock,
  type Block,
  type BlockStore,
  type BlockStoreStat,
  type Hold,
  type StoredBlock,
  type Sweep,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'

export class MapStore implements BlockStore {
  readonly #blocks = new Map<string, Block>()
  /** Keys of blocks that cannot be read. */
  readonly damaged = new Set<string>()
  readonly reads: number[] = []
  /** Blocks that came through `putMany`. */
  received = 0

  put(blocks: readonly Block[]): void {
    for (const block of blocks) this.#blocks.set(blockKey(block.cid), block)
  }

  has(cid: CID): boolean {
    return this.#blocks.has(blockKey(cid))
  }

  async size(cid: CID): Promise<number | undefined> {
    return this.#blocks.get(blockKey(cid))?.bytes.length
  }

  async sizeMany(cids: readonly CID[]): Promise<(number | undefined)[]> {
    return Promise.all(cids.map((cid) => this.size(cid)))
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

  async hasMany(cids: readonly CID[]): Promise<boolean[]> {
    return cids.map((cid) => this.has(cid))
  }

  async claimMany(cids: readonly CID[]): Promise<boolean[]> {
    return this.hasMany(cids)
  }

  async putMany(blocks: readonly Block[]): Promise<void> {
    this.received += blocks.length
    this.put(blocks)
  }

  async deleteMany(cids: readonly CID[]): Promise<number> {
    return cids.filter((cid) => this.#blocks.delete(blockKey(cid))).length
  }

  /** Everything that is stored, with the bytes as they are. */
  blocks(): Iterable<Block> {
    return this.#blocks.values()
  }

  async *list(): AsyncGenerator<StoredBlock> {
    for (const { cid, bytes } of this.#blocks.values()) yield { cid, size: bytes.length }
  }

  async stat(): Promise<BlockStoreStat> {
    return { blocks: this.#blocks.size, bytes: await this.diskBytes() }
  }

  async diskBytes(): Promise<number> {
    return this.#blocks.values().reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** Nothing is ever collected, so there is nothing to keep from it. */
  hold(): Hold {
    return { release: () => undefined }
  }

  async openSweep(): Promise<Sweep> {
    throw new CairnError('UNSUPPORTED', 'Cannot collect in a store of a test')
  }

  async close(): Promise<void> {
    this.#blocks.clear()
  }
}
