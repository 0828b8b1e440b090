// Gives back the space of records that nothing points to: those that a crash or damage has left, and those that were
// deleted but are in tables yet. A record that is sound and that the index lacks is entered again instead, for a
// collection to judge: the index may be what is wrong.
import { CairnError, formatBytes } from '@cairn/core'
import { FIRST_SEQUENCE, type LogRecord } from '../log/block-log.ts'
import { compactIndex, IndexSlices } from '../sweep/index-slices.ts'
import { INDEX_SLICE_BLOCKS, PART_BYTES, PART_GARBAGE_DIVISOR, RECORD_OVERHEAD_BYTES } from '../limits.ts'
import { isWorthCompacting, LogCensus, pieceBytesMax, pieces, type Range } from '../sweep/log-census.ts'
import { cidOf, proves } from './proof.ts'
import { drop, mend, type StrayParts } from './stray.ts'

/** What one step of a compaction did. */
export interface CompactionStep {
  /** Records looked at. */
  readonly records: number
  /** Records removed that no block needs. */
  readonly removedRecords: number
}

/** What a compaction works on. */
export interface CompactionParts extends StrayParts {
  /** Bytes free on the disk. */
  readonly freeBytes: () => Promise<number>
}

/**
 * Removes records that no block needs and rewrites the parts of the log where enough is garbage.
 *
 * @throws LIMIT when the disk has no room for what is there twice meanwhile; what was done until then stays done
 */
export async function* compact(parts: CompactionParts): AsyncGenerator<CompactionStep, void, undefined> {
  const { log, index, healer, settledSequence, freeBytes } = parts
  const strays = new StrayPart()
  await healer.mendLog()
  const end = settledSequence()
  for await (const page of log.scan(FIRST_SEQUENCE)) {
    const settled = page.filter(({ location }) => location.sequence < end)
    const removed = await settleStrays(parts, settled)
    yield { records: settled.length, removedRecords: removed.length }
    strays.add(settled, removed)
    // At once: deletions that are spread over the log would make LevelDB merge all of it.
    if (strays.isWhole || settled.length < page.length) {
      if (strays.isWorthRewriting) yield* rewrite(parts, strays.range)
      strays.clear()
    }
    if (settled.length < page.length) break
  }
  if (strays.isWorthRewriting) yield* rewrite(parts, strays.range)
  const census = new LogCensus(end)
  const slices = new IndexSlices(INDEX_SLICE_BLOCKS)
  for await (const page of healer.pages()) {
    for (const place of page) {
      census.add(place, false)
      slices.add(place.multihash)
    }
  }
  for (const part of await census.parts(log, isWorthCompacting)) {
    for await (const piece of pieces(log, part, pieceBytesMax(await freeBytes()))) yield* rewrite(parts, piece)
  }
  for await (const _ of compactIndex(index, slices)) yield REWRITTEN
}

const REWRITTEN: CompactionStep = { records: 0, removedRecords: 0 }

/** Rewrites a part of the log. @throws LIMIT when there is no room */
async function* rewrite(
  { log, index, freeBytes }: CompactionParts,
  { start, end }: Range,
): AsyncGenerator<CompactionStep, void, undefined> {
  const { blocks, bytes } = index.totals
  // Of deleted records nothing is written again.
  const neededBytes = Math.min(await log.compactingBytes(start, end), bytes + blocks * RECORD_OVERHEAD_BYTES)
  const free = await freeBytes()
  if (neededBytes > free) {
    throw new CairnError(
      'LIMIT',
      `Cannot compact the repo: rewriting what lies around deleted blocks takes ${formatBytes(neededBytes)} more for a moment, ` +
        `and the disk has ${formatBytes(free)}; make room and run "cairn repo compact" again`,
    )
  }
  await log.compact(start, end)
  yield REWRITTEN
}

/** The part of the log in which strays were looked for since something was rewritten. */
class StrayPart {
  #first: number | undefined
  #end = 0
  #bytes = 0
  #removedBytes = 0

  get range(): Range {
    return { start: this.#first ?? 0, end: this.#end }
  }

  get isWhole(): boolean {
    return this.#bytes >= PART_BYTES
  }

  get isWorthRewriting(): boolean {
    return this.#removedBytes > 0 && this.#removedBytes * PART_GARBAGE_DIVISOR >= this.#bytes
  }

  add(records: readonly LogRecord[], removed: readonly LogRecord[]): void {
    this.#first ??= records[0]?.location.sequence
    this.#end = (records.at(-1)?.location.sequence ?? this.#end - 1) + 1
    this.#bytes += sumOf(records)
    this.#removedBytes += sumOf(removed)
  }

  clear(): void {
    this.#first = undefined
    this.#bytes = this.#removedBytes = 0
  }
}

function sumOf(records: readonly LogRecord[]): number {
  return records.reduce((sum, { location }) => sum + location.size + RECORD_OVERHEAD_BYTES, 0)
}

/** Enters or removes those of `records` to which the index does not point; gives those that were removed. */
async function settleStrays(parts: StrayParts, records: readonly LogRecord[]): Promise<LogRecord[]> {
  const places = await parts.healer.entries(records.map(({ multihash }) => multihash))
  const removed: LogRecord[] = []
  for (const record of records.filter(({ location }, at) => places[at]?.location.sequence !== location.sequence)) {
    const cid = cidOf(record)
    if (cid !== undefined && proves(cid, record.bytes) && (await mend(parts, record))) continue
    if (await drop(parts, record)) removed.push(record)
  }
  return removed
}
