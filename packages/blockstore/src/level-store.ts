// The block store over LevelDB: a log of blocks and an index derived from it, each a database of its own.
// Blocks become visible and are acknowledged when their log records are on disk and their index entries written.
// Whatever looks up and then changes does both in one turn, so no collection can delete a block between the moment when
// a put finds it stored and the moment when that put is acknowledged.
// Deleting goes index first (synced), then log. A crash in between leaves a record without entry: dead weight, or back
// in the store when the index is read from the log again. No order of events loses a block that was acknowledged.
import { join } from 'node:path'
import {
  blockKey,
  CairnError,
  identityBlock,
  Turns,
  verifyBlock,
  type Block,
  type BlockStore,
  type BlockStoreStat,
  type Hold,
  type StoredBlock,
  type Sweep,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockIndex } from './block-index.ts'
import { openBlockLog, type BlockLog, type Durability, type Placed } from './block-log.ts'
import { BlockWriter, type BlockWriterSettings } from './block-writer.ts'
import { Claims } from './claims.ts'
import { Gate } from './gate.ts'
import { openBlockIndex, type CompleteIndex } from './index-recovery.ts'
import { LevelSweep } from './level-sweep.ts'
import { SWEEP_STEP_BLOCKS } from './limits.ts'
import { isIdentity, storedBlock } from './stored-block.ts'

/** Settings of {@link openLevelStore}. */
export interface LevelStoreSettings extends BlockWriterSettings {
  /** `sync` by default. */
  readonly durability?: Durability
}

/**
 * Opens the block store in folder `path`, which is made if need be, and completes its index after a crash.
 *
 * @throws LOCKED when another process has it open, CORRUPT when the log is damaged, UNSUPPORTED for a newer format,
 * LIMIT for a full disk, DENIED, UNAVAILABLE
 */
export async function openLevelStore(path: string, settings: LevelStoreSettings = {}): Promise<BlockStore> {
  const log = await openBlockLog(join(path, 'blocks'), settings.durability)
  try {
    const complete = await openBlockIndex(join(path, 'index'), log)
    return new LevelStore({ path, log, ...complete }, settings)
  } catch (error) {
    await log.close()
    throw error
  }
}

interface Parts extends CompleteIndex {
  readonly path: string
  readonly log: BlockLog
}

class LevelStore implements BlockStore {
  readonly #log: BlockLog
  readonly #index: BlockIndex
  readonly #gate: Gate
  readonly #turns = new Turns()
  readonly #claims = new Claims()
  readonly #writer: BlockWriter

  constructor({ path, log, index, nextSequence }: Parts, settings: BlockWriterSettings) {
    this.#log = log
    this.#index = index
    this.#gate = new Gate(path)
    const parts = { path, log, index, nextSequence, claims: this.#claims, turns: this.#turns }
    this.#writer = new BlockWriter(parts, settings)
  }

  async get(cid: CID): Promise<Block | undefined> {
    const [block] = await this.getMany([cid])
    return block
  }

  getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    return this.#gate.run(async () => {
      const places = await this.#index.locate(cids.map(({ multihash }) => multihash.bytes))
      const values = await this.#log.read(places)
      // Async, so that a damaged block rejects and leaves no other one's failure without a listener.
      return Promise.all(
        cids.map(async (cid, index) => {
          const [place, bytes] = [places[index], values[index]]
          if (place === undefined) return identityBlock(cid)
          return bytes === undefined ? this.#getMoved(cid, place) : verifyBlock(cid, bytes)
        }),
      )
    })
  }

  hasMany(cids: readonly CID[]): Promise<boolean[]> {
    return this.#gate.run(async () => {
      const places = await this.#index.locate(cids.map(({ multihash }) => multihash.bytes))
      return cids.map((cid, index) => isIdentity(cid) || places[index] !== undefined)
    })
  }

  claimMany(cids: readonly CID[]): Promise<boolean[]> {
    return this.#gate.run(() => this.#writer.claim(cids))
  }

  size(cid: CID): Promise<number | undefined> {
    return this.#gate.run(async () => {
      if (isIdentity(cid)) return cid.multihash.size
      const [place] = await this.#index.locate([cid.multihash.bytes])
      return place?.location.size
    })
  }

  putMany(blocks: readonly Block[]): Promise<void> {
    return this.#gate.run(() => this.#writer.put(blocks))
  }

  deleteMany(cids: readonly CID[]): Promise<number> {
    return this.#gate.run(async () => {
      const multihashes = [...new Map(cids.map((cid) => [blockKey(cid), cid.multihash.bytes])).values()]
      let deleted = 0
      for (let start = 0; start < multihashes.length; start += SWEEP_STEP_BLOCKS) {
        const step = multihashes.slice(start, start + SWEEP_STEP_BLOCKS)
        deleted += (await this.#turns.run(() => this.#remove(step, () => true))).length
      }
      return deleted
    })
  }

  async *list(): AsyncGenerator<StoredBlock, void, undefined> {
    this.#gate.check()
    for await (const page of this.#gate.each(this.#index.pages())) {
      yield* page.map(({ multihash, location }) => storedBlock(multihash, location.size))
    }
  }

  stat(): Promise<BlockStoreStat> {
    return this.#gate.run(() => this.#index.totals)
  }

  hold(): Hold {
    this.#gate.check()
    return this.#claims.hold(this.#writer.settledSequence)
  }

  diskBytes(): Promise<number> {
    return this.#gate.run(() => this.#measure())
  }

  openSweep(): Promise<Sweep> {
    return this.#gate.run(() => {
      const end = this.#writer.settledSequence
      return new LevelSweep({
        claims: this.#claims.openSweep(end),
        end,
        gate: this.#gate,
        index: this.#index,
        log: this.#log,
        remove: (multihashes, isExpendable) => this.#turns.run(() => this.#remove(multihashes, isExpendable)),
        diskBytes: () => this.#measure(),
      })
    })
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      try {
        // After a failed write nothing is claimed about the log's end.
        if (this.#index.isWritable && this.#log.isWritable) await this.#writer.checkpoint()
      } catch {
        // Nothing is lost without this checkpoint: the next open reads the end of the log.
      } finally {
        await Promise.all([this.#index.close(), this.#log.close()])
      }
    })
  }

  async #measure(): Promise<number> {
    return (await this.#log.diskBytes()) + (await this.#index.diskBytes())
  }

  /** Gets a block that was not where the index said it was: it was deleted meanwhile, and maybe put again. */
  async #getMoved(cid: CID, before: Placed): Promise<Block | undefined> {
    const places = await this.#index.locate([before.multihash])
    const [place] = places
    if (place === undefined) return undefined
    if (place.location.sequence === before.location.sequence) {
      throw new CairnError('CORRUPT', `Cannot read ${cid}: the index has it, the log lacks it`, { cid })
    }
    const [bytes] = await this.#log.read(places)
    return bytes === undefined ? this.#getMoved(cid, place) : verifyBlock(cid, bytes)
  }

  /** Deletes what of `multihashes` is stored and expendable when looked at, and gives what it was. Runs in a turn. */
  async #remove(multihashes: readonly Uint8Array[], isExpendable: (place: Placed) => boolean): Promise<Placed[]> {
    const places = await this.#index.locate(multihashes)
    const doomed = places.filter((place) => place !== undefined).filter(isExpendable)
    if (doomed.length === 0) return []
    this.#log.checkWritable()
    await this.#index.remove(doomed)
    await this.#log.remove(doomed)
    return doomed
  }
}
