// The block store over LevelDB: a log of blocks and an index derived from it, each a database of its own.
// Blocks become visible and are acknowledged when their log records are on disk and their index entries written.
// Whatever looks up and then changes does both in one turn, so no collection can delete a block between the moment when
// a put finds it stored and the moment when that put is acknowledged.
// Deleting goes index first (synced), then log. A crash in between leaves a record without entry: dead weight, or back
// in the store when the index is read from the log again. No order of events loses a block that was acknowledged.
import { join } from 'node:path'
import {
  blockKey,
  type Block,
  type BlockStore,
  type BlockStoreStat,
  type Hold,
  type StoredBlock,
  type Sweep,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockIndex } from './log/block-index.ts'
import { openBlockLog, type BlockLog, type Placed } from './log/block-log.ts'
import { BlockReader } from './log/block-reader.ts'
import { BlockWriter, type BlockWriterSettings, type WriteCounts } from './log/block-writer.ts'
import { Claims } from './sweep/claims.ts'
import type { Durability } from './durability.ts'
import { compact, type CompactionStep } from './upkeep/compaction.ts'
import { freeDiskBytes } from './disk-room.ts'
import { Gate } from './gate.ts'
import { Healer } from './upkeep/healer.ts'
import { openBlockIndex, recallLogId, type CompleteIndex } from './log/index-recovery.ts'
import { LevelSweep } from './sweep/level-sweep.ts'
import { SWEEP_STEP_BLOCKS } from './limits.ts'
import { FIRST_MULTIHASH } from './log/record.ts'
import type { OnRecovery } from './recovery-event.ts'
import { scrub, type ScrubStep } from './upkeep/scrub.ts'
import { isIdentity, storedBlock } from './stored-block.ts'
import type { StrayParts } from './upkeep/stray.ts'

/** Settings of {@link openLevelStore}. */
export interface LevelStoreSettings extends BlockWriterSettings {
  /** `sync` by default. */
  readonly durability?: Durability | undefined
  /** Told of damage that was found, and of what was done about it. */
  readonly onRecovery?: OnRecovery | undefined
}

/**
 * Opens the block store in folder `path`, which is made if need be, completes its index after a crash, and mends what is
 * damaged as far as it can: what is lost then is named, and counts as absent.
 *
 * @throws LOCKED when another process has it open, UNSUPPORTED for a newer format, LIMIT for a full disk or too many open
 * files, DENIED, UNAVAILABLE, CORRUPT when even LevelDB's repair does not help
 */
export async function openLevelStore(path: string, settings: LevelStoreSettings = {}): Promise<LevelBlockStore> {
  const { durability, onRecovery } = settings
  const indexPath = join(path, 'index')
  const log = await openBlockLog(join(path, 'blocks'), {
    durability,
    onRecovery,
    recallId: () => recallLogId(indexPath),
  })
  try {
    const complete = await openBlockIndex({ path: indexPath, log, onRecovery })
    return new LevelStore({ path, indexPath, log, ...complete }, settings)
  } catch (error) {
    await log.close()
    throw error
  }
}

/** A block store that can look after itself. */
export interface LevelBlockStore extends BlockStore {
  /**
   * Makes the index anew from the log, while everything is read as before; `onRecovery` is told of this one alone. What it
   * throws ends the work and is thrown, and the old index stays.
   */
  rebuildIndex(onRecovery?: OnRecovery): Promise<void>
  /** Reads every block and finds those that are damaged, from where a step said that the next one begins. */
  scrub(from?: string): AsyncGenerator<ScrubStep, void, undefined>
  /** Blocks that were found damaged or gone and have not been put again, as raw CIDv1. */
  damaged(): AsyncGenerator<CID, void, undefined>
  /** What was written since the store was opened. */
  readonly written: WriteCounts
  /** Removes records that no block needs, and gives the space of what was deleted back to the disk. */
  compact(): AsyncGenerator<CompactionStep, void, undefined>
}

interface Parts extends CompleteIndex {
  readonly path: string
  readonly indexPath: string
  readonly log: BlockLog
}

class LevelStore implements LevelBlockStore {
  readonly #path: string
  readonly #log: BlockLog
  readonly #index: BlockIndex
  readonly #gate: Gate
  readonly #healer: Healer
  readonly #reader: BlockReader
  readonly #claims = new Claims()
  readonly #writer: BlockWriter

  constructor({ path, indexPath, log, index, nextSequence }: Parts, settings: LevelStoreSettings) {
    const { onRecovery } = settings
    this.#path = path
    this.#log = log
    this.#index = index
    this.#gate = new Gate(path)
    const settledSequence = () => this.#writer.settledSequence
    this.#healer = new Healer({ path, indexPath, log, index, onRecovery, settledSequence })
    this.#reader = new BlockReader(log, this.#healer)
    const parts = {
      path,
      log,
      index,
      nextSequence,
      claims: this.#claims,
      healer: this.#healer,
      diskBytes: () => this.#measure(),
    }
    this.#writer = new BlockWriter(parts, settings)
  }

  get(cid: CID): Promise<Block | undefined> {
    return this.#gate.run(() => this.#reader.get(cid))
  }

  getMany(cids: readonly CID[]): Promise<(Block | undefined)[]> {
    return this.#gate.run(() => this.#reader.getMany(cids))
  }

  hasMany(cids: readonly CID[]): Promise<boolean[]> {
    return this.#gate.run(async () => {
      const places = await this.#healer.locate(cids.map(({ multihash }) => multihash.bytes))
      return cids.map((cid, index) => isIdentity(cid) || places[index] !== undefined)
    })
  }

  claimMany(cids: readonly CID[]): Promise<boolean[]> {
    return this.#gate.run(() => this.#writer.claim(cids))
  }

  async size(cid: CID): Promise<number | undefined> {
    const [size] = await this.sizeMany([cid])
    return size
  }

  sizeMany(cids: readonly CID[]): Promise<(number | undefined)[]> {
    return this.#gate.run(async () => {
      const places = await this.#healer.locate(cids.map(({ multihash }) => multihash.bytes))
      return cids.map((cid, index) => (isIdentity(cid) ? cid.multihash.size : places[index]?.location.size))
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
        deleted += (await this.#healer.run(() => this.#remove(step, () => true))).length
      }
      return deleted
    })
  }

  async *list(): AsyncGenerator<StoredBlock, void, undefined> {
    this.#gate.check()
    for await (const page of this.#gate.each(this.#healer.pages())) {
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

  get written(): WriteCounts {
    return this.#writer.counts
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
        healer: this.#healer,
        log: this.#log,
        // Not synced: what a power failure brings back into the log is garbage without an entry in the index.
        remove: (multihashes, isExpendable) =>
          this.#healer.run(() => this.#remove(multihashes, isExpendable, { sync: false })),
        diskBytes: () => this.#measure(),
        freeBytes: () => freeDiskBytes(this.#path),
      })
    })
  }

  rebuildIndex(onRecovery?: OnRecovery): Promise<void> {
    return this.#gate.run(() => this.#healer.remakeIndex(onRecovery))
  }

  async *scrub(from?: string): AsyncGenerator<ScrubStep, void, undefined> {
    this.#gate.check()
    yield* this.#gate.each(scrub({ ...this.#parts(), reader: this.#reader }, from))
  }

  async *damaged(): AsyncGenerator<CID, void, undefined> {
    this.#gate.check()
    for await (const page of this.#gate.each(this.#healer.allPages(FIRST_MULTIHASH))) {
      const damaged = page.filter(({ location }) => location.isDamaged === true)
      yield* damaged.map(({ multihash, location }) => storedBlock(multihash, location.size).cid)
    }
  }

  async *compact(): AsyncGenerator<CompactionStep, void, undefined> {
    this.#gate.check()
    yield* this.#gate.each(compact({ ...this.#parts(), freeBytes: () => freeDiskBytes(this.#path) }))
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      await this.#writer.settled()
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

  #parts(): StrayParts {
    const settledSequence = () => this.#writer.settledSequence
    return { log: this.#log, index: this.#index, healer: this.#healer, claims: this.#claims, settledSequence }
  }

  async #measure(): Promise<number> {
    return (await this.#log.diskBytes()) + (await this.#index.diskBytes())
  }

  /** Deletes what of `multihashes` is stored and expendable when looked at, and gives what it was. Runs in a turn. */
  async #remove(
    multihashes: readonly Uint8Array[],
    isExpendable: (place: Placed) => boolean,
    options: { readonly sync: boolean } = { sync: true },
  ): Promise<Placed[]> {
    const places = await this.#healer.entriesInTurn(multihashes)
    const doomed = places.filter((place) => place !== undefined).filter(isExpendable)
    if (doomed.length === 0) return []
    this.#log.checkWritable()
    await this.#index.remove(doomed)
    await this.#log.remove(doomed, options)
    return doomed
  }
}
