// Which records a walk over the log has met, in two bytes each: enough to tell an old index, entry by entry, that nothing is
// lost. What is not remembered costs a look, and never a block.
import { PRINT_PAGES_MAX } from '../limits.ts'
import type { Placed } from './block-log.ts'

/** Sequence numbers in one page; pages without a record do not exist, so gaps in the log cost nothing. */
const PAGE_RECORDS = 1 << 16

/** Fingerprints of the multihashes of records by their sequences. */
export class RecordPrints {
  readonly #pages = new Map<number, Uint16Array>()

  /** Remembers the record whose multihash is in `bytes` from `start` to before `end`. */
  add(sequence: number, bytes: Uint8Array, { start, end }: { readonly start: number; readonly end: number }): void {
    const number = Math.floor(sequence / PAGE_RECORDS)
    let page = this.#pages.get(number)
    if (page === undefined) {
      if (this.#pages.size === PRINT_PAGES_MAX) return
      this.#pages.set(number, (page = new Uint16Array(PAGE_RECORDS)))
    }
    page[sequence % PAGE_RECORDS] = printOf(bytes, start, end)
  }

  /** Whether there is the record at a place. One time in 65,000 a multihash that is damaged in several bits passes for its own. */
  has({ multihash, location: { sequence } }: Placed): boolean {
    const print = this.#pages.get(Math.floor(sequence / PAGE_RECORDS))?.[sequence % PAGE_RECORDS] ?? NONE
    return print === printOf(multihash, 0, multihash.length)
  }
}

const NONE = 0

/** Every byte counts, so that one flipped bit shows. Never {@link NONE}. */
function printOf(bytes: Uint8Array, start: number, end: number): number {
  let print = 0
  for (let at = start; at < end; at++) print = (print * 31 + (bytes[at] ?? 0)) % 65_521
  return print + 1
}
