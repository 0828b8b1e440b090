// Bitswap 1.2.0 over any Network: hands what comes in to the client and the server, and ends peers that break the
// protocol.
import {
  isCairnError,
  type AbortOptions,
  type Block,
  type Clock,
  type Fetcher,
  type Network,
  type NetworkHandler,
  type PeerId,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { Client, type ClientStats } from './client/client.ts'
import { decodeMessage } from './message.ts'
import { Server, type BlockSource, type ServerStats } from './server/server.ts'

/** What bitswap is built of. The network and the store stay the caller's to close, after bitswap. */
export interface BitswapParts {
  readonly network: Network
  readonly store: BlockSource
  readonly clock: Clock
}

/** Counts since bitswap was opened; names as in Kubo's `bitswap/stat` where Kubo has them. */
export interface BitswapStats extends ClientStats, ServerStats {
  /** Peers that can be asked now. */
  readonly peers: readonly PeerId[]
  readonly messagesReceived: number
}

/** Fetches blocks from peers and serves them ours. */
export interface Bitswap extends Fetcher, AsyncDisposable {
  /**
   * Fetches from whichever connected peer has the block, waiting for one to come while none has.
   *
   * @throws UNAVAILABLE when closed, UNSUPPORTED for an unknown hash function, else as `checkMultihash`
   */
  fetch(cid: CID, options?: AbortOptions): Promise<Block>
  /**
   * Whether a fetch of the block is waiting although every connected peer, one at least, has said that it lacks it. One that
   * does not say so, or comes later, may have it.
   */
  isLacked(cid: CID): boolean
  /** Tells that these blocks can be read from the store now, so that peers that wait for them are served. Call it after the put. */
  announce(cids: Iterable<CID>): void
  stats(): BitswapStats
  /** Ends all fetches with UNAVAILABLE; resolves once nothing is being read or sent. */
  close(): Promise<void>
}

/** Starts bitswap on `network`, as its one handler. */
export function openBitswap(parts: BitswapParts): Bitswap {
  return new Engine(parts)
}

class Engine implements Bitswap, NetworkHandler {
  readonly #network: Network
  readonly #client: Client
  readonly #server: Server
  /** Peers that are connected and have not broken the protocol. */
  readonly #peers = new Set<PeerId>()
  #messagesReceived = 0
  #isClosed = false

  constructor({ network, store, clock }: BitswapParts) {
    this.#network = network
    this.#client = new Client({ network, clock })
    this.#server = new Server({ network, store, clock })
    network.attach(this)
  }

  fetch(cid: CID, options?: AbortOptions): Promise<Block> {
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
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#peers.clear()
    this.#client.close()
    await this.#server.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  connected(peer: PeerId): void {
    if (this.#isClosed) return
    this.#peers.add(peer)
    this.#client.connected(peer)
    this.#server.connected(peer)
  }

  disconnected(peer: PeerId): void {
    this.#peers.delete(peer)
    this.#client.disconnected(peer)
    this.#server.disconnected(peer)
  }

  async message(peer: PeerId, bytes: Uint8Array): Promise<void> {
    if (!this.#peers.has(peer)) return
    this.#messagesReceived++
    const complaint = this.#receive(peer, bytes)
    if (complaint === undefined) return
    this.disconnected(peer)
    this.#network.reset(peer, complaint)
  }

  /** Gives what is wrong with the message, if anything is. */
  #receive(peer: PeerId, bytes: Uint8Array): string | undefined {
    try {
      const message = decodeMessage(bytes)
      this.#server.receive(peer, message)
      return this.#client.receive(peer, message)
    } catch (error) {
      if (isCairnError(error)) return error.message
      throw error
    }
  }
}
