// Gives back the space of records that nothing points to: those that a crash or damage has left, and those that were
// deleted but are in tables yet. A record that is sound and that the index lacks is entered again instead, for a
// collection to judge: the index may be what is wrong.
import { FIRST_SEQUENCE, type LogRecord } from '../log/block-log.ts'
import { compactIndex, IndexSlices } from '../sweep/index-slices.ts'
import { INDEX_SLICE_BLOCKS } from '../limits.ts'
import { isWorthRewriting, LogCensus, pieceBytesMax, pieces } from '../sweep/log-census.ts'
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

/** Removes records that no block needs and rewrites the parts of the log where enough is garbage. */
export async function* compact(parts: CompactionParts): AsyncGenerator<CompactionStep, void, undefined> {
  const { log, index, healer, settledSequence, freeBytes } = parts
  await healer.mendLog()
  const end = settledSequence()
  for await (const page of log.scan(FIRST_SEQUENCE)) {
    const settled = page.filter(({ location }) => location.sequence < end)
    yield { records: settled.length, removedRecords: await settleStrays(parts, settled) }
    if (settled.length < page.length) break
  }
  const census = new LogCensus(end)
  const slices = new IndexSlices(INDEX_SLICE_BLOCKS)
  for await (const page of healer.pages()) {
    for (const place of page) {
      census.add(place, false)
      slices.add(place.multihash)
    }
  }
  for (const part of (await census.parts(log)).filter(isWorthRewriting)) {
    for await (const { start, end: pieceEnd } of pieces(log, part, pieceBytesMax(await freeBytes()))) {
      await log.compact(start, pieceEnd)
      yield REWRITTEN
    }
  }
  for await (const _ of compactIndex(index, slices)) yield REWRITTEN
}

const REWRITTEN: CompactionStep = { records: 0, removedRecords: 0 }

/** Enters or removes those of `records` to which the index does not point; gives how many were removed. */
async function settleStrays(parts: StrayParts, records: readonly LogRecord[]): Promise<number> {
  const places = await parts.healer.entries(records.map(({ multihash }) => multihash))
  let removed = 0
  for (const record of records.filter(({ location }, at) => places[at]?.location.sequence !== location.sequence)) {
    const cid = cidOf(record)
    if (cid !== undefined && proves(cid, record.bytes) && (await mend(parts, record))) continue
    if (await drop(parts, record)) removed++
  }
  return removed
}
