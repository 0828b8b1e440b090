// Which blocks a collection has come to, one bit for each sequence number: a million marks are 128 KiB.
import { mayHaveLinks, type BlockStoreStat, type Mark } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { Location } from '../log/record.ts'

/** Sequence numbers in one page of a bitmap; pages without a mark do not exist, so gaps in the log cost nothing. */
const PAGE_BITS = 1 << 16

/** A set of sequence numbers. */
export class Bitmap {
  readonly #pages = new Map<number, Uint8Array>()

  has(sequence: number): boolean {
    const bit = sequence % PAGE_BITS
    const byte = this.#pages.get(Math.floor(sequence / PAGE_BITS))?.[bit >> 3] ?? 0
    return (byte & (1 << (bit & 7))) !== 0
  }

  /** True when it was not there before. */
  add(sequence: number): boolean {
    const number = Math.floor(sequence / PAGE_BITS)
    const bit = sequence % PAGE_BITS
    let page = this.#pages.get(number)
    if (page === undefined) this.#pages.set(number, (page = new Uint8Array(PAGE_BITS / 8)))
    const [before, mask] = [page[bit >> 3] ?? 0, 1 << (bit & 7)]
    page[bit >> 3] = before | mask
    return (before & mask) === 0
  }
}

const KNOWN: Mark = { status: 'known' }

/** The blocks that are live, and by which codecs they were come to: the same bytes may be a leaf and a node with links. */
export class Marks {
  readonly #live = new Bitmap()
  /** By codec with links, of which there are few. */
  readonly #entered = new Map<number, Bitmap>()
  #blocks = 0
  #bytes = 0

  get totals(): BlockStoreStat {
    return { blocks: this.#blocks, bytes: this.#bytes }
  }

  has(sequence: number): boolean {
    return this.#live.has(sequence)
  }

  /** Marks the block of `cid`, which is stored at `location`. */
  add(cid: CID, { sequence, size, isDamaged = false }: Location): Mark {
    const isFresh = this.#live.add(sequence)
    // The totals of the store leave damaged ones out as well.
    if (isFresh && !isDamaged) {
      this.#blocks++
      this.#bytes += size
    }
    const isNew = mayHaveLinks(cid) ? this.#enteredBy(cid.code).add(sequence) : isFresh
    return isNew ? { status: 'new', bytes: size } : KNOWN
  }

  #enteredBy(codec: number): Bitmap {
    let entered = this.#entered.get(codec)
    if (entered === undefined) this.#entered.set(codec, (entered = new Bitmap()))
    return entered
  }
}
