// All listings as they are stored, in one pass: which are whole, and which records belong to nothing.
import type { KeyValueStore } from '../interfaces.ts'
import { STRAY_RECORDS_MAX } from '../limits.ts'
import { decodeHead, headKey, LISTING_PREFIX, parseListingKey, type ListingHead } from './listing.ts'
import { packedCids } from './packed-cids.ts'

/** The records of all listings, taken root by root in the order of their keys. */
export class StoredListings {
  /** Records of builds that no head names and that nobody is working on. */
  readonly strayKeys: string[] = []
  /** Roots with a head that were not asked for. */
  readonly strayRoots: string[] = []
  readonly #entries: AsyncIterator<[key: string, value: Uint8Array]>
  readonly #builder: string
  #entry: { readonly key: string; readonly value: Uint8Array } | undefined
  /** Root of the entry. */
  #root: string | undefined

  constructor(records: KeyValueStore, builder: string) {
    this.#entries = records.list(LISTING_PREFIX)[Symbol.asyncIterator]()
    this.#builder = builder
  }

  /** Fixes what is read: the store as it is now. */
  async open(): Promise<void> {
    await this.#next()
  }

  /** The listing of `root` when it has but one record, as nearly all have; else `undefined`, and `take` tells. */
  async takeOnly(root: string): Promise<Uint8Array | undefined> {
    await this.#skipTo(root)
    if (this.#entry?.key !== headKey(root)) return undefined
    const head = decodeHead(this.#entry.value)
    if (head === undefined || head.records > 0 || head.packed.length !== head.bytes) return undefined
    if (!isPacked(head.packed)) return undefined
    await this.#next()
    // Records that a build before this one has left.
    if (this.#root === root) await this.#skip(root)
    return head.packed
  }

  /**
   * The pieces of the listing of `root`, and `undefined` at their end when it is whole. What is given without that is
   * below the root as well, and not all of it. Roots are asked for in rising order.
   */
  async *take(root: string): AsyncGenerator<Uint8Array | undefined> {
    await this.#skipTo(root)
    let head: ListingHead | undefined
    let bytes = 0
    for (; this.#root === root; await this.#next()) {
      const { key, value } = this.#entry ?? {}
      if (key === undefined || value === undefined) return
      const { build } = parseListingKey(key)
      if (build === undefined) head = decodeHead(value)
      else if (build !== head?.build) this.#addStray(key, build)
      else if (isPacked(value)) {
        bytes += value.length
        yield value
      }
    }
    if (head === undefined || !isPacked(head.packed)) return
    yield head.packed
    if (bytes + head.packed.length === head.bytes) yield undefined
  }

  /** Goes over all roots that are left. */
  async skipRest(): Promise<void> {
    while (this.#root !== undefined) await this.#skip(this.#root)
  }

  async close(): Promise<void> {
    await this.#entries.return?.()
  }

  async #skipTo(root: string): Promise<void> {
    while (this.#root !== undefined && this.#root < root) await this.#skip(this.#root)
  }

  /** Notes the records of a root that no recursive pin has. */
  async #skip(root: string): Promise<void> {
    let build: string | undefined
    for (; this.#root === root; await this.#next()) {
      const { key, value } = this.#entry ?? {}
      if (key === undefined || value === undefined) return
      const found = parseListingKey(key).build
      if (found === undefined) {
        build = decodeHead(value)?.build
        if (this.strayRoots.length < STRAY_RECORDS_MAX) this.strayRoots.push(root)
      } else if (found !== build) this.#addStray(key, found)
    }
  }

  #addStray(key: string, build: string): void {
    if (!build.startsWith(this.#builder) && this.strayKeys.length < STRAY_RECORDS_MAX) this.strayKeys.push(key)
  }

  async #next(): Promise<void> {
    const next = await this.#entries.next()
    this.#entry = next.done === true ? undefined : { key: next.value[0], value: next.value[1] }
    this.#root = this.#entry && parseListingKey(this.#entry.key).root
  }
}

function isPacked(value: Uint8Array): boolean {
  try {
    for (const _ of packedCids(value));
    return true
  } catch {
    return false
  }
}
