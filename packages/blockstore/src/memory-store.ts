// The block store in memory: for tests, and for work that leaves nothing behind. Same contract, no durability.
import {
  blockKey,
  identityBlock,
  multihashKey,
  relabelBlock,
  type AbortOptions,
  type Block,
  type BlockStore,
  type BlockStoreStat,
  type Hold,
  type StoredBlock,
  type Sweep,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { Claims, type SweepClaims } from './claims.ts'
import { Gate } from './gate.ts'
import { isIdentity, storedBlock } from './stored-block.ts'

interface Kept {
  readonly block: Block
  readonly sequence: number
}

/** Keeps blocks for as long as it lives. */
export class MemoryStore implements BlockStore {
  readonly #gate = new Gate('the memory store')
  readonly #claims = new Claims()
  readonly #kept = new Map<string, Kept>()
  #nextSequence = 1
  #bytes = 0

  async get(cid: CID): Promise<Block | undefined> {
    const [block] = await this.getMany([cid])
    return block
  }

  getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    return this.#gate.run(() =>
      cids.map((cid) => {
        const kept = this.#kept.get(blockKey(cid))
        return kept === undefined ? identityBlock(cid) : relabelBlock(kept.block, cid)
      }),
    )
  }

  hasMany(cids: readonly CID[]): Promise<boolean[]> {
    return this.#gate.run(() => cids.map((cid) => isIdentity(cid) || this.#kept.has(blockKey(cid))))
  }

  claimMany(cids: readonly CID[]): Promise<boolean[]> {
    for (const cid of cids) if (this.#kept.has(blockKey(cid))) this.#claims.touch(blockKey(cid))
    return this.hasMany(cids)
  }

  size(cid: CID): Promise<number | undefined> {
    return this.#gate.run(() =>
      isIdentity(cid) ? cid.multihash.size : this.#kept.get(blockKey(cid))?.block.bytes.length,
    )
  }

  putMany(blocks: readonly Block[]): Promise<void> {
    return this.#gate.run(() => {
      for (const block of blocks) if (!isIdentity(block.cid)) this.#put(block)
    })
  }

  deleteMany(cids: readonly CID[]): Promise<number> {
    return this.#gate.run(() => cids.filter((cid) => this.#delete(blockKey(cid)) !== undefined).length)
  }

  async *list(): AsyncGenerator<StoredBlock, void, undefined> {
    this.#gate.check()
    for (const { block } of this.#kept.values()) {
      this.#gate.check()
      yield storedBlock(block.cid.multihash.bytes, block.bytes.length)
    }
  }

  stat(): Promise<BlockStoreStat> {
    return this.#gate.run(() => ({ blocks: this.#kept.size, bytes: this.#bytes }))
  }

  hold(): Hold {
    this.#gate.check()
    return this.#claims.hold(this.#nextSequence)
  }

  openSweep(): Promise<Sweep> {
    return this.#gate.run(() => {
      const claims = this.#claims.openSweep(this.#nextSequence)
      return {
        run: (isLive: (multihash: Uint8Array) => boolean, options: AbortOptions = {}) =>
          this.#sweep(claims, isLive, options),
        [Symbol.asyncDispose]: async () => claims.close(),
      }
    })
  }

  close(): Promise<void> {
    return this.#gate.close(async () => undefined)
  }

  #put(block: Block): void {
    const key = blockKey(block.cid)
    if (this.#kept.has(key)) {
      this.#claims.touch(key)
      return
    }
    this.#kept.set(key, { block, sequence: this.#nextSequence++ })
    this.#bytes += block.bytes.length
  }

  #delete(key: string): Block | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#kept.delete(key)
    this.#bytes -= kept.block.bytes.length
    return kept.block
  }

  async *#sweep(
    claims: SweepClaims,
    isLive: (multihash: Uint8Array) => boolean,
    { signal }: AbortOptions,
  ): AsyncGenerator<StoredBlock, void, undefined> {
    signal?.throwIfAborted()
    this.#gate.check()
    for (const { block, sequence } of this.#kept.values()) {
      const multihash = block.cid.multihash.bytes
      const key = multihashKey(multihash)
      if (isLive(multihash) || claims.protects(sequence, key)) continue
      this.#delete(key)
      yield storedBlock(multihash, block.bytes.length)
      signal?.throwIfAborted()
      this.#gate.check()
    }
  }
}
