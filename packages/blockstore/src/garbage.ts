// Where in the log a collection left garbage, and which parts of it are worth rewriting.
import type { Placed } from './block-log.ts'
import { COMPACTION_BYTES, STRETCH_GARBAGE_DIVISOR, STRETCH_SEQUENCES } from './limits.ts'

/** A log whose parts can be rewritten. */
interface CompactableLog {
  approximateBytes(start: number, end: number): Promise<number>
  compact(start: number, end: number): Promise<void>
}

/** Sequence numbers from `start` to before `end`, and about the bytes that they take. */
interface Part {
  readonly start: number
  readonly end: number
  readonly bytes: number
}

/** Deleted bytes for each stretch of sequence numbers. */
export class Garbage {
  readonly #bytesByStretch = new Map<number, number>()

  add(places: readonly Placed[]): void {
    for (const { location } of places) {
      const stretch = Math.floor(location.sequence / STRETCH_SEQUENCES)
      this.#bytesByStretch.set(stretch, (this.#bytesByStretch.get(stretch) ?? 0) + location.size)
    }
  }

  /** Rewrites the parts of `log` where enough is garbage; one pull rewrites one part of bounded size. */
  async *compact(log: CompactableLog): AsyncGenerator<void, void, undefined> {
    for (const { start, end } of await this.#partsOf(log)) {
      await log.compact(start, end)
      yield
    }
  }

  async #partsOf(log: CompactableLog): Promise<Part[]> {
    const parts: Part[] = []
    for (const [stretch, garbageBytes] of [...this.#bytesByStretch].toSorted(([a], [b]) => a - b)) {
      const start = stretch * STRETCH_SEQUENCES
      const end = start + STRETCH_SEQUENCES
      const bytes = await log.approximateBytes(start, end)
      if (garbageBytes * STRETCH_GARBAGE_DIVISOR < bytes) continue
      const before = parts.at(-1)
      if (before?.end === start && before.bytes + bytes <= COMPACTION_BYTES) {
        parts[parts.length - 1] = { start: before.start, end, bytes: before.bytes + bytes }
      } else {
        parts.push({ start, end, bytes })
      }
    }
    return parts
  }
}
