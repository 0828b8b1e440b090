// One collection over the log and the index. It first counts what lies where in the log, and then empties the log part by
// part, the ones with most garbage first: deletes in small steps that take turns with puts, and rewrites the part at once.
// So whenever it is stopped, most of what it did has given its space back, and the rest is found by the next count.
import {
  multihashKey,
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

/** A block that is to go, in little memory: half a million of them are held at a time. */
interface Doomed {
  readonly sequence: number
  readonly size: number
  readonly key: string
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
        const isEnough = yield* this.#empty(part, doomed.get(part) ?? [], options)
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

  /** What is to go in each of `parts`, in the order of the log. */
  async #doomedIn(parts: readonly LogPart[], options: SweepOptions): Promise<Map<LogPart, Doomed[]>> {
    const doomed = new Map(parts.map((part): [LogPart, Doomed[]] => [part, []]))
    const byStart = parts.filter((part) => part.doomedBlocks > 0).toSorted((a, b) => a.start - b.start)
    if (byStart.length === 0) return doomed
    for await (const page of this.#pages(options)) {
      for (const place of page) {
        const { sequence, size } = place.location
        const part = partOf(byStart, sequence)
        if (part === undefined || !this.#isExpendable(place)) continue
        doomed.get(part)?.push({ sequence, size, key: multihashKey(place.multihash) })
      }
    }
    for (const list of doomed.values()) list.sort((a, b) => a.sequence - b.sequence)
    return doomed
  }

  /** Deletes `doomed` from a part and rewrites it; true when the store is as small as it was to become. */
  async *#empty(
    part: LogPart,
    doomed: readonly Doomed[],
    { signal, downToBytes }: SweepOptions,
  ): AsyncGenerator<SweepStep, boolean, undefined> {
    const { gate, remove, diskBytes } = this.#parts
    const excessBytes = downToBytes === undefined ? Infinity : (await gate.run(diskBytes)) - downToBytes
    if (excessBytes <= 0) return true
    let garbageBytes = Math.max(part.garbageBytes - bytesOf(doomed), 0)
    for (let start = 0; start < doomed.length && garbageBytes < excessBytes;) {
      const step = stepOf(doomed, start, excessBytes - garbageBytes)
      start += step.length
      // Looked at again within the turn: a put may come before it and keep the block.
      const removed = await gate.run(() => remove(step.map(multihashOf), this.#isExpendable))
      garbageBytes += bytesOf(removed.map(({ location }) => location))
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

/** The blocks of `doomed` from `start` on that one turn deletes: bounded, and no more than `bytes` ask for. */
function stepOf(doomed: readonly Doomed[], start: number, bytes: number): Doomed[] {
  const step: Doomed[] = []
  for (let index = start, sum = 0; index < doomed.length && step.length < SWEEP_STEP_BLOCKS && sum < bytes; index++) {
    const block = doomed[index]
    if (block === undefined) break
    step.push(block)
    sum += block.size + RECORD_OVERHEAD_BYTES
  }
  return step
}

/** The part that holds `sequence`, of parts in the order of the log. */
function partOf(parts: readonly LogPart[], sequence: number): LogPart | undefined {
  let [low, high] = [0, parts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((parts[middle]?.end ?? 0) <= sequence) low = middle + 1
    else high = middle
  }
  const part = parts[low]
  return part !== undefined && part.start <= sequence ? part : undefined
}

/** Bytes of the records of blocks in the log. */
function bytesOf(blocks: readonly { readonly size: number }[]): number {
  return blocks.reduce((sum, { size }) => sum + size + RECORD_OVERHEAD_BYTES, 0)
}

function multihashOf({ key }: Doomed): Uint8Array {
  return Uint8Array.from(Buffer.from(key, 'latin1'))
}

function storedAt({ multihash, location }: Placed): StoredBlock {
  return storedBlock(multihash, location.size)
}
