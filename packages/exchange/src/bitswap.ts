// Bitswap over any Network: hands what comes in to the client and the server, and ends peers that break the
// protocol.
import {
  CairnError,
  isCairnError,
  type Block,
  type Clock,
  type Fetcher,
  type FetchOptions,
  type Logger,
  type Network,
  type NetworkHandler,
  type PeerAbilities,
  type PeerId,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { Client, type ClientStats } from './client/client.ts'
import { FetchTrace, type FetchObserver, type WantStanding } from './client/fetch-trace.ts'
import { Accounts, type Account } from './accounts.ts'
import { countSent } from './counted-network.ts'
import { openMessage } from './message.ts'
import { RateLimiter } from './rate-limit.ts'
import { RateMeter } from './rate-meter.ts'
import { Refusals, type RefusalCounts } from './guard/refusals.ts'
import { MESSAGE_WORK, SERVED_WORK, WANT_BYTES_MIN } from './limits.ts'
import { SERVE_ALL, type ServePolicy } from './server/serve-policy.ts'
import type { BlockSource } from './server/block-source.ts'
import { Server, type Served, type ServerStats } from './server/server.ts'
import { WorkBudget } from './work-budget.ts'

/** What bitswap is built of. The network and the store stay the caller's to close, after bitswap. */
export interface BitswapParts {
  readonly network: Network
  readonly store: BlockSource
  readonly clock: Clock
  /** Who waits for a rate; nobody by default. */
  readonly limiter?: RateLimiter | undefined
  /** Who is served what; everybody everything by default. */
  readonly policy?: ServePolicy | undefined
  /** Where bytes are booked; forgotten with bitswap by default. */
  readonly accounts?: Accounts | undefined
  /** Where bad input is counted, by the network too if it was given the same ones. */
  readonly refusals?: Refusals | undefined
  /** Numbers from 0 to 1, by which peers that want the same choose apart; of the machine by default. */
  readonly random?: (() => number) | undefined
  /** Where it tells of peers that broke the protocol; nowhere by default. */
  readonly logger?: Logger | undefined
}

/** Counts since bitswap was opened; names as in Kubo's `bitswap/stat` where Kubo has them. */
export interface BitswapStats extends ClientStats, ServerStats {
  /** Peers that can be asked now. */
  readonly peers: readonly PeerId[]
  readonly messagesReceived: number
  readonly traffic: BitswapTraffic
  /** How often what peers sent was dropped, by reason. */
  readonly refused: RefusalCounts
}

/** Bytes of whole messages, wants and all, and their rate of late in bytes a second. */
export interface BitswapTraffic {
  readonly totalIn: number
  readonly totalOut: number
  readonly rateIn: number
  readonly rateOut: number
}

/** Fetches blocks from peers and serves them ours. */
export interface Bitswap extends Fetcher, AsyncDisposable {
  /**
   * Fetches from whichever connected peer has the block, waiting for one to come while none has.
   *
   * @throws UNAVAILABLE when closed, UNSUPPORTED for an unknown hash function, else as `checkMultihash`
   */
  fetch(cid: CID, options?: FetchOptions): Promise<Block>
  /**
   * Whether a fetch of the block is waiting although every connected peer, one at least, has said that it lacks it. One that
   * does not say so, or comes later, may have it.
   */
  isLacked(cid: CID): boolean
  /** Tells that these blocks can be read from the store now, so that peers that wait for them are served. Call it after the put. */
  announce(cids: Iterable<CID>): void
  stats(): BitswapStats
  /** Tells `observer` of all fetches from now on, until the function that is returned is called. */
  observe(observer: FetchObserver): () => void
  /** What is waited for and why it is not here yet, the longest waited for first; at most `wantsMax`. */
  standings(wantsMax: number): WantStanding[]
  /** What a connected peer wants of us and has not got. */
  wantsOf(peer: PeerId): readonly CID[]
  /** What passed between a peer and us. */
  accountOf(peer: PeerId): Account
  /** Serves by another policy from now on. */
  setPolicy(policy: ServePolicy): void
  /** Ends all fetches with UNAVAILABLE; resolves once nothing is being read or sent. */
  close(): Promise<void>
}

/** Starts bitswap on `network`, as its one handler. */
export function openBitswap(parts: BitswapParts): Bitswap {
  return new Engine(parts)
}

class Engine implements Bitswap, NetworkHandler {
  readonly #network: Network
  readonly #trace = new FetchTrace()
  readonly #client: Client
  readonly #server: Server
  /** Peers that are connected and have not broken the protocol. */
  readonly #peers = new Set<PeerId>()
  readonly #limiter: RateLimiter
  readonly #accounts: Accounts
  readonly #refusals: Refusals
  readonly #work: WorkBudget
  readonly #in: RateMeter
  readonly #out: RateMeter
  readonly #logger: Logger | undefined
  #messagesReceived = 0
  #isClosed = false

  constructor(parts: BitswapParts) {
    const { network, store, clock, policy = SERVE_ALL, random = Math.random } = parts
    this.#network = network
    this.#logger = parts.logger
    this.#limiter = parts.limiter ?? unlimited(clock)
    this.#accounts = parts.accounts ?? new Accounts()
    this.#refusals = parts.refusals ?? new Refusals()
    this.#work = new WorkBudget(clock)
    this.#in = new RateMeter(clock)
    this.#out = new RateMeter(clock)
    const counted = countSent(network, (peer, bytes) => {
      this.#out.add(bytes)
      this.#limiter.charge(peer, 'up', bytes)
    })
    // Who takes blocks may ask for as many more, and whom we ask may answer.
    const onServed: Served = (peer, blocks, sent) => {
      this.#accounts.add(peer, { sent, exchanges: blocks })
      this.#work.charge(peer, -blocks * SERVED_WORK)
    }
    const asking = countSent(counted, (peer, bytes) => this.#work.charge(peer, -MESSAGE_WORK - bytes / WANT_BYTES_MIN))
    this.#client = new Client({ network: asking, clock, random, trace: this.#trace, refusals: this.#refusals })
    this.#server = new Server({
      network: counted,
      store,
      clock,
      policy,
      limiter: this.#limiter,
      work: this.#work,
      refusals: this.#refusals,
      onServed,
    })
    network.attach(this)
  }

  fetch(cid: CID, options?: FetchOptions): Promise<Block> {
    return this.#client.fetch(cid, options)
  }

  isLacked(cid: CID): boolean {
    return this.#client.isLacked(cid)
  }

  announce(cids: Iterable<CID>): void {
    this.#server.announce(cids)
  }

  stats(): BitswapStats {
    const [asking, serving] = [this.#client.stats, this.#server.stats]
    return {
      ...asking,
      ...serving,
      peers: [...this.#peers],
      messagesReceived: this.#messagesReceived,
      messagesSent: asking.messagesSent + serving.messagesSent,
      traffic: {
        totalIn: this.#in.total,
        totalOut: this.#out.total,
        rateIn: this.#in.bytesPerSecond,
        rateOut: this.#out.bytesPerSecond,
      },
      refused: this.#refusals.counts,
    }
  }

  observe(observer: FetchObserver): () => void {
    return this.#trace.observe(observer)
  }

  standings(wantsMax: number): WantStanding[] {
    return this.#client.standings(wantsMax, (peer) => this.#limiter.waitMs(peer, 'down') > 0)
  }

  wantsOf(peer: PeerId): readonly CID[] {
    return this.#server.wantsOf(peer)
  }

  accountOf(peer: PeerId): Account {
    return this.#accounts.of(peer)
  }

  setPolicy(policy: ServePolicy): void {
    this.#server.setPolicy(policy)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#peers.clear()
    this.#client.close()
    this.#work.close()
    await this.#server.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  connected(peer: PeerId, abilities: PeerAbilities): void {
    if (this.#isClosed) return
    this.#peers.add(peer)
    this.#work.meet(peer)
    this.#client.connected(peer, abilities)
    this.#server.connected(peer, abilities)
  }

  disconnected(peer: PeerId): void {
    this.#peers.delete(peer)
    this.#client.disconnected(peer)
    this.#server.disconnected(peer)
    this.#limiter.forget(peer)
    this.#work.forget(peer)
  }

  expectedBytes(peer: PeerId): number {
    return this.#client.expectedBytes(peer)
  }

  async message(peer: PeerId, bytes: Uint8Array): Promise<void> {
    if (!this.#peers.has(peer)) return
    this.#messagesReceived++
    this.#in.add(bytes.length)
    this.#limiter.charge(peer, 'down', bytes.length)
    const complaint = await this.#receive(peer, bytes)
    // It may have gone, or bitswap been closed, while its wants were taken.
    if (!this.#peers.has(peer)) return
    if (complaint !== undefined) {
      this.#trace.emit?.({ kind: 'refused', peer, why: complaint })
      this.#logger?.info('peer let go', { peer, why: complaint })
      this.disconnected(peer)
      this.#network.reset(peer, complaint)
    } else if (this.#limiter.waitMs(peer, 'down') > 0) {
      // The next message is not read before.
      this.#client.held(peer)
      await this.#limiter.pass(peer, 'down', () => !this.#peers.has(peer))
      this.#client.released(peer)
    }
    if (this.#peers.has(peer)) await this.#work.pass(peer)
  }

  /**
   * Gives what the peer did that it is let go for, if anything. Blocks and presences do not wait for the wants to be taken.
   *
   * @throws INVALID when the message breaks the protocol; what came before the place stays taken
   */
  async #receive(peer: PeerId, bytes: Uint8Array): Promise<string | undefined> {
    try {
      const message = openMessage(bytes)
      const { presences, passedOver } = message
      this.#work.charge(peer, MESSAGE_WORK + presences.length + passedOver.length)
      for (const reason of passedOver) this.#refusals.count(reason)
      const received = message.blocks.reduce((sum, block) => sum + block.bytes.length, 0)
      this.#accounts.add(peer, { received, exchanges: message.blocks.length })
      const wastedBefore = this.#client.wastedBytes
      const complaint = this.#client.receive(peer, message)
      const wasted = this.#client.wastedBytes - wastedBefore
      this.#accounts.add(peer, { wasted })
      if (received > wasted) this.#network.trust?.(peer)
      if (complaint === undefined) {
        this.#client.noticed(peer, message.wantList)
        await this.#server.receive(peer, message.wantList)
      }
      return complaint
    } catch (error) {
      if (!isCairnError(error)) throw error
      this.#refusals.countError(error)
      this.#trace.emit?.({ kind: 'refused', peer, why: error.message })
      this.#logger?.info('message refused', { peer, why: error.message })
      throw new CairnError('INVALID', `Cannot take a message of ${peer}: ${error.message}`, { cause: error })
    }
  }
}

function unlimited(clock: Clock): RateLimiter {
  return new RateLimiter({ clock, weekMinute: () => 0, isLocal: () => false })
}
