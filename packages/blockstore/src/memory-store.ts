// The block store in memory: for tests, and for work that leaves nothing behind. Same contract, no durability.
import {
  blockKey,
  identityBlock,
  multihashKey,
  relabelBlock,
  type Block,
  type BlockStore,
  type BlockStoreStat,
  type Hold,
  type Mark,
  type StoredBlock,
  type Sweep,
  type SweepOptions,
  type SweepStep,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { Claims, type SweepClaims } from './sweep/claims.ts'
import { Gate } from './gate.ts'
import { Marks } from './sweep/marks.ts'
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
    for (const cid of cids) this.#touch(this.#kept.get(blockKey(cid)))
    return this.hasMany(cids)
  }

  async size(cid: CID): Promise<number | undefined> {
    const [size] = await this.sizeMany([cid])
    return size
  }

  sizeMany(cids: readonly CID[]): Promise<(number | undefined)[]> {
    const sizeOf = (cid: CID) => this.#kept.get(blockKey(cid))?.block.bytes.length
    return this.#gate.run(() => cids.map((cid) => (isIdentity(cid) ? cid.multihash.size : sizeOf(cid))))
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

  diskBytes(): Promise<number> {
    return this.#gate.run(() => this.#bytes)
  }

  openSweep(): Promise<Sweep> {
    return this.#gate.run(() => {
      const claims = this.#claims.openSweep(this.#nextSequence)
      const marks = new Marks()
      return {
        get marked() {
          return marks.totals
        },
        mark: (cids: readonly CID[]) => this.#gate.run(() => cids.map((cid) => this.#mark(marks, cid))),
        run: (options: SweepOptions = {}) => this.#sweep(claims, marks, options),
        [Symbol.asyncDispose]: async () => claims.close(),
      }
    })
  }

  close(): Promise<void> {
    return this.#gate.close(async () => undefined)
  }

  #put(block: Block): void {
    const key = blockKey(block.cid)
    const kept = this.#kept.get(key)
    if (kept !== undefined) {
      this.#touch(kept)
      return
    }
    this.#kept.set(key, { block, sequence: this.#nextSequence++ })
    this.#bytes += block.bytes.length
  }

  #touch(kept: Kept | undefined): void {
    if (kept !== undefined) this.#claims.touch(kept.sequence)
  }

  #delete(key: string): Block | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#kept.delete(key)
    this.#bytes -= kept.block.bytes.length
    return kept.block
  }

  #mark(marks: Marks, cid: CID): Mark {
    if (isIdentity(cid)) return { status: 'new', bytes: cid.multihash.size }
    const kept = this.#kept.get(blockKey(cid))
    if (kept === undefined) return { status: 'absent' }
    return marks.add(cid, { sequence: kept.sequence, size: kept.block.bytes.length })
  }

  async *#sweep(
    claims: SweepClaims,
    marks: Marks,
    { signal, downToBytes = 0 }: SweepOptions,
  ): AsyncGenerator<SweepStep, void, undefined> {
    signal?.throwIfAborted()
    this.#gate.check()
    for (const { block, sequence } of this.#kept.values()) {
      if (marks.has(sequence) || claims.protects(sequence)) continue
      if (downToBytes > 0 && this.#bytes <= downToBytes) return
      const multihash = block.cid.multihash.bytes
      this.#delete(multihashKey(multihash))
      yield { removed: [storedBlock(multihash, block.bytes.length)], freedBytes: block.bytes.length }
      signal?.throwIfAborted()
      this.#gate.check()
    }
  }
}
