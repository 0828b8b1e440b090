// One collection over the log and the index. It first counts what lies where in the log, and then empties the log part by
// part, the ones with most garbage first: deletes in small steps that take turns with puts, and rewrites the part at once.
// So whenever it is stopped, most of what it did has given its space back, and the rest is found by the next count.
import {
  type BlockStoreStat,
  type Mark,
  type StoredBlock,
  type Sweep,
  type SweepOptions,
  type SweepStep,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockIndex } from './block-index.ts'
import type { BlockLog, Placed } from './block-log.ts'
import type { SweepClaims } from './claims.ts'
import { DoomedBlocks } from './doomed-blocks.ts'
import type { Gate } from './gate.ts'
import { compactIndex, IndexSlices } from './index-slices.ts'
import { INDEX_SLICE_BLOCKS, RECORD_OVERHEAD_BYTES, SWEEP_ROUND_BLOCKS, SWEEP_STEP_BLOCKS } from './limits.ts'
import { isWorthRewriting, LogCensus, pieces, type LogPart } from './log-census.ts'
import { Marks } from './marks.ts'
import { isIdentity, storedBlock } from './stored-block.ts'

/** What a collection works on. */
export interface LevelSweepParts {
  readonly claims: SweepClaims
  /** Sequence number from which on nothing is collected. */
  readonly end: number
  readonly gate: Gate
  readonly index: BlockIndex
  readonly log: BlockLog
  /** Deletes, in a turn, those of `multihashes` that are expendable at that moment, and gives where they were. */
  readonly remove: (multihashes: readonly Uint8Array[], isExpendable: (place: Placed) => boolean) => Promise<Placed[]>
  /** Bytes of log and index on disk. */
  readonly diskBytes: () => Promise<number>
}

/** A collection of a level store, see {@link Sweep}. */
export class LevelSweep implements Sweep {
  readonly #parts: LevelSweepParts
  readonly #marks = new Marks()

  constructor(parts: LevelSweepParts) {
    this.#parts = parts
  }

  get marked(): BlockStoreStat {
    return this.#marks.totals
  }

  mark(cids: readonly CID[]): Promise<Mark[]> {
    return this.#parts.gate.run(async () => {
      const places = await this.#parts.index.locate(cids.map(({ multihash }) => multihash.bytes))
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
    for (const round of roundsOf(parts)) {
      const doomed = await this.#doomedIn(round, options)
      for (const part of round) {
        const isEnough = yield* this.#empty(part, doomed, options)
        if (isEnough) return
      }
    }
    for await (const freedBytes of gate.each(compactIndex(index, slices))) {
      yield { removed: [], freedBytes }
      options.signal?.throwIfAborted()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.claims.close()
  }

  readonly #isExpendable = ({ location: { sequence } }: Placed): boolean =>
    !this.#marks.has(sequence) && !this.#parts.claims.protects(sequence)

  /** All of the index, until it is aborted. */
  async *#pages({ signal }: SweepOptions): AsyncGenerator<Placed[], void, undefined> {
    for await (const page of this.#parts.gate.each(this.#parts.index.pages())) {
      signal?.throwIfAborted()
      yield page
    }
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
    const { gate, remove, diskBytes } = this.#parts
    const excessBytes = downToBytes === undefined ? Infinity : (await gate.run(diskBytes)) - downToBytes
    if (excessBytes <= 0) return true
    let garbageBytes = part.garbageBytes - part.doomedBytes
    const end = doomed.positionOf(part.end)
    for (let position = doomed.positionOf(part.start); position < end && garbageBytes < excessBytes;) {
      const step: Uint8Array[] = []
      for (
        let bytes = garbageBytes;
        position < end && step.length < SWEEP_STEP_BLOCKS && bytes < excessBytes;
        position++
      ) {
        step.push(doomed.multihashAt(position))
        bytes += doomed.sizeAt(position) + RECORD_OVERHEAD_BYTES
      }
      // Looked at again within the turn: a put may come before it and keep the block.
      const removed = await gate.run(() => remove(step, this.#isExpendable))
      for (const { location } of removed) garbageBytes += location.size + RECORD_OVERHEAD_BYTES
      yield { removed: removed.map(storedAt), freedBytes: 0 }
      signal?.throwIfAborted()
    }
    if (downToBytes !== undefined || isWorthRewriting({ ...part, garbageBytes })) yield* this.#rewrite(part, signal)
    return downToBytes !== undefined && (await gate.run(diskBytes)) <= downToBytes
  }

  async *#rewrite(part: LogPart, signal: AbortSignal | undefined): AsyncGenerator<SweepStep, void, undefined> {
    const { gate, log } = this.#parts
    for await (const { start, end } of gate.each(pieces(log, part))) {
      const freedBytes = await gate.run(async () => {
        const before = await log.approximateBytes(start, end)
        await log.compact(start, end)
        return Math.max(before - (await log.approximateBytes(start, end)), 0)
      })
      yield { removed: [], freedBytes }
      signal?.throwIfAborted()
    }
  }
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
