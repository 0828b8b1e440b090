// Iterations over a database, page by page, which survive that it is opened again.
import { isCairnError } from '@cairn/core'
import type { KeyRange } from '../files/table-ranges.ts'
import type { TableWatch } from '../files/table-watch.ts'
import { SCAN_BYTES, SCAN_RECORDS } from '../limits.ts'
import type { NativeLevel } from './native-level.ts'

/** A stored record. */
export type Entry = [key: Uint8Array, value: Uint8Array]

/** The keys of what an operation reads, given what is known of the tables. */
export type RangesOf = (watch: TableWatch) => readonly KeyRange[]

/** Runs an operation on LevelDB as it is open now, once the tables with `ranges` were looked at. @throws CORRUPT and others */
export type ReadLevel = <T>(operation: (level: NativeLevel) => Promise<T>, ranges: RangesOf) => Promise<T>

/** See `Database.pages`. */
export async function* scanPages(
  read: ReadLevel,
  from: Uint8Array,
  onDamage: (() => void) | undefined,
): AsyncGenerator<Entry[], void, undefined> {
  let scan: Scan = { range: { gte: from }, size: SCAN_RECORDS }
  try {
    for (;;) {
      const page = await nextPage(read, scan, onDamage !== undefined)
      scan = page.next
      if (page.entries.length > 0) yield page.entries
      else if (page.isEnd) break
    }
  } finally {
    await scan.open?.iterator.close()
  }
  if (scan.size === 1) onDamage?.()
}

/** An iteration that survives that its database is opened again. */
interface Scan {
  readonly range: { readonly gte: Uint8Array } | { readonly gt: Uint8Array }
  /** Records taken at a time. */
  readonly size: number
  readonly open?: { readonly level: NativeLevel; readonly iterator: EntryIterator }
}

interface EntryIterator {
  nextv(size: number): Promise<Entry[]>
  close(): Promise<void>
}

interface Page {
  readonly entries: Entry[]
  readonly next: Scan
  readonly isEnd: boolean
}

async function nextPage(read: ReadLevel, scan: Scan, leavesOutDamage: boolean): Promise<Page> {
  let next = scan
  try {
    const entries: Entry[] = await read(
      async (level) => {
        const open = opened(next, level)
        next = { ...next, open }
        return open.iterator.nextv(next.size)
      },
      () => [['gte' in next.range ? next.range.gte : next.range.gt, undefined]],
    )
    const last = entries.at(-1)
    if (last === undefined) return { entries: [], next, isEnd: true }
    const range = { gt: plain(last[0]) }
    return {
      entries: entries.map(([key, value]) => [plain(key), plain(value)]),
      next: { ...next, range },
      isEnd: false,
    }
  } catch (error) {
    if (!leavesOutDamage || !isCairnError(error, 'CORRUPT')) throw error
    await next.open?.iterator.close()
    // LevelDB has passed over the damage and tells of it only at the end, where the binding throws away the page that
    // it was reading. Record by record the end has nothing to throw away.
    return { entries: [], next: { range: next.range, size: 1 }, isEnd: next.size === 1 }
  }
}

/** The iterator of `scan` on `level`: a closed database has closed those that it had. */
function opened({ range, open }: Scan, level: NativeLevel): NonNullable<Scan['open']> {
  if (open?.level === level) return open
  return { level, iterator: level.iterator({ ...range, highWaterMarkBytes: SCAN_BYTES }) }
}

/** A plain Uint8Array over the memory of what the binding gives, a Buffer, so that Buffer's own methods never leak out. */
export function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
