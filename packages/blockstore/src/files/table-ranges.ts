// Tables by the keys that they may hold, as LevelDB has them: level 0, whose tables may overlap, and levels in which none do.
import type { KeyRange as Range } from './manifest.ts'
import { KEY_TAG_BYTES } from './table-block.ts'

/** From a key to another one, both included; without an end, to the last one that there is. */
export type KeyRange = readonly [from: Uint8Array, to: Uint8Array | undefined]

/** A table with its first and last key, without what LevelDB puts behind keys. */
interface Ranged<T> extends Range {
  readonly table: T
}

/** A set of tables that only shrinks. */
export class TableRanges<T> {
  readonly #left: Set<T>
  /** In the order of their keys, by their levels. */
  readonly #levels: readonly (readonly Ranged<T>[])[]

  /** Of tables without a range nothing is known, and they are not among them. */
  constructor(tables: readonly { readonly table: T; readonly range: Range | undefined }[]) {
    const ranged = tables.flatMap(({ table, range }) => (range === undefined ? [] : [withRange(table, range)]))
    this.#left = new Set(ranged.map(({ table }) => table))
    this.#levels = [...Map.groupBy(ranged, ({ level }) => level).values()].map((level) =>
      level.toSorted((a, b) => Buffer.compare(a.first, b.first)),
    )
  }

  get size(): number {
    return this.#left.size
  }

  has(table: T): boolean {
    return this.#left.has(table)
  }

  remove(table: T): void {
    this.#left.delete(table)
  }

  /** Those that may hold a key of a range. */
  *overlapping(range: KeyRange): Generator<T> {
    if (this.#left.size === 0) return
    for (const { table } of this.#within(range)) if (this.#left.has(table)) yield table
  }

  /** The range of all tables that a compaction of `range` may take in: it grows by what overlaps it, at each level. */
  compacted([from, to]: readonly [from: Uint8Array, to: Uint8Array]): KeyRange {
    let [first, last] = [from, to]
    for (let isGrowing = true; isGrowing;) {
      isGrowing = false
      for (const table of this.#within([first, last])) {
        if (Buffer.compare(table.first, first) < 0) [first, isGrowing] = [table.first, true]
        if (Buffer.compare(table.last, last) > 0) [last, isGrowing] = [table.last, true]
      }
    }
    return [first, last]
  }

  *#within([from, to]: KeyRange): Generator<Ranged<T>> {
    for (const level of this.#levels) {
      const isOrdered = level[0]?.level !== 0
      for (let at = isOrdered ? firstReaching(level, from) : 0; at < level.length; at++) {
        const ranged = level[at]
        if (ranged === undefined || (to !== undefined && Buffer.compare(ranged.first, to) > 0)) break
        if (Buffer.compare(ranged.last, from) >= 0) yield ranged
      }
    }
  }
}

function withRange<T>(table: T, { level, first, last }: Range): Ranged<T> {
  return { table, level, first: first.subarray(0, -KEY_TAG_BYTES), last: last.subarray(0, -KEY_TAG_BYTES) }
}

/** Where the first of `level` is that does not end before `key`. */
function firstReaching(level: readonly Range[], key: Uint8Array): number {
  let [start, end] = [0, level.length]
  while (start < end) {
    const middle = (start + end) >>> 1
    const table = level[middle]
    if (table !== undefined && Buffer.compare(table.last, key) < 0) start = middle + 1
    else end = middle
  }
  return start
}
