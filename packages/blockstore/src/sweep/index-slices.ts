// Giving back the space of index entries that were deleted: slice by slice, so that no compaction lasts.
import type { BlockIndex } from '../log/block-index.ts'
import { INDEX_ENTRY_BYTES, INDEX_GARBAGE_BYTES_MIN } from '../limits.ts'
import { FIRST_MULTIHASH } from '../log/record.ts'

/** Cuts the keys of an index into slices of so many blocks. */
export class IndexSlices {
  readonly #sliceBlocks: number
  /** Where slices begin: the first one before all multihashes, since there may have been others. */
  readonly #bounds = [FIRST_MULTIHASH]
  #blocks = 0

  constructor(sliceBlocks: number) {
    this.#sliceBlocks = sliceBlocks
  }

  /** Takes the multihashes of all blocks in the order of their bytes. */
  add(multihash: Uint8Array): void {
    if (this.#blocks > 0 && this.#blocks % this.#sliceBlocks === 0) this.#bounds.push(multihash.slice())
    this.#blocks++
  }

  /** First and last key of each slice; the last slice reaches to the end of all multihashes. */
  *[Symbol.iterator](): Generator<[first: Uint8Array, last: Uint8Array]> {
    for (const [number, bound] of this.#bounds.entries()) yield [bound, this.#bounds[number + 1] ?? AFTER_ALL]
  }
}

const AFTER_ALL = new Uint8Array([0xff])

/** Rewrites the index where enough of it is garbage, a slice at each pull; yields about the bytes given back. */
export async function* compactIndex(index: BlockIndex, slices: IndexSlices): AsyncGenerator<number, void, undefined> {
  const entryBytes = index.totals.blocks * INDEX_ENTRY_BYTES
  if ((await index.diskBytes()) < entryBytes + INDEX_GARBAGE_BYTES_MIN + entryBytes / 3) return
  for (const [first, last] of slices) {
    const before = await index.diskBytes()
    await index.compact(first, last)
    yield Math.max(before - (await index.diskBytes()), 0)
  }
}
