// The simplest thing that keeps the contract of BlockStore, so that the core is tested without another package.
import { CID } from 'multiformats/cid'
import {
  blockKey,
  CairnError,
  createBlock,
  IDENTITY_CODE,
  verifyBlock,
  type Block,
  type BlockStore,
  type Hold,
  type StoredBlock,
  type Sweep,
} from '../../src/index.ts'

interface Stored {
  readonly cid: CID
  readonly bytes: Uint8Array
  /** Number of the last put of this block. */
  put: number
}

type IsLive = (multihash: Uint8Array) => boolean

export class MapStore implements BlockStore {
  readonly #blocks = new Map<string, Stored>()
  readonly #holds = new Set<{ readonly since: number }>()
  #puts = 0
  #isSweeping = false

  async get(cid: CID): Promise<Block | undefined> {
    const stored = this.#blocks.get(blockKey(cid))
    return stored === undefined ? undefined : verifyBlock(cid, stored.bytes)
  }

  async getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    return await Promise.all(cids.map((cid) => this.get(cid)))
  }

  async hasMany(cids: readonly CID[]): Promise<boolean[]> {
    return cids.map((cid) => this.#blocks.has(blockKey(cid)))
  }

  async claimMany(cids: readonly CID[]): Promise<boolean[]> {
    for (const cid of cids) {
      const stored = this.#blocks.get(blockKey(cid))
      if (stored !== undefined) stored.put = ++this.#puts
    }
    return await this.hasMany(cids)
  }

  async size(cid: CID): Promise<number | undefined> {
    return this.#blocks.get(blockKey(cid))?.bytes.length
  }

  async putMany(blocks: readonly Block[]): Promise<void> {
    for (const { cid, bytes } of blocks) {
      if (cid.multihash.code === IDENTITY_CODE) continue
      const stored = this.#blocks.get(blockKey(cid)) ?? { cid: CID.createV1(0x55, cid.multihash), bytes, put: 0 }
      stored.put = ++this.#puts
      this.#blocks.set(blockKey(cid), stored)
    }
  }

  async deleteMany(cids: readonly CID[]): Promise<number> {
    return cids.filter((cid) => this.#blocks.delete(blockKey(cid))).length
  }

  async *list(): AsyncGenerator<StoredBlock> {
    for (const { cid, bytes } of this.#blocks.values()) yield { cid, size: bytes.length }
  }

  async stat() {
    const blocks = [...this.#blocks.values()]
    return { blocks: blocks.length, bytes: blocks.reduce((sum, { bytes }) => sum + bytes.length, 0) }
  }

  hold(): Hold {
    const hold = { since: this.#puts }
    this.#holds.add(hold)
    return { release: () => void this.#holds.delete(hold) }
  }

  async openSweep(): Promise<Sweep> {
    if (this.#isSweeping) throw new CairnError('CONFLICT', 'Cannot collect twice at once')
    this.#isSweeping = true
    // Holds that are open now protect to the end, even when they are released before.
    const floor = Math.min(this.#puts, ...[...this.#holds].map(({ since }) => since))
    return {
      run: (isLive, options) => this.#sweep(floor, isLive, options?.signal),
      [Symbol.asyncDispose]: async () => {
        this.#isSweeping = false
      },
    }
  }

  async close(): Promise<void> {
    this.#blocks.clear()
  }

  async *#sweep(floor: number, isLive: IsLive, signal: AbortSignal | undefined): AsyncGenerator<StoredBlock> {
    for (const [key, { cid, bytes, put }] of this.#blocks) {
      signal?.throwIfAborted()
      if (put > floor || isLive(cid.multihash.bytes)) continue
      this.#blocks.delete(key)
      yield { cid, size: bytes.length }
    }
  }
}

/** Keys of everything in a store. */
export async function storedKeys(store: BlockStore): Promise<Set<string>> {
  const keys = new Set<string>()
  for await (const { cid } of store.list()) keys.add(blockKey(cid))
  return keys
}

/** A raw block of one number, for tests that only need different blocks. */
export function rawBlock(number: number): Block {
  return createBlock(new TextEncoder().encode(`block ${number}`), { codec: 0x55 })
}
