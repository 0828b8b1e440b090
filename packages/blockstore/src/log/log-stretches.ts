// The log cut by its tables: most hold sequence numbers that no other table does, and are read without LevelDB. Where tables
// overlap, since something was deleted and not yet rewritten, only LevelDB knows what is newest.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isCairnError, systemError } from '@cairn/core'
import { manifestOf } from '../files/database-files.ts'
import type { KeyRange, Manifest } from '../files/manifest.ts'
import { SEQUENCE_BYTES, sequenceOf } from './record.ts'

/** Sequence numbers from `start` to `end`, both included, and the file of the table that alone has them. */
export interface LogStretch {
  readonly start: number
  readonly end: number
  readonly table?: string | undefined
}

const WHOLE: LogStretch = { start: 0, end: Infinity }

/** Everything there is. */
export const WHOLE_LOG: readonly LogStretch[] = [WHOLE]

/**
 * The log in folder `path` in its order; `undefined` when part of it is in no table yet. Nothing may be added to it or deleted from it meanwhile; LevelDB may still move
 * tables about, so a file that is named may be gone.
 *
 * @throws as `systemError`
 */
export async function stretchesOf(path: string): Promise<readonly LogStretch[] | undefined> {
  // In this order: a log that becomes a table in between is seen as a log, and LevelDB asked.
  const logs = await logsIn(path)
  const manifest = await manifestOf(path)
  // Of a new log nothing is in tables.
  if (manifest === undefined || manifest.ranges.size === 0) return WHOLE_LOG
  if (!isAllInTables(manifest, logs)) return undefined
  const found: LogStretch[] = []
  for (const [number, range] of manifest.ranges) {
    const ends = endsOf(range)
    if (ends === undefined) return WHOLE_LOG
    found.push({ ...ends, table: join(path, `${String(number).padStart(6, '0')}.ldb`) })
  }
  return joined(found.toSorted((a, b) => a.start - b.start))
}

/**
 * Bytes of the tables in folder `path` that LevelDB merges when it rewrites sequences `start` to `end`: all that overlap them,
 * and all that overlap one of those. A table of deletions that are spread over the log makes that the whole log.
 */
export async function mergedBytes(path: string, start: number, end: number): Promise<number> {
  const manifest = await manifestOf(path)
  const tables = [...(manifest?.ranges ?? [])].map(([number, range]) => ({
    ...(endsOf(range) ?? WHOLE),
    bytes: manifest?.tables.get(number) ?? 0,
  }))
  const touched = tables.filter((table) => table.start <= end && table.end >= start)
  const from = Math.min(start, ...touched.map((table) => table.start))
  const to = Math.max(end, ...touched.map((table) => table.end))
  return tables.filter((table) => table.start <= to && table.end >= from).reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Whether LevelDB's own logs, by their numbers, hold nothing any more. */
function isAllInTables({ logNumber }: Manifest, logs: ReadonlyMap<number, number>): boolean {
  if (!logs.has(logNumber)) return false
  for (const [number, bytes] of logs) if (number >= logNumber && bytes > 0) return false
  return true
}

async function logsIn(path: string): Promise<Map<number, number>> {
  const logs = new Map<number, number>()
  try {
    for (const name of await readdir(path)) {
      if (/^\d+\.log$/.test(name)) logs.set(Number.parseInt(name, 10), (await stat(join(path, name))).size)
    }
  } catch (cause) {
    const reason = systemError(`read ${path}`, cause)
    // It became a table just now: LevelDB is asked.
    if (isCairnError(reason, 'NOT_FOUND')) return new Map()
    throw reason
  }
  return logs
}

function endsOf({ first, last }: KeyRange): LogStretch | undefined {
  if (first.length < SEQUENCE_BYTES || last.length < SEQUENCE_BYTES) return undefined
  return { start: sequenceOf(first), end: sequenceOf(last) }
}

/** Stretches in the order of where they start, with those that overlap made one. */
function joined(stretches: readonly LogStretch[]): LogStretch[] {
  const apart: LogStretch[] = []
  for (const stretch of stretches) {
    const before = apart.at(-1)
    if (before === undefined || before.end < stretch.start) apart.push(stretch)
    else apart[apart.length - 1] = { start: before.start, end: Math.max(before.end, stretch.end) }
  }
  return apart
}
