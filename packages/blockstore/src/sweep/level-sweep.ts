// One collection over the log and the index. It first counts what lies where in the log, and then empties the log part by
// part, the ones with most garbage first: deletes in small steps that take turns with puts, and rewrites the part at once.
// So whenever it is stopped, most of what it did has given its space back, and the rest is found by the next count.
import {
  CairnError,
  formatBytes,
  type BlockStoreStat,
  type Mark,
  type StoredBlock,
  type Sweep,
  type SweepOptions,
  type SweepStep,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockIndex } from '../log/block-index.ts'
import type { BlockLog, Placed } from '../log/block-log.ts'
import type { SweepClaims } from './claims.ts'
import { DoomedBlocks } from './doomed-blocks.ts'
import type { Gate } from '../gate.ts'
import type { Healer } from '../upkeep/healer.ts'
import { compactIndex, IndexSlices } from './index-slices.ts'
import { INDEX_SLICE_BLOCKS, RECORD_OVERHEAD_BYTES, SWEEP_ROUND_BLOCKS, SWEEP_STEP_BLOCKS } from '../limits.ts'
import { isWorthRewriting, LogCensus, pieceBytesMax, pieces, type LogPart } from './log-census.ts'
import { Marks } from './marks.ts'
import { FIRST_MULTIHASH } from '../log/record.ts'
import { isIdentity, storedBlock } from '../stored-block.ts'

/** What a collection works on. */
export interface LevelSweepParts {
  readonly claims: SweepClaims
  /** Sequence number from which on nothing is collected. */
  readonly end: number
  readonly gate: Gate
  readonly index: BlockIndex
  readonly healer: Healer
  readonly log: BlockLog
  /** Deletes, in a turn, those of `multihashes` that are expendable at that moment, and gives where they were. */
  readonly remove: (multihashes: readonly Uint8Array[], isExpendable: (place: Placed) => boolean) => Promise<Placed[]>
  /** Bytes of log and index on disk. */
  readonly diskBytes: () => Promise<number>
  /** Bytes free on that disk. */
  readonly freeBytes: () => Promise<number>
}

/** A collection of a level store, see {@link Sweep}. */
export class LevelSweep implements Sweep {
  readonly #parts: LevelSweepParts
  readonly #marks = new Marks()
  readonly #remakes: number

  constructor(parts: LevelSweepParts) {
    this.#parts = parts
    this.#remakes = parts.healer.remakes
  }

  get marked(): BlockStoreStat {
    return this.#marks.totals
  }

  mark(cids: readonly CID[]): Promise<Mark[]> {
    return this.#parts.gate.run(async () => {
      // A damaged block is kept like a sound one: it is still to be healed.
      const places = await this.#parts.healer.entries(cids.map(({ multihash }) => multihash.bytes))
      return cids.map((cid, index): Mark => {
        const place = places[index]
        if (place !== undefined) return this.#marks.add(cid, place.location)
        return isIdentity(cid) ? { status: 'new', bytes: cid.multihash.size } : { status: 'absent' }
      })
    })
  }

  async *run(options: SweepOptions = {}): AsyncGenerator<SweepStep, void, undefined> {
    const { gate, log, index } = this.#parts
    options.signal?.throwIfAborted()
    const census = new LogCensus(this.#parts.end)
    const slices = new IndexSlices(INDEX_SLICE_BLOCKS)
    for await (const page of this.#pages(options)) {
      for (const place of page) {
        census.add(place, this.#isExpendable(place))
        slices.add(place.multihash)
      }
    }
    const parts = await gate.run(() => census.parts(log))
    if (yield* this.#emptyAll(parts, { ...options, downToBytes: await this.#logTarget(options) })) return
    for await (const freedBytes of gate.each(compactIndex(index, slices))) {
      yield { removed: [], freedBytes }
      options.signal?.throwIfAborted()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.claims.close()
  }

  readonly #isExpendable = ({ location: { sequence } }: Placed): boolean => {
    if (this.#parts.healer.remakes !== this.#remakes)
      throw new CairnError('UNAVAILABLE', 'Cannot go on collecting: the index was made anew meanwhile; collect again')
    return !this.#marks.has(sequence) && !this.#parts.claims.protects(sequence)
  }

  /** All of the index, until it is aborted. */
  async *#pages({ signal }: SweepOptions): AsyncGenerator<Placed[], void, undefined> {
    for await (const page of this.#parts.gate.each(this.#parts.healer.allPages(FIRST_MULTIHASH))) {
      signal?.throwIfAborted()
      yield page
    }
  }

  /**
   * Empties `parts` in their order, those last for which there is room only then; true when the store is as small as it was
   * to become.
   */
  async *#emptyAll(parts: readonly LogPart[], options: SweepOptions): AsyncGenerator<SweepStep, boolean, undefined> {
    for (let waiting = parts; waiting.length > 0;) {
      const left: LogPart[] = []
      let emptied = 0
      for (const round of roundsOf(waiting)) {
        const doomed = await this.#doomedIn(round, options)
        for (const part of round) {
          for await (const piece of this.#piecesOf(part)) {
            if ((await this.#excessBytes(options.downToBytes)) <= 0) return true
            if (!(await this.#hasRoomFor(piece, options))) {
              left.push(piece)
              continue
            }
            if (yield* this.#empty(piece, doomed, options)) return true
            emptied++
          }
        }
      }
      if (emptied === 0) throw noRoom(left)
      waiting = left
    }
    return false
  }

  /** Whether a piece can be rewritten, if it is to be. What is deleted in one that cannot would be spread over the log. */
  async #hasRoomFor(piece: LogPart, { downToBytes }: SweepOptions): Promise<boolean> {
    const { gate, log, index, freeBytes } = this.#parts
    if (downToBytes === undefined && !isWorthRewriting(piece)) return true
    const { blocks, bytes } = index.totals
    const mergedBytes = await gate.run(() => log.compactingBytes(piece.start, piece.end))
    const neededBytes = Math.min(mergedBytes, bytes + blocks * RECORD_OVERHEAD_BYTES) - piece.garbageBytes
    return neededBytes <= (await freeBytes())
  }

  /** What is to go in `parts`. */
  async #doomedIn(parts: readonly LogPart[], options: SweepOptions): Promise<DoomedBlocks> {
    const byStart = parts.filter((part) => part.doomedBlocks > 0).toSorted((a, b) => a.start - b.start)
    const doomed = new DoomedBlocks(byStart.reduce((sum, { doomedBlocks }) => sum + doomedBlocks, 0))
    if (byStart.length === 0) return doomed
    for await (const page of this.#pages(options)) {
      // What was not expendable when it was counted never becomes so: there is room for all.
      for (const place of page)
        if (isWithin(byStart, place.location.sequence) && this.#isExpendable(place)) doomed.add(place)
    }
    doomed.sort()
    return doomed
  }

  /** Deletes from a part what is doomed and rewrites it; true when the store is as small as it was to become. */
  async *#empty(
    part: LogPart,
    doomed: DoomedBlocks,
    { signal, downToBytes }: SweepOptions,
  ): AsyncGenerator<SweepStep, boolean, undefined> {
    const [first, end] = [doomed.positionOf(part.start), doomed.positionOf(part.end)]
    let garbageBytes = part.garbageBytes - part.doomedBytes
    for (let position = first; ; garbageBytes = 0) {
      const excessBytes = await this.#excessBytes(downToBytes)
      if (excessBytes <= 0) return true
      while (position < end && garbageBytes < excessBytes) {
        const step: Uint8Array[] = []
        for (let bytes = garbageBytes; position < end && step.length < SWEEP_STEP_BLOCKS && bytes < excessBytes;) {
          bytes += doomed.sizeAt(position) + RECORD_OVERHEAD_BYTES
          step.push(doomed.multihashAt(position++))
        }
        const removed = await this.#remove(step)
        for (const { location } of removed) garbageBytes += location.size + RECORD_OVERHEAD_BYTES
        yield { removed: removed.map(storedAt), freedBytes: 0 }
        signal?.throwIfAborted()
      }
      if (downToBytes !== undefined || isWorthRewriting({ ...part, garbageBytes })) yield* this.#rewrite(part, signal)
      // With a size to come down to, what garbage there was is only an estimate: it may take more.
      if (position >= end) return (await this.#excessBytes(downToBytes)) <= 0
    }
  }

  /** Bytes down to which the log is to be brought: the index grows while it is deleted from, and gives way at the end. */
  async #logTarget({ downToBytes }: SweepOptions): Promise<number | undefined> {
    const { gate, log, diskBytes } = this.#parts
    if (downToBytes === undefined) return undefined
    return gate.run(async () => downToBytes - (await diskBytes()) + (await log.diskBytes()))
  }

  /** Bytes of the log that are still to be freed. */
  async #excessBytes(downToBytes: number | undefined): Promise<number> {
    const { gate, log } = this.#parts
    return downToBytes === undefined ? Infinity : (await gate.run(() => log.diskBytes())) - downToBytes
  }

  /** Deletes what of `multihashes` is expendable at that moment: a put may have come first, and keeps its block. */
  #remove(multihashes: readonly Uint8Array[]): Promise<Placed[]> {
    const { gate, remove } = this.#parts
    return gate.run(() => remove(multihashes, this.#isExpendable))
  }

  async *#rewrite(
    { start, end }: LogPart,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<SweepStep, void, undefined> {
    const { gate, log } = this.#parts
    const freedBytes = await gate.run(async () => {
      const before = await log.approximateBytes(start, end)
      await log.compact(start, end)
      return Math.max(before - (await log.approximateBytes(start, end)), 0)
    })
    yield { removed: [], freedBytes }
    signal?.throwIfAborted()
  }

  async *#piecesOf(part: LogPart): AsyncGenerator<LogPart, void, undefined> {
    const { gate, log, freeBytes } = this.#parts
    yield* gate.each(pieces(log, part, pieceBytesMax(await freeBytes())))
  }
}

function noRoom(left: readonly LogPart[]): CairnError {
  const garbageBytes = left.reduce((sum, piece) => sum + piece.garbageBytes, 0)
  return new CairnError(
    'LIMIT',
    `Cannot collect ${formatBytes(garbageBytes)}: the disk has no room to rewrite what lies around them; make room and collect again`,
  )
}

/** `parts` in their order, in groups whose doomed blocks fit in memory; each group costs one walk over the index. */
function* roundsOf(parts: readonly LogPart[]): Generator<LogPart[]> {
  let round: LogPart[] = []
  let blocks = 0
  for (const part of parts) {
    if (blocks > 0 && blocks + part.doomedBlocks > SWEEP_ROUND_BLOCKS) {
      yield round
      round = []
      blocks = 0
    }
    round.push(part)
    blocks += part.doomedBlocks
  }
  if (round.length > 0) yield round
}

/** Whether `sequence` is in one of `parts`, which are in the order of the log. */
function isWithin(parts: readonly LogPart[], sequence: number): boolean {
  let [low, high] = [0, parts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((parts[middle]?.end ?? 0) <= sequence) low = middle + 1
    else high = middle
  }
  return (parts[low]?.start ?? Infinity) <= sequence
}

function storedAt({ multihash, location }: Placed): StoredBlock {
  return storedBlock(multihash, location.size)
}
