// The write path: a group of blocks goes to the log in one turn, is made durable while the next group is written, and only
// then enters the index, group by group. So what the index names is durable, and a block that is found need not be waited
// for. Blocks on their way are known here alone: whoever puts or claims one of them waits for its group.
import { blockKey, multihashKey, type Block } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockIndex } from './block-index.ts'
import type { BlockLog, LogRecord, Placed } from './block-log.ts'
import type { Claims } from '../sweep/claims.ts'
import { CommitQueue, type Begun } from './commit-queue.ts'
import { DiskRoom } from '../disk-room.ts'
import type { Healer } from '../upkeep/healer.ts'
import { CHECKPOINT_BLOCKS, CHECKPOINT_BYTES, FAILED_BLOCKS_MAX } from '../limits.ts'
import { isIdentity } from '../stored-block.ts'

/** What a writer writes to. */
export interface BlockWriterParts {
  /** The folder of the store. */
  readonly path: string
  readonly log: BlockLog
  readonly index: BlockIndex
  readonly claims: Claims
  /** Gives out turns, to whatever deletes as well: looking up and writing are one turn. */
  readonly healer: Healer
  /** Bytes of log and index on disk. */
  readonly diskBytes: () => Promise<number>
  /** First sequence number that is free. */
  readonly nextSequence: number
}

/** How it writes. */
export interface BlockWriterSettings {
  /** Blocks between two checkpoints of the index: what is read again at the next open after a crash. */
  readonly checkpointBlocks?: number | undefined
  /** Bytes that the store may take on disk; puts beyond it fail with LIMIT. As many as there are by default. */
  readonly bytesMax?: number | undefined
}

/** What was written since the store was opened. */
export interface WriteCounts {
  /** Groups of blocks that became durable together. */
  readonly commits: number
  readonly blocks: number
  /** Of the blocks alone. */
  readonly bytes: number
}

/** A block that is stored, or comes with a group that is on its way. */
interface Found {
  readonly arrival?: Promise<void>
}

/** What the entry of a group into the index waits for and brings about. */
interface Group {
  readonly durable: Promise<void>
  readonly before: Promise<unknown>
  /** Old places of its blocks, whose records are damaged and go. */
  readonly damaged: readonly Placed[]
}

/** Claims that come while others wait for a turn share it: a pin asks block by block, and commits would come between. */
interface ClaimRound {
  readonly cids: CID[]
  readonly found: Promise<boolean[]>
}

/** Puts and claims blocks; see `BlockStore`. */
export class BlockWriter {
  readonly #parts: BlockWriterParts
  readonly #checkpointBlocks: number
  readonly #queue: CommitQueue
  readonly #room: DiskRoom
  /** By block, when the group that brings it is in the index. */
  readonly #arriving = new Map<string, Promise<void>>()
  /** Settled when the last group that was begun has ended. */
  #lastEnd: Promise<unknown> = Promise.resolve()
  #nextSequence: number
  /** All blocks below this sequence are acknowledged or failed; a block in the making must not be collected. */
  #settledSequence: number
  /** The claims that wait for their turn. */
  #nextRound: ClaimRound | undefined
  /** Where groups that failed may have left records. */
  #failed: readonly Placed[] = []
  #counts: WriteCounts = { commits: 0, blocks: 0, bytes: 0 }
  #uncheckedBlocks = 0
  #uncheckedBytes = 0

  constructor(parts: BlockWriterParts, { checkpointBlocks = CHECKPOINT_BLOCKS, bytesMax }: BlockWriterSettings) {
    this.#parts = parts
    this.#room = new DiskRoom({ path: parts.path, bytesMax, measure: parts.diskBytes })
    this.#checkpointBlocks = checkpointBlocks
    this.#queue = new CommitQueue(parts.healer, (blocks) => this.#begin(blocks))
    this.#nextSequence = this.#settledSequence = parts.nextSequence
  }

  /** Every sequence from here on may be that of a block in the making. */
  get settledSequence(): number {
    return this.#settledSequence
  }

  /** What was acknowledged since the store was opened. */
  get counts(): WriteCounts {
    return this.#counts
  }

  /** Resolves once all `blocks` are durable and in the index. */
  put(blocks: readonly Block[]): Promise<void> {
    return this.#queue.put(blocks.filter(({ cid }) => !isIdentity(cid)))
  }

  /** Whether each of `cids` is stored, in their order, and claims what is. Waits for those on their way. */
  async claim(cids: readonly CID[]): Promise<boolean[]> {
    const round = (this.#nextRound ??= this.#openRound())
    const start = round.cids.length
    for (const cid of cids) round.cids.push(cid)
    return (await round.found).slice(start, start + cids.length)
  }

  /** Resolves once nothing is on its way any more, also of puts that have failed with an earlier group. */
  async settled(): Promise<void> {
    await this.#queue.settled()
  }

  /** Notes in the index that it covers the whole log, if it does not say so. Nothing may be on its way. */
  async checkpoint(): Promise<void> {
    if (this.#parts.index.stored.sequence < this.#nextSequence) await this.#checkpointAt(this.#nextSequence)
  }

  /** In a turn, so that no collection deletes a block between the moment it is found and the moment it is claimed. */
  #openRound(): ClaimRound {
    const cids: CID[] = []
    const looked = this.#parts.healer.run(() => {
      this.#nextRound = undefined
      return this.#find(cids)
    })
    const found = looked.then(async (places) => {
      await Promise.all(places.map((place) => place?.arrival))
      return cids.map((cid, index) => isIdentity(cid) || places[index] !== undefined)
    })
    return { cids, found }
  }

  /** What there is of `cids`, in their order, and claims it; adds to `damaged` what is there no more. Runs in a turn. */
  async #find(cids: readonly CID[], damaged: Placed[] = []): Promise<(Found | undefined)[]> {
    const places = await this.#parts.healer.entriesInTurn(cids.map(({ multihash }) => multihash.bytes))
    return cids.map((cid, index) => {
      const arrival = this.#arriving.get(blockKey(cid))
      // What arrives has a sequence beyond the reach of every hold and collection.
      if (arrival !== undefined) return { arrival }
      const place = places[index]
      if (place === undefined) return undefined
      if (place.location.isDamaged === true) {
        damaged.push(place)
        return undefined
      }
      this.#parts.claims.touch(place.location.sequence)
      return {}
    })
  }

  /** Begins to write what of `blocks` is not there. Runs in a turn. */
  async #begin(blocks: readonly Block[]): Promise<Begun> {
    const distinct = [...new Map(blocks.map((block) => [blockKey(block.cid), block])).values()]
    const damaged: Placed[] = []
    const found = await this.#find(
      distinct.map(({ cid }) => cid),
      damaged,
    )
    const ends = found.map((place) => place?.arrival)
    const fresh = distinct.filter((_, index) => found[index] === undefined)
    if (fresh.length > 0) ends.push((await this.#append(fresh, damaged)).done)
    return { done: Promise.all(ends).then(() => undefined) }
  }

  /** Writes `blocks`, which take the places of the `damaged` ones. */
  async #append(blocks: readonly Block[], damaged: readonly Placed[]): Promise<Begun> {
    const { log, index } = this.#parts
    index.checkWritable()
    log.checkWritable()
    await this.#removeFailed()
    const bytes = blocks.reduce((sum, block) => sum + block.bytes.length, 0)
    await this.#room.take(blocks.length, bytes)
    const records = blocks.map((block): LogRecord => {
      const location = { sequence: this.#nextSequence++, size: block.bytes.length }
      return { multihash: block.cid.multihash.bytes, bytes: block.bytes, location }
    })
    const { durable } = await log.append(records).catch((error: unknown) => {
      this.#noteFailed(records)
      throw error
    })
    const done = this.#enter(records, { durable, before: this.#lastEnd, damaged })
    for (const block of blocks) this.#arriving.set(blockKey(block.cid), done)
    this.#lastEnd = done.catch(() => {
      this.#arrived(records)
      this.#noteFailed(records)
    })
    return { done }
  }

  #noteFailed(records: readonly LogRecord[]): void {
    const places = records.map(({ multihash, location }) => ({ multihash, location }))
    this.#failed = [...this.#failed, ...places].slice(-FAILED_BLOCKS_MAX)
  }

  /** Removes from the log what groups that failed have left there, unless the index was completed from it. Runs in a turn. */
  async #removeFailed(): Promise<void> {
    const failed = this.#failed
    if (failed.length === 0) return
    const entries = await this.#parts.healer.entriesInTurn(failed.map(({ multihash }) => multihash))
    const left = failed.filter(({ location }, at) => entries[at]?.location.sequence !== location.sequence)
    if (left.length > 0) await this.#parts.log.remove(left)
    // What has failed meanwhile stays.
    this.#failed = this.#failed.filter((place) => !failed.includes(place))
  }

  /** Enters a group into the index once it is durable and the group before it has ended. */
  async #enter(records: readonly LogRecord[], { durable, before, damaged }: Group): Promise<void> {
    await Promise.all([durable, before])
    await this.#parts.healer.run(async () => {
      await this.#parts.index.add(records)
      this.#arrived(records)
      this.#settledSequence = (records.at(-1)?.location.sequence ?? 0) + 1
      await this.#removeDamaged(damaged, records[0]?.location.sequence ?? 0)
      const bytes = records.reduce((sum, { location }) => sum + location.size, 0)
      const { commits, blocks: written, bytes: writtenBytes } = this.#counts
      this.#counts = { commits: commits + 1, blocks: written + records.length, bytes: writtenBytes + bytes }
      this.#uncheckedBytes += bytes
      this.#uncheckedBlocks += records.length
      if (this.#uncheckedBlocks < this.#checkpointBlocks && this.#uncheckedBytes < CHECKPOINT_BYTES) return
      await this.#checkpointAt(this.#settledSequence)
    })
  }

  /** A log that has lost its end gives out sequence numbers again, and so perhaps the very keys of what it lost. */
  async #removeDamaged(damaged: readonly Placed[], firstSequence: number): Promise<void> {
    const old = damaged.filter(({ location }) => location.sequence < firstSequence)
    if (old.length > 0) await this.#parts.log.remove(old)
  }

  async #checkpointAt(sequence: number): Promise<void> {
    // Below the checkpoint nobody would look for it again.
    await this.#removeFailed()
    await this.#parts.log.secure()
    await this.#parts.index.checkpoint(sequence)
    this.#uncheckedBlocks = this.#uncheckedBytes = 0
  }

  /** The group of `records` is in the index, or will never be. */
  #arrived(records: readonly LogRecord[]): void {
    for (const { multihash } of records) this.#arriving.delete(multihashKey(multihash))
  }
}
