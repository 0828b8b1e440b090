// The listings of all recursive pins, read in one pass over the store; those that are missing are made on the way. What an
// interrupted process left behind is removed.
import { CID } from 'multiformats/cid'
import { mayHaveLinks } from '../block/codec.ts'
import { SeenBlocks } from '../dag/seen-blocks.ts'
import { walk } from '../dag/walk.ts'
import type { AbortOptions, BlockReader, KeyValueStore } from '../interfaces.ts'
import { LISTING_BATCH_BYTES, PIN_CHANGES_PER_COMMIT, STRAY_RECORDS_MAX } from '../limits.ts'
import type { ChangeQueue } from './change-queue.ts'
import {
  buildPrefix,
  decodeHead,
  headKey,
  ListingDraft,
  LISTING_PREFIX,
  listingRemoval,
  parseListingKey,
  rootText,
  type ListingHead,
} from './listing.ts'
import { packedCids } from './packed-cids.ts'
import { decodePin, pinKey, type Pin } from './pin-record.ts'

/** Some of what is below a pin: CIDs in their binary form, one after another. */
export interface ListedPiece {
  readonly pin: Pin
  readonly packed: Uint8Array
}

/** What {@link Listings} works with. */
export interface ListingsParts {
  readonly records: KeyValueStore
  readonly changes: ChangeQueue
  readonly blocks: BlockReader
}

/** Makes, reads and removes listings. */
export class Listings {
  readonly #records: KeyValueStore
  readonly #changes: ChangeQueue
  readonly #blocks: BlockReader
  /** First half of the names of all builds of this object: records of other builds are nobody's work in progress. */
  readonly #builder = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex')
  #builds = 0

  constructor({ records, changes, blocks }: ListingsParts) {
    this.#records = records
    this.#changes = changes
    this.#blocks = blocks
  }

  /** A new draft for what is below `root`. */
  draft(root: CID): ListingDraft {
    const build = this.#builder + (++this.#builds).toString(16).padStart(8, '0')
    return new ListingDraft(rootText(root), { store: this.#records, build })
  }

  /**
   * Everything below the recursive ones of `pins`, which come in the order of their keys, pin by pin. CIDs may repeat. A
   * listing that is missing or damaged is made by a walk that reads interior nodes only, and is kept.
   *
   * @throws as `walk`, when a pinned DAG is not whole
   */
  async *pieces(pins: AsyncIterable<Pin>, { signal }: AbortOptions = {}): AsyncGenerator<ListedPiece> {
    const stored = new StoredListings(this.#records, this.#builder)
    const made: ListingDraft[] = []
    let madeBytes = 0
    try {
      // This snapshot first: a pin that is in it and not in the other is then told from one that is new.
      await stored.open()
      for await (const pin of pins) {
        signal?.throwIfAborted()
        const isListed = pin.type === 'recursive' && mayHaveLinks(pin.cid)
        if (!isListed) continue
        const root = rootText(pin.cid)
        let isWhole = false
        for await (const packed of stored.take(root)) {
          if (packed === undefined) isWhole = true
          else yield { pin, packed }
        }
        if (isWhole) continue
        const draft = await this.#make(pin.cid, { signal })
        if (draft === undefined) continue
        if (draft.records > 0) {
          await this.commit([draft])
          yield* this.#read(pin)
          continue
        }
        const packed = draft.rest()
        made.push(draft)
        madeBytes += packed.length
        yield { pin, packed }
        if (madeBytes < LISTING_BATCH_BYTES && made.length < PIN_CHANGES_PER_COMMIT) continue
        await this.commit(made.splice(0))
        madeBytes = 0
      }
      await stored.skipRest()
    } finally {
      await stored.close()
      await this.commit(made)
    }
    await this.#removeStrays(stored)
  }

  /** Records drafts whose pins are still there and have no listing yet, and discards the others. */
  async commit(drafts: readonly ListingDraft[]): Promise<void> {
    await Promise.all(
      drafts.map(async (draft) => {
        let isKept = false
        await this.#changes.change(async (read) => {
          const pin = await read(pinKey(CID.parse(draft.root)))
          isKept = pin !== undefined && decodePin(pin).type === 'recursive'
          if (!isKept) return []
          return [...(await listingRemoval(draft.root, read)), ...draft.changes()]
        })
        if (!isKept) await draft.discard()
      }),
    )
  }

  /** Walks what is below `root`; `undefined` when it is no longer pinned, so that what is below may be gone. */
  async #make(root: CID, { signal }: AbortOptions): Promise<ListingDraft | undefined> {
    const draft = this.draft(root)
    try {
      const options = { visitLeaf: () => Promise.resolve(), seen: new SeenBlocks(), signal }
      for await (const { cid, parent } of walk(this.#blocks, root, options)) {
        if (parent !== undefined) await draft.add(cid)
      }
      return draft
    } catch (error) {
      await draft.discard()
      if ((await this.#records.get(pinKey(root))) === undefined) return undefined
      throw error
    }
  }

  /** The listing of one pin, as it is stored now; read again when it is replaced meanwhile. Nothing when it is gone. */
  async *#read(pin: Pin): AsyncGenerator<ListedPiece> {
    const root = rootText(pin.cid)
    for (;;) {
      const head = decodeHead(await this.#records.get(headKey(root)))
      if (head === undefined) return
      yield { pin, packed: head.packed }
      let { length: bytes } = head.packed
      for await (const [, packed] of this.#records.list(buildPrefix(root, head.build))) {
        bytes += packed.length
        yield { pin, packed }
      }
      if (bytes === head.bytes) return
    }
  }

  /** Removes what belongs to no pin and no build. More than a batch of it waits for the next time. */
  async #removeStrays({ strayKeys, strayRoots }: StoredListings): Promise<void> {
    if (strayKeys.length > 0) await this.#records.batch(strayKeys.map((key) => ({ key, value: undefined })))
    for (const root of strayRoots) {
      await this.#changes.change(async (read) => {
        const pin = await read(pinKey(CID.parse(root)))
        return pin !== undefined && decodePin(pin).type === 'recursive' ? [] : listingRemoval(root, read)
      })
    }
  }
}

/** The records of all listings, taken root by root in the order of their keys. */
class StoredListings {
  /** Records of builds that no head names and that nobody is working on. */
  readonly strayKeys: string[] = []
  /** Roots with a head that were not asked for. */
  readonly strayRoots: string[] = []
  readonly #entries: AsyncIterator<[key: string, value: Uint8Array]>
  readonly #builder: string
  #entry: { readonly key: string; readonly value: Uint8Array } | undefined

  constructor(records: KeyValueStore, builder: string) {
    this.#entries = records.list(LISTING_PREFIX)[Symbol.asyncIterator]()
    this.#builder = builder
  }

  /** Fixes what is read: the store as it is now. */
  async open(): Promise<void> {
    await this.#next()
  }

  /**
   * The pieces of the listing of `root`, and `undefined` at their end when it is whole. What is given without that is
   * below the root as well, and not all of it. Roots are asked for in rising order.
   */
  async *take(root: string): AsyncGenerator<Uint8Array | undefined> {
    for (let key = this.#rootOfEntry(); key !== undefined && key < root; key = this.#rootOfEntry()) {
      await this.#skip(key)
    }
    let head: ListingHead | undefined
    let bytes = 0
    for (; this.#rootOfEntry() === root; await this.#next()) {
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
    for (let key = this.#rootOfEntry(); key !== undefined; key = this.#rootOfEntry()) await this.#skip(key)
  }

  async close(): Promise<void> {
    await this.#entries.return?.()
  }

  /** Notes the records of a root that no recursive pin has. */
  async #skip(root: string): Promise<void> {
    let build: string | undefined
    for (; this.#rootOfEntry() === root; await this.#next()) {
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

  #rootOfEntry(): string | undefined {
    return this.#entry === undefined ? undefined : parseListingKey(this.#entry.key).root
  }

  async #next(): Promise<void> {
    const next = await this.#entries.next()
    this.#entry = next.done === true ? undefined : { key: next.value[0], value: next.value[1] }
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
