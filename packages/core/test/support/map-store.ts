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
  type Mark,
  type StoredBlock,
  type Sweep,
  type SweepStep,
} from '../../src/index.ts'

interface Stored {
  readonly cid: CID
  readonly bytes: Uint8Array
  /** Number of the last put of this block. */
  put: number
}

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

  async sizeMany(cids: readonly CID[]): Promise<(number | undefined)[]> {
    return cids.map((cid) => this.#blocks.get(blockKey(cid))?.bytes.length)
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
    // By block, the codecs under which it was marked.
    const marks = new Map<string, Set<number>>()
    return {
      get marked() {
        return { blocks: marks.size, bytes: 0 }
      },
      mark: async (cids) => cids.map((cid) => this.#mark(marks, cid)),
      run: (options) => this.#sweep(floor, marks, options?.signal),
      [Symbol.asyncDispose]: async () => {
        this.#isSweeping = false
      },
    }
  }

  async diskBytes(): Promise<number> {
    return (await this.stat()).bytes
  }

  async close(): Promise<void> {
    this.#blocks.clear()
  }

  #mark(marks: Map<string, Set<number>>, cid: CID): Mark {
    if (cid.multihash.code === IDENTITY_CODE) return { status: 'new', bytes: 0 }
    const stored = this.#blocks.get(blockKey(cid))
    if (stored === undefined) return { status: 'absent' }
    const codecs = marks.get(blockKey(cid)) ?? new Set()
    marks.set(blockKey(cid), codecs)
    if (codecs.has(cid.code)) return { status: 'known' }
    codecs.add(cid.code)
    return { status: 'new', bytes: stored.bytes.length }
  }

  async *#sweep(
    floor: number,
    marks: ReadonlyMap<string, unknown>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<SweepStep> {
    for (const [key, { cid, bytes, put }] of this.#blocks) {
      signal?.throwIfAborted()
      if (put > floor || marks.has(key)) continue
      this.#blocks.delete(key)
      yield { removed: [{ cid, size: bytes.length }], freedBytes: bytes.length }
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
