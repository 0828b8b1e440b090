// Looks for peers that have what nobody connected has: the routers are asked for blocks that are waited for in vain, and whoever
// they name is dialled. From then on the exchange asks it like every other peer.
import { isCairnError, type Clock, type PeerId, type Provider, type Router } from '@cairn/core'
import type { Bitswap } from '@cairn/exchange'
import {
  PROVIDER_DIALS_MAX,
  PROVIDERS_MAX,
  SEARCH_AFTER_MS,
  SEARCH_AGAIN_MS,
  SEARCH_LOOK_MS,
  SEARCHES_MAX,
  SEARCHES_REMEMBERED,
} from '../limits.ts'

/** What a search acts on. */
export interface ProviderSearchParts {
  readonly bitswap: Pick<Bitswap, 'standings'>
  /** Connects to a peer. A CairnError when that fails. */
  readonly connect: (provider: Provider, signal: AbortSignal) => Promise<void>
  /** Makes the trustless gateway at a URL a peer. A CairnError when that fails. */
  readonly connectGateway: (url: string, signal: AbortSignal) => Promise<void>
  readonly self: PeerId
  readonly clock: Clock
}

type CID = ReturnType<Bitswap['standings']>[number]['cid']

/** Something that happened in the search for whoever has a block. */
export type SearchEvent =
  /** The routers are asked. */
  | { readonly kind: 'searching'; readonly cid: CID }
  /** A router names a peer, or the URL of a gateway, and it is dialled. */
  | { readonly kind: 'named'; readonly cid: CID; readonly peer: PeerId }
  /** It cannot be reached; without `peer` it is a router that cannot be asked. */
  | { readonly kind: 'failed'; readonly cid: CID; readonly peer?: PeerId; readonly why: string }

/** Why a search ends with its node. */
const CLOSING = new Error('The node is closing')

/** Searches until it is closed, as long as there are routers. */
export class ProviderSearch {
  readonly #parts: ProviderSearchParts
  readonly #closing = new AbortController()
  /** When a block was searched for last, by its CID; the one searched for longest ago first. */
  readonly #searchedAt = new Map<string, number>()
  readonly #running = new Set<Promise<void>>()
  readonly #observers = new Set<(event: SearchEvent) => void>()
  #routers: readonly Router[] = []
  #cancelLook: (() => void) | undefined

  constructor(parts: ProviderSearchParts) {
    this.#parts = parts
  }

  /** Asks these from now on. */
  setRouters(routers: readonly Router[]): void {
    this.#routers = routers
    if (routers.length > 0) this.#lookLater()
  }

  /** Calls `observer`, which must neither throw nor take long, until the function that is returned is called. */
  observe(observer: (event: SearchEvent) => void): () => void {
    this.#observers.add(observer)
    return () => void this.#observers.delete(observer)
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    this.#closing.abort(CLOSING)
    this.#cancelLook?.()
    await Promise.allSettled(this.#running)
  }

  #lookLater(): void {
    if (this.#closing.signal.aborted) return
    this.#cancelLook ??= this.#parts.clock.after(SEARCH_LOOK_MS, () => {
      this.#cancelLook = undefined
      this.#look()
      if (this.#routers.length > 0) this.#lookLater()
    })
  }

  /** What comes first in a walk leads to the rest: a peer that has it has most likely all of it. */
  #look(): void {
    for (const { cid, waitedMs, reason } of this.#parts.bitswap.standings(SEARCHES_MAX)) {
      if (this.#running.size >= SEARCHES_MAX) return
      if (waitedMs < SEARCH_AFTER_MS || (reason !== 'no peer' && reason !== 'all lack it')) continue
      if (!this.#takeTurn(cid)) continue
      const search = this.#search(cid).finally(() => this.#running.delete(search))
      this.#running.add(search)
    }
  }

  #takeTurn(cid: CID): boolean {
    const [key, now] = [cid.toString(), this.#parts.clock.now()]
    if (now - (this.#searchedAt.get(key) ?? -Infinity) < SEARCH_AGAIN_MS) return false
    this.#searchedAt.delete(key)
    this.#searchedAt.set(key, now)
    const [oldest] = this.#searchedAt.keys()
    if (oldest !== undefined && this.#searchedAt.size > SEARCHES_REMEMBERED) this.#searchedAt.delete(oldest)
    return true
  }

  /** A router that fails, or a peer that cannot be reached, is no news: another one may do, or the next search. */
  async #search(cid: CID): Promise<void> {
    const seen = new Set<PeerId>([this.#parts.self])
    this.#tell({ kind: 'searching', cid })
    const failed = (why: string): void => this.#tell({ kind: 'failed', cid, why })
    await Promise.all(this.#routers.map((router) => forgiving(this.#askRouter(router, cid, seen), failed)))
  }

  async #askRouter(router: Router, cid: CID, seen: Set<PeerId>): Promise<void> {
    const { signal } = this.#closing
    const dials = new Set<Promise<void>>()
    try {
      for await (const provider of router.findProviders(cid, { signal })) {
        for (const [name, connect] of this.#waysTo(provider)) {
          if (seen.has(name)) continue
          seen.add(name)
          this.#tell({ kind: 'named', cid, peer: name })
          const failed = (why: string): void => this.#tell({ kind: 'failed', cid, peer: name, why })
          const dial = forgiving(connect(), failed).finally(() => dials.delete(dial))
          dials.add(dial)
          if (dials.size >= PROVIDER_DIALS_MAX) await Promise.race(dials)
          if (seen.size > PROVIDERS_MAX) return
        }
      }
    } finally {
      await Promise.all(dials)
    }
  }

  #tell(event: SearchEvent): void {
    for (const observer of this.#observers) observer(event)
  }

  /** How a provider may be reached, each by what it is known as from then on. */
  *#waysTo(provider: Provider): Generator<readonly [PeerId, () => Promise<void>]> {
    const { connect, connectGateway } = this.#parts
    const { peer, addresses, gateways = [] } = provider
    const { signal } = this.#closing
    if (addresses.length > 0 || gateways.length === 0) yield [peer, () => connect(provider, signal)]
    for (const url of gateways) yield [url, () => connectGateway(url, signal)]
  }
}

/** Resolves also when `work` fails, as what others say may, and tells why. */
async function forgiving(work: Promise<void>, failed: (why: string) => void): Promise<void> {
  try {
    await work
  } catch (error) {
    if (isCairnError(error)) failed(error.message)
    else if (!(error instanceof Error && error.name === 'AbortError') && error !== CLOSING) throw error
  }
}
