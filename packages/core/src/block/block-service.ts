// The one door to blocks: local first, one fetch in flight per multihash, then verify, store, tell. No other file does
// two of these steps.
import type { CID } from 'multiformats/cid'
import { CairnError, isCairnError } from '../errors.ts'
import type { BlockReader, BlockStore, Fetcher, FetchOptions, Hold } from '../interfaces.ts'
import { SignalWaits } from '../turns.ts'
import { emptyBlock, identityBlock, relabelBlock, type Block } from './block.ts'
import { blockKey } from './cid.ts'
import { checkMultihash, IDENTITY_CODE } from './hash.ts'

/** What a {@link BlockService} works with. */
export interface BlockServiceParts {
  readonly store: BlockStore
  /** Where blocks are fetched from that the store lacks, all at once; none at all makes the service offline. */
  readonly fetchers?: readonly Fetcher[]
  /** Calls `put`, which stores `blocks`, once there is room for them; at once by default. */
  readonly withRoom?: ((blocks: readonly Block[], put: () => Promise<void>) => Promise<void>) | undefined
  /** Told of every block once it is durable, so that peers who wait for it can be served. */
  readonly onStored?: (blocks: readonly Block[]) => void
  /** Told of every block that is wanted and is here; of one that nobody had to read, without its bytes. */
  readonly onFound?: (cid: CID, bytes: number | undefined) => void
}

/** A fetch that several callers may share. It ends when the last of them has left. */
interface SharedFetch {
  readonly key: string
  readonly urgent: boolean
  /** The block as soon as it is proven, and once it is stored as well. */
  readonly proven: Promise<Block>
  readonly stored: Promise<Block>
  readonly stop: AbortController
  callers: number
  /** The block is here, and only has to be stored. */
  isProven: boolean
  isOver: boolean
}

/** How one fetch works. */
interface FetchWork {
  readonly signal: AbortSignal
  readonly urgent: boolean
  readonly bytes: number | undefined
}

/** A block that may still be on its way into the store. */
export interface EarlyBlock {
  readonly block: Block
  /** Settles once it is stored, or cannot be; `undefined` when it is. To be awaited, whatever is done with the block. */
  readonly stored: Promise<void> | undefined
}

/** Why work stops that nobody needs any more. One for all: to abort without a reason makes an error with its stack each time. */
const DONE = new Error('The block is here, or nobody waits for it')

/** Reads, fetches and stores blocks. */
export class BlockService implements BlockReader {
  readonly #store: BlockStore
  readonly #fetchers: readonly Fetcher[]
  readonly #withRoom: NonNullable<BlockServiceParts['withRoom']>
  readonly #onStored: (blocks: readonly Block[]) => void
  readonly #onFound: BlockServiceParts['onFound']
  readonly #fetches = new Map<string, SharedFetch>()
  readonly #waits = new SignalWaits()

  constructor(parts: BlockServiceParts) {
    const { store, fetchers = [], withRoom = (_, put) => put(), onStored = () => undefined, onFound } = parts
    this.#store = store
    this.#fetchers = fetchers
    this.#withRoom = withRoom
    this.#onStored = onStored
    this.#onFound = onFound
  }

  /** A block whose stored bytes are damaged is fetched like one that is missing, and stored anew. */
  async get(cid: CID, options: FetchOptions = {}): Promise<Block> {
    return (await this.#local(cid, options)) ?? relabelBlock(await this.#fetch(cid, options), cid)
  }

  /**
   * As `get`, but gives a block that is fetched as soon as it is proven, while it is stored. Nothing bounds how many wait for
   * that but the caller; see {@link readEarly}.
   *
   * @throws as `get`
   */
  async getEarly(cid: CID, options: FetchOptions = {}): Promise<EarlyBlock> {
    const { signal } = options
    const here = await this.#local(cid, options)
    if (here !== undefined) return { block: here, stored: undefined }
    const fetch = this.#join(cid, options)
    let block: Block
    try {
      block = await this.#waits.abortable(fetch.proven, signal)
    } catch (error) {
      await this.#leave(fetch, signal)
      throw error
    }
    return { block: relabelBlock(block, cid), stored: this.#untilStored(fetch) }
  }

  /** Protects from collections whatever is stored, fetched or ensured from now on; see `BlockStore.hold`. */
  hold(): Hold {
    return this.#store.hold()
  }

  /**
   * Resolves once the block is stored here and claimed by every open hold, without reading it if it is there already.
   *
   * @throws as `get`
   */
  async ensure(cid: CID, options: FetchOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    checkMultihash(cid)
    if (cid.multihash.code === IDENTITY_CODE) return
    if ((await this.#store.claimMany([cid]))[0] === true) this.#onFound?.(cid, undefined)
    else await this.#fetch(cid, options)
  }

  /** Bytes of the block, or `undefined` when it is not stored here. Never reads it. */
  async size(cid: CID): Promise<number | undefined> {
    return identityBlock(cid)?.bytes.length ?? (await this.#store.size(cid))
  }

  /** Stores blocks, and tells of them once they are durable. */
  async putMany(blocks: readonly Block[]): Promise<void> {
    await this.#withRoom(blocks, () => this.#store.putMany(blocks))
    this.#onStored(blocks)
  }

  /** Sound bytes for a block that cannot be read here because of `damage`. @throws it when they cannot be had */
  async #replace(cid: CID, damage: unknown, options: FetchOptions): Promise<Block> {
    if (!isCairnError(damage, 'CORRUPT')) throw damage
    try {
      return relabelBlock(await this.#fetch(cid, options), cid)
    } catch (cause) {
      options.signal?.throwIfAborted()
      if (this.#fetchers.length > 0 && !isCairnError(cause)) throw cause
      const advice = '; "cairn repo verify --heal --peer ADDRESS" fetches them from a peer'
      const outcome = this.#fetchers.length > 0 ? ', and no peer sent them' : advice
      throw new CairnError('CORRUPT', `${damage.message}${outcome}`, { cause, cid })
    }
  }

  /** The block, if it need not be fetched. */
  async #local(cid: CID, options: FetchOptions): Promise<Block | undefined> {
    options.signal?.throwIfAborted()
    checkMultihash(cid)
    const inline = identityBlock(cid)
    if (inline !== undefined) return inline
    try {
      const stored = await this.#store.get(cid)
      if (stored !== undefined) this.#onFound?.(cid, stored.bytes.length)
      return stored
    } catch (error) {
      return this.#replace(cid, error, options)
    }
  }

  /** Waits for the fetch of this block; one caller's abort does not touch the others. */
  async #fetch(cid: CID, options: FetchOptions): Promise<Block> {
    const { signal } = options
    const fetch = this.#join(cid, options)
    try {
      return await this.#waits.abortable(fetch.stored, signal)
    } finally {
      await this.#leave(fetch, signal)
    }
  }

  /** Whoever comes while the block is being stored shares it. */
  async #untilStored(fetch: SharedFetch): Promise<void> {
    try {
      await fetch.stored
    } finally {
      await this.#leave(fetch)
    }
  }

  /** Joins the fetch of this block or begins one, to be left again. Who is urgent does not join one that is not, unless its block is here. */
  #join(cid: CID, options: FetchOptions): SharedFetch {
    options.signal?.throwIfAborted()
    const { urgent = false } = options
    const key = blockKey(cid)
    const known = this.#fetches.get(key)
    const fetch =
      known === undefined || (urgent && !known.urgent && !known.isProven) ? this.#begin(key, cid, options) : known
    fetch.callers++
    return fetch
  }

  async #leave(fetch: SharedFetch, signal?: AbortSignal): Promise<void> {
    if (--fetch.callers > 0) return
    if (this.#fetches.get(fetch.key) === fetch) this.#fetches.delete(fetch.key)
    if (fetch.isOver) return
    fetch.stop.abort(signal?.reason ?? DONE)
    await Promise.allSettled([fetch.stored])
  }

  #begin(key: string, cid: CID, { urgent = false, bytes }: FetchOptions): SharedFetch {
    const stop = new AbortController()
    const proven = this.#obtain(cid, { signal: stop.signal, urgent, bytes })
    const stored = proven.then(async (block) => {
      await this.putMany([block])
      return block
    })
    const fetch: SharedFetch = { key, urgent, proven, stored, stop, callers: 0, isProven: false, isOver: false }
    const end = (): void => {
      fetch.isOver = true
    }
    stored.then(end, end)
    proven.then(
      () => (fetch.isProven = true),
      () => undefined, // whoever waits for it has the error
    )
    this.#fetches.set(key, fetch)
    return fetch
  }

  async #obtain(cid: CID, options: FetchWork): Promise<Block> {
    return emptyBlock(cid) ?? (await this.#race(cid, options))
  }

  /** The first block that any fetcher gives; the others are stopped. */
  async #race(cid: CID, { signal, ...hints }: FetchWork): Promise<Block> {
    if (this.#fetchers.length === 0) {
      throw new CairnError('NOT_FOUND', `Cannot find block ${cid}: it is not in this repo, and no peer is asked`, {
        cid,
      })
    }
    const [only] = this.#fetchers
    if (only !== undefined && this.#fetchers.length === 1) return only.fetch(cid, { signal, ...hints })
    const won = new AbortController()
    const options = { signal: AbortSignal.any([signal, won.signal]), ...hints }
    try {
      return await Promise.any(this.#fetchers.map((fetcher) => fetcher.fetch(cid, options)))
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof AggregateError ? error.errors[0] : error
    } finally {
      won.abort(DONE)
    }
  }
}
