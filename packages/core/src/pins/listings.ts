// The listings of all recursive pins, read in one pass over the store; those that are missing are made on the way. What an
// interrupted process left behind is removed.
import type { CID } from 'multiformats/cid'
import { linksOf, mayHaveLinks } from '../block/codec.ts'
import { SeenBlocks } from '../dag/seen-blocks.ts'
import { nodeKey, walk } from '../dag/walk.ts'
import { isCairnError } from '../errors.ts'
import type { AbortOptions, BlockReader, KeyValueStore } from '../interfaces.ts'
import { LISTING_BATCH_BYTES, PIN_CHANGES_PER_COMMIT } from '../limits.ts'
import type { ChangeQueue } from './change-queue.ts'
import { buildPrefix, decodeHead, headKey, ListingDraft, listingRemoval, rootText } from './listing.ts'
import { decodePin, pinKey, PIN_PREFIX, type Pin } from './pin-record.ts'
import { StoredListings } from './stored-listings.ts'

/** Some of what is below a pin: CIDs in their binary form, one after another. */
export interface ListedPiece {
  readonly pin: Pin
  readonly packed: Uint8Array
}

/** A pin with the key of its record. */
export type KeyedPin = readonly [key: string, pin: Pin]

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
   * Everything below the recursive ones of `pins`, which are all there are, in the order of their keys, up to an `undefined`
   * that ends it early; pin by pin. CIDs may repeat. A listing that is missing or damaged is made by a walk that reads
   * interior nodes only, and is kept.
   *
   * @throws as `walk`, when a pinned DAG is not whole
   */
  async *pieces(pins: AsyncIterable<KeyedPin | undefined>, { signal }: AbortOptions = {}): AsyncGenerator<ListedPiece> {
    const stored = new StoredListings(this.#records, this.#builder)
    const made: ListingDraft[] = []
    let madeBytes = 0
    try {
      // This snapshot first: a pin that is in it and not in the other is then told from one that is new.
      await stored.open()
      for await (const keyed of pins) {
        signal?.throwIfAborted()
        if (keyed === undefined) return
        const [key, pin] = keyed
        const isListed = pin.type === 'recursive' && mayHaveLinks(pin.cid)
        if (!isListed) continue
        const root = key.slice(PIN_PREFIX.length)
        const only = await stored.takeOnly(root)
        if (only !== undefined) {
          yield { pin, packed: only }
          continue
        }
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
        await this.#keep(made.splice(0))
        madeBytes = 0
      }
      await stored.skipRest()
    } finally {
      await stored.close()
      await this.#keep(made)
    }
    await attempt(() => this.#removeStrays(stored))
  }

  #keep(drafts: readonly ListingDraft[]): Promise<void> {
    return attempt(() => this.commit(drafts))
  }

  /** Records drafts whose pins are still there and have no listing yet, and discards the others. */
  async commit(drafts: readonly ListingDraft[]): Promise<void> {
    await Promise.all(
      drafts.map(async (draft) => {
        const key = PIN_PREFIX + draft.root
        let isKept = false
        await this.#changes.change(
          async (read) => {
            const pin = await read(key)
            isKept = pin !== undefined && decodePin(key, pin).type === 'recursive'
            if (!isKept) return []
            return [...(await listingRemoval(draft.root, read)), ...draft.changes()]
          },
          [key, headKey(draft.root)],
        )
        if (!isKept) await draft.discard()
      }),
    )
  }

  /** Walks what is below `root`; `undefined` when it is no longer pinned, so that what is below may be gone. */
  async #make(root: CID, { signal }: AbortOptions): Promise<ListingDraft | undefined> {
    const draft = this.draft(root)
    try {
      const links = linksOf(await this.#blocks.get(root, { signal }))
      if (!links.some(({ cid }) => mayHaveLinks(cid))) {
        // Nothing to walk, as below most small files: many of them are ten times faster listed this way.
        for (const cid of new Map(links.map((link) => [nodeKey(link.cid), link.cid])).values()) await draft.add(cid)
        return draft
      }
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
        const pin = await read(PIN_PREFIX + root)
        return pin !== undefined && decodePin(PIN_PREFIX + root, pin).type === 'recursive'
          ? []
          : listingRemoval(root, read)
      })
    }
  }
}

/** Does what only saves work the next time: on a full disk what is below pins can be listed none the less. */
async function attempt(task: () => Promise<void>): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (!isCairnError(error)) throw error
  }
}
