// Pins: the roots that a collection keeps. A pin is recorded only after everything below it is durable here, and every
// change of pins is one batch. Bytes: docs/formats/pins.md.
import type { CID } from 'multiformats/cid'
import type { BlockService } from '../block/block-service.ts'
import { mayHaveLinks } from '../block/codec.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, KeyValueChange, KeyValueStore } from '../interfaces.ts'
import { PIN_CHANGES_PER_COMMIT } from '../limits.ts'
import { ChangeQueue, type ReadRecord } from './change-queue.ts'
import { findKeepers, listIndirect, type IndirectParts } from './indirect.ts'
import { keep, type PinProgress } from './keep.ts'
import { listingRemoval } from './listing.ts'
import { Listings } from './listings.ts'
import { isUnreadable, readPin, recorded, recordKeys, removal, type NewPin } from './pin-change.ts'
import {
  checkPinName,
  nameIn,
  pinChange,
  pinIn,
  pinKey,
  withNames,
  withoutNamespace,
  type Pin,
  type PinType,
} from './pin-record.ts'
import { dropUnreadable, listPins } from './stored-pins.ts'

export type { PinProgress } from './keep.ts'
export type { NewPin } from './pin-change.ts'
export type { Pin, PinType } from './pin-record.ts'

/** How to pin. */
export interface PinOptions extends AbortOptions {
  /** `recursive` by default. */
  readonly type?: PinType
  /** A name beside those that the pin has; by default none, which counts as one as well. */
  readonly name?: string
  /** Where blocks are looked for that the pin keeps; on the same store. Those of the repo and its peers by default. */
  readonly blocks?: BlockService
  readonly onProgress?: (progress: PinProgress) => void
}

/** What keeps a CID: its own pin, or `indirect`ly one above it. */
export interface Keeper {
  readonly type: PinType | 'indirect'
  readonly pin: Pin
}

/** What pins are kept in. */
interface PinsParts {
  readonly records: KeyValueStore
  readonly blocks: BlockService
}

/** What all views of the pins of one repo share. */
interface SharedParts {
  readonly changes: ChangeQueue
  readonly listings: Listings
}

/**
 * The pins of a repo, as those see them who work in one namespace. A pin is there while any namespace has it, so a collection
 * looks at `all`. It has one type: recursive once it is that for anybody, until nobody has it any more.
 */
export class Pins {
  readonly #records: KeyValueStore
  readonly #blocks: BlockService
  readonly #namespace: string
  readonly #changes: ChangeQueue
  readonly #listings: Listings
  readonly #indirect: IndirectParts

  /** @param namespace `""` for that of the owner of the repo */
  constructor(parts: PinsParts, namespace = '', { changes, listings }: SharedParts = sharedOf(parts)) {
    this.#records = parts.records
    this.#blocks = parts.blocks
    this.#namespace = namespace
    this.#changes = changes
    this.#listings = listings
    this.#indirect = { list: () => listPins(this.#records), listings, seen: (pin) => pinIn(namespace, pin) }
  }

  /** The same pins as those see them who work in `namespace`. */
  in(namespace: string): Pins {
    const shared = { changes: this.#changes, listings: this.#listings }
    return new Pins({ records: this.#records, blocks: this.#blocks }, namespace, shared)
  }

  /**
   * Gets everything that the pin keeps, and then records it, durably. Pinning again is no error and adds the name; a
   * recursive pin takes the place of a direct one.
   *
   * @throws CONFLICT for a direct pin of what is pinned recursively, INVALID for a name that is too long, LIMIT for too
   * many names, else as `BlockService.get`
   */
  async add(
    cid: CID,
    { type = 'recursive', name = '', blocks = this.#blocks, signal, onProgress }: PinOptions = {},
  ): Promise<void> {
    checkPinName(name)
    const hold = this.#blocks.hold()
    const draft = type === 'recursive' && mayHaveLinks(cid) ? this.#listings.draft(cid) : undefined
    try {
      await keep(cid, { type, blocks, draft, signal, onProgress })
      await this.#changes.change(async (read) => {
        const change = await recorded(read, { cid, type, name }, this.#namespace)
        return draft === undefined
          ? [change]
          : [change, ...(await listingRemoval(draft.root, read)), ...draft.changes()]
      }, recordKeys(cid))
    } catch (error) {
      await draft?.discard()
      throw error
    } finally {
      hold.release()
    }
  }

  /** Records a pin for a DAG that is known to be stored whole, as after an import. @throws as `add` */
  async record(cid: CID, type: PinType = 'recursive', name = ''): Promise<void> {
    checkPinName(name)
    await this.#changes.change(
      async (read) => [await recorded(read, { cid, type, name }, this.#namespace)],
      [pinKey(cid)],
    )
  }

  /** Like `record` for many, a thousand in one commit. What comes before a failure stays recorded. @throws as `add` */
  async recordMany(pins: Iterable<NewPin> | AsyncIterable<NewPin>): Promise<void> {
    let group: NewPin[] = []
    const commit = async (): Promise<void> => {
      const results = await Promise.allSettled(group.map(({ cid, type, name }) => this.record(cid, type, name)))
      group = []
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    }
    for await (const pin of pins) {
      group.push(pin)
      if (group.length === PIN_CHANGES_PER_COMMIT) await commit()
    }
    await commit()
  }

  /**
   * Removes the pin of `cid` with all its names, durably; with `name` only that name, and the pin when it was the last.
   * A record that does not decode is removed as a recursive pin.
   *
   * @throws NOT_FOUND when there is none, CONFLICT for a recursive pin when `recursive` is false
   */
  async remove(cid: CID, options: { readonly recursive?: boolean; readonly name?: string } = {}): Promise<void> {
    const { recursive = true, name } = options
    await this.#changes.change(async (read) => {
      const isOwner = this.#namespace === ''
      if (isOwner && recursive && name === undefined && (await isUnreadable(read, cid))) return removal(read, cid)
      const whole = await readPin(read, cid)
      const present = whole && pinIn(this.#namespace, whole)
      if (whole === undefined || present === undefined) {
        throw new CairnError('NOT_FOUND', `Cannot unpin ${cid}: not pinned or pinned indirectly`, { cid })
      }
      if (present.type === 'recursive' && !recursive) {
        throw new CairnError('CONFLICT', `Cannot unpin ${cid}: it is pinned recursively`, { cid })
      }
      if (name === undefined) return this.#leave(read, whole)
      const names = whole.names.filter((other) => other !== nameIn(this.#namespace, name))
      if (names.length === whole.names.length) {
        throw new CairnError('NOT_FOUND', `Cannot unpin ${cid}: not pinned as ${JSON.stringify(name)}`, { cid })
      }
      return names.length === 0 ? removal(read, cid) : [pinChange({ ...whole, names })]
    }, recordKeys(cid))
  }

  /**
   * Pins `to` recursively with the names of the recursive pin `from`, and removes that one unless `unpin` is false: in one
   * batch. What both have in the same place is not looked at, since `from` keeps it here.
   *
   * @throws NOT_FOUND when `from` is not pinned recursively, also when that ends meanwhile; else as `add`
   */
  async update(from: CID, to: CID, options: Omit<PinOptions, 'type' | 'name'> & { readonly unpin?: boolean } = {}) {
    const { unpin = true, blocks = this.#blocks, signal, onProgress } = options
    const recursiveFrom = async (read: ReadRecord): Promise<Pin> => {
      const pin = await readPin(read, from)
      if (pin?.type === 'recursive' && pinIn(this.#namespace, pin) !== undefined) return pin
      throw new CairnError('NOT_FOUND', `Cannot update the pin of ${from}: it is not pinned recursively`, { cid: from })
    }
    await recursiveFrom((key) => this.#records.get(key))
    const hold = this.#blocks.hold()
    try {
      await keep(to, { type: 'recursive', blocks, except: from, signal, onProgress })
      await this.#changes.change(async (read) => {
        const whole = await recursiveFrom(read)
        if (pinKey(from) === pinKey(to)) return []
        const present = (await readPin(read, to)) ?? { cid: to, type: 'recursive', names: [] }
        const pin = withNames(present, pinIn(this.#namespace, whole)?.names ?? [], this.#namespace)
        return [...(unpin ? await this.#leave(read, whole) : []), pinChange({ ...pin, type: 'recursive' })]
      })
    } finally {
      hold.release()
    }
  }

  /** The pin of `cid` itself, or `undefined`. */
  async get(cid: CID): Promise<Pin | undefined> {
    const pin = await readPin((key) => this.#records.get(key), cid)
    return pin && pinIn(this.#namespace, pin)
  }

  /**
   * What keeps each of `cids`, in their order; `undefined` for what nothing keeps. All together take one pass over the
   * listings of what is below the pins; the first one ever takes a walk of each pin that was recorded without a walk.
   *
   * @throws as `BlockService.get` when a pinned DAG is not whole
   */
  async keepersOf(cids: readonly CID[], options: AbortOptions = {}): Promise<(Keeper | undefined)[]> {
    return this.#keepersOf(cids, (pin) => pinIn(this.#namespace, pin), options)
  }

  /** All pins, in the order of their keys. @throws CORRUPT, after the last one, when there are records that do not decode */
  async *list(): AsyncGenerator<Pin> {
    for await (const [, pin] of listPins(this.#records)) {
      const own = pinIn(this.#namespace, pin)
      if (own !== undefined) yield own
    }
  }

  /** All pins of all namespaces, whose names have their namespaces before them. @throws as `list` */
  async *listAll(): AsyncGenerator<Pin> {
    for await (const [, pin] of listPins(this.#records)) yield pin
  }

  /** Like `keepersOf`, whoever has pinned it: for who deletes blocks. */
  async keepersOfAll(cids: readonly CID[], options: AbortOptions = {}): Promise<(Keeper | undefined)[]> {
    return this.#keepersOf(cids, (pin) => pin, options)
  }

  /** Drops, durably, the pins whose records do not decode, and gives the keys of these records. */
  dropUnreadable(): Promise<readonly string[]> {
    return dropUnreadable(this.#records, this.#changes)
  }

  /** Blocks below recursive pins that have no pin of their own, each once, in no particular order. @throws as `keepersOf` */
  listIndirect(options: AbortOptions = {}): AsyncGenerator<CID> {
    return listIndirect(this.#indirect, options)
  }

  async #keepersOf(cids: readonly CID[], seen: IndirectParts['seen'], options: AbortOptions) {
    const keepers = new Map<CID, Keeper>()
    for (const cid of cids) {
      const whole = await readPin((key) => this.#records.get(key), cid)
      const pin = whole && seen(whole)
      if (pin !== undefined) keepers.set(cid, { type: pin.type, pin })
    }
    const others = cids.filter((cid) => !keepers.has(cid))
    const found = await findKeepers({ ...this.#indirect, seen }, others, options)
    for (const [index, pin] of found.entries()) {
      const cid = others[index]
      if (cid !== undefined && pin !== undefined) keepers.set(cid, { type: 'indirect', pin })
    }
    return cids.map((cid) => keepers.get(cid))
  }

  /** What takes the names of this namespace from `pin`, and the pin itself when it has no others. */
  async #leave(read: ReadRecord, pin: Pin): Promise<KeyValueChange[]> {
    const left = withoutNamespace(this.#namespace, pin)
    return left === undefined ? removal(read, pin.cid) : [pinChange(left)]
  }
}

function sharedOf({ records, blocks }: PinsParts): SharedParts {
  const changes = new ChangeQueue(records)
  return { changes, listings: new Listings({ records, blocks, changes }) }
}
