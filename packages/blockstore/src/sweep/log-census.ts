// What lies where in the log: bytes that stay, blocks that go, and garbage of earlier deletes. Garbage is nowhere written
// down: it is what the tables hold beyond the blocks that the index knows, so nothing forgets it when a process ends.
import type { Placed } from '../log/block-log.ts'
import {
  COMPACTION_GARBAGE_DIVISOR,
  PART_BYTES,
  PART_GARBAGE_DIVISOR,
  PIECE_BYTES_MAX,
  RECORD_OVERHEAD_BYTES,
  STRETCH_SEQUENCES,
} from '../limits.ts'

/** A log whose parts can be measured. */
export interface MeasuredLog {
  approximateBytes(start: number, end: number): Promise<number>
}

/** Sequence numbers from `start` to before `end`. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A part of the log, cut so that all of its blocks take about `PART_BYTES`. */
export interface LogPart extends Range {
  /** Bytes of the records that stay. */
  readonly keptBytes: number
  /** Blocks that are to go, and the bytes of their records. */
  readonly doomedBlocks: number
  readonly doomedBytes: number
  /** Bytes that are there for nothing, or will be when the doomed blocks are deleted. */
  readonly garbageBytes: number
}

interface Count {
  keptBytes: number
  doomedBytes: number
  doomedBlocks: number
}

/** Counts blocks by stretches of sequence numbers. */
export class LogCensus {
  readonly #end: number
  readonly #stretches = new Map<number, Count>()

  /** @param end sequence number before which the log is looked at */
  constructor(end: number) {
    this.#end = end
  }

  /** Counts the block at a place, once. */
  add({ location: { sequence, size } }: Placed, isDoomed: boolean): void {
    if (sequence >= this.#end) return
    const number = Math.floor(sequence / STRETCH_SEQUENCES)
    let count = this.#stretches.get(number)
    if (count === undefined) this.#stretches.set(number, (count = { keptBytes: 0, doomedBytes: 0, doomedBlocks: 0 }))
    if (isDoomed) {
      count.doomedBytes += size + RECORD_OVERHEAD_BYTES
      count.doomedBlocks++
    } else {
      count.keptBytes += size + RECORD_OVERHEAD_BYTES
    }
  }

  /** The parts where blocks are to go or rewriting `isWorth` it; first those where most of the bytes are garbage. */
  async parts(log: MeasuredLog, isWorth: (part: LogPart) => boolean = isWorthRewriting): Promise<LogPart[]> {
    const parts: LogPart[] = []
    for (const { start, end, keptBytes, doomedBytes, doomedBlocks } of this.#tiles()) {
      const tableBytes = await log.approximateBytes(start, end)
      // What was written last is in no table yet.
      const garbageBytes = Math.max(tableBytes - keptBytes, doomedBytes)
      const part = { start, end, keptBytes, doomedBlocks, doomedBytes, garbageBytes }
      if (doomedBlocks > 0 || isWorth(part)) parts.push(part)
    }
    return parts.toSorted((a, b) => keptShare(a) - keptShare(b) || a.start - b.start)
  }

  /** Cuts the whole log, with its gaps, into ranges that hold about `PART_BYTES` of blocks. */
  *#tiles(): Generator<Range & Count> {
    let tile = { start: 0, keptBytes: 0, doomedBytes: 0, doomedBlocks: 0 }
    for (const number of [...this.#stretches.keys()].toSorted((a, b) => a - b)) {
      const count = this.#stretches.get(number)
      const end = (number + 1) * STRETCH_SEQUENCES
      if (count === undefined || end >= this.#end) continue
      tile = plus(tile, count)
      if (tile.keptBytes + tile.doomedBytes < PART_BYTES) continue
      yield { ...tile, end }
      tile = { start: end, keptBytes: 0, doomedBytes: 0, doomedBlocks: 0 }
    }
    const last = this.#stretches.get(Math.floor((this.#end - 1) / STRETCH_SEQUENCES))
    if (tile.start < this.#end) yield { ...(last === undefined ? tile : plus(tile, last)), end: this.#end }
  }
}

/** Whether rewriting frees enough of what it has to read and write. */
export function isWorthRewriting(part: LogPart): boolean {
  return hasGarbage(part, PART_GARBAGE_DIVISOR)
}

/** Whether somebody who asks for a compaction gets back enough; a table that was mended, or whose blocks were, is. */
export function isWorthCompacting(part: LogPart): boolean {
  return hasGarbage(part, COMPACTION_GARBAGE_DIVISOR)
}

function hasGarbage({ keptBytes, garbageBytes }: LogPart, divisor: number): boolean {
  return garbageBytes > 0 && garbageBytes * divisor >= keptBytes + garbageBytes
}

/**
 * `part` in pieces whose tables have about `bytesMax` at most: one compaction must not last, and what it rewrites is there
 * twice for a moment. LevelDB merges a deletion with all that lies between the first and the last one of its table, so
 * one piece is to be rewritten before anything is deleted in the next.
 */
export async function* pieces(
  log: MeasuredLog,
  part: LogPart,
  bytesMax: number,
): AsyncGenerator<LogPart, void, undefined> {
  const { start, end } = part
  const bytes = await log.approximateBytes(start, end)
  if (end - start <= 1 || bytes <= bytesMax) {
    yield part
    return
  }
  const middle = start + Math.floor((end - start) / 2)
  const share = (await log.approximateBytes(start, middle)) / bytes
  yield* pieces(log, { ...scaled(part, share), end: middle }, bytesMax)
  yield* pieces(log, { ...scaled(part, 1 - share), start: middle }, bytesMax)
}

/** Bytes of tables in one piece, so that rewriting it does not fill the disk: a piece has parts of two more tables. */
export function pieceBytesMax(freeBytes: number): number {
  return Math.min(PIECE_BYTES_MAX, freeBytes / 2)
}

function scaled(part: LogPart, share: number): LogPart {
  const { keptBytes, doomedBytes, garbageBytes } = part
  return { ...part, keptBytes: keptBytes * share, doomedBytes: doomedBytes * share, garbageBytes: garbageBytes * share }
}

function plus(tile: Count & { readonly start: number }, count: Count) {
  return {
    start: tile.start,
    keptBytes: tile.keptBytes + count.keptBytes,
    doomedBytes: tile.doomedBytes + count.doomedBytes,
    doomedBlocks: tile.doomedBlocks + count.doomedBlocks,
  }
}

function keptShare({ keptBytes, garbageBytes }: LogPart): number {
  return keptBytes / (keptBytes + garbageBytes)
}
