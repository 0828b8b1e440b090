// Trustless gateways as peers: the engine asks them, measures them, shares its work among them and others and lets go of
// those who send wrong bytes, as it does with everybody. Only the transport differs: a want becomes an HTTP request.
import { CairnError } from '@cairn/core'
import type { AbortOptions, Clock, Network, NetworkHandler, PeerAbilities, PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { GATEWAY_COOLDOWN_MS, GATEWAY_COOLDOWN_MS_MAX, GATEWAY_REQUESTS_MAX } from '../limits.ts'
import { decodeMessage, encodeMessage, type WantEntry } from '../message.ts'
import { parseGatewayUrl, probeGateway, requestBlock } from './gateway.ts'

/** A {@link Network} whose peers are gateways; the identity of one is its URL. */
export interface GatewayNetwork extends Network {
  /**
   * Makes the gateway at `url` a peer, from now until the network is closed: while it fails it is away, and asked again
   * from time to time.
   *
   * @throws INVALID for what is no URL of a gateway, UNAVAILABLE when none answers there
   */
  add(url: string, options?: AbortOptions): Promise<PeerId>
  /** Like `add`, but returns at once: a gateway that cannot be reached is one that failed. @throws INVALID */
  keep(url: string): void
}

/** Opens a network without peers. */
export function openGatewayNetwork({ clock }: { readonly clock: Clock }): GatewayNetwork {
  return new Gateways(clock)
}

/** HEAD tells what a gateway has. */
const ABILITIES: PeerAbilities = { presences: true }

/** One gateway that was added. */
interface GatewayPeer {
  readonly base: PeerId
  /** Wants under way and waiting, by the text of their CID, oldest first. */
  readonly wants: Map<string, Request>
  running: number
  isUp: boolean
  /** Failures one after another. */
  failures: number
  cancelRetry: (() => void) | undefined
}

interface Request {
  readonly entry: WantEntry
  readonly stop: AbortController
  isRunning: boolean
}

class Gateways implements GatewayNetwork {
  readonly self = 'gateways'
  readonly #clock: Clock
  readonly #peers = new Map<PeerId, GatewayPeer>()
  readonly #closing = new AbortController()
  #handler: NetworkHandler | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  attach(handler: NetworkHandler): void {
    if (this.#handler !== undefined) throw new TypeError('The network has a handler already')
    this.#handler = handler
    for (const { base, isUp } of this.#peers.values()) if (isUp) handler.connected(base, ABILITIES)
  }

  async add(url: string, { signal }: AbortOptions = {}): Promise<PeerId> {
    const base = parseGatewayUrl(url)
    this.#closing.signal.throwIfAborted()
    const known = this.#peers.get(base)
    if (known?.isUp === true) return base
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal]
    await probeGateway(base, AbortSignal.any(signals))
    const peer = this.#peers.get(base) ?? newPeer(base)
    this.#peers.set(base, peer)
    this.#up(peer)
    return base
  }

  keep(url: string): void {
    const base = parseGatewayUrl(url)
    if (this.#closing.signal.aborted || this.#peers.has(base)) return
    const peer = newPeer(base)
    this.#peers.set(base, peer)
    void this.#retry(peer)
  }

  async send(base: PeerId, message: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const peer = this.#peers.get(base)
    if (peer?.isUp !== true) throw new CairnError('UNAVAILABLE', `Not connected to ${base}`)
    const { full, wants } = decodeMessage(message)
    if (full) stopAll(peer)
    for (const entry of wants) {
      const key = entry.cid.toString()
      const known = peer.wants.get(key)
      // A want for the block takes the place of a question for it; the other way round it is answered by the block.
      if (known !== undefined && !entry.cancel && known.entry.type === 'block') continue
      known?.stop.abort()
      peer.wants.delete(key)
      if (!entry.cancel) peer.wants.set(key, { entry, stop: new AbortController(), isRunning: false })
    }
    this.#fill(peer)
  }

  reset(base: PeerId, reason: string): void {
    const peer = this.#peers.get(base)
    if (peer?.isUp === true) this.#down(peer, { reason, retryMs: GATEWAY_COOLDOWN_MS_MAX })
  }

  async close(): Promise<void> {
    this.#closing.abort(new CairnError('UNAVAILABLE', 'The network is closed'))
    for (const peer of this.#peers.values()) {
      peer.cancelRetry?.()
      stopAll(peer)
    }
    this.#peers.clear()
  }

  #up(peer: GatewayPeer): void {
    if (peer.isUp || this.#closing.signal.aborted) return
    peer.isUp = true
    peer.cancelRetry?.()
    this.#handler?.connected(peer.base, ABILITIES)
  }

  /** Takes the gateway out for a while: as long as it says, else twice as long each time. */
  #down(peer: GatewayPeer, { retryMs }: { readonly reason: string; readonly retryMs?: number | undefined }): void {
    if (!peer.isUp) return
    peer.isUp = false
    stopAll(peer)
    const delayMs = retryMs ?? Math.min(GATEWAY_COOLDOWN_MS * 2 ** peer.failures, GATEWAY_COOLDOWN_MS_MAX)
    peer.failures++
    peer.cancelRetry = this.#clock.after(delayMs, () => void this.#retry(peer))
    this.#handler?.disconnected(peer.base)
  }

  async #retry(peer: GatewayPeer): Promise<void> {
    try {
      await probeGateway(peer.base, this.#closing.signal)
      this.#up(peer)
    } catch {
      // Still away, or the network is closed.
      if (this.#closing.signal.aborted) return
      const delayMs = Math.min(GATEWAY_COOLDOWN_MS * 2 ** peer.failures, GATEWAY_COOLDOWN_MS_MAX)
      peer.failures++
      peer.cancelRetry = this.#clock.after(delayMs, () => void this.#retry(peer))
    }
  }

  #fill(peer: GatewayPeer): void {
    for (const request of peer.wants.values()) {
      if (peer.running >= GATEWAY_REQUESTS_MAX) return
      if (!request.isRunning) void this.#run(peer, request)
    }
  }

  async #run(peer: GatewayPeer, request: Request): Promise<void> {
    const { entry, stop } = request
    const key = entry.cid.toString()
    peer.running++
    request.isRunning = true
    try {
      const method = entry.type === 'block' ? 'GET' : 'HEAD'
      const answer = await requestBlock(peer.base, entry.cid, { method, signal: stop.signal })
      if (peer.wants.get(key) !== request) return
      peer.wants.delete(key)
      if (answer.kind === 'failed') this.#down(peer, answer)
      else await this.#tell(peer, entry.cid, answer.kind === 'block' ? answer.bytes : answer.kind === 'has')
    } catch (error) {
      if (!stop.signal.aborted) throw error
    } finally {
      peer.running--
      if (peer.isUp) this.#fill(peer)
    }
  }

  async #tell(peer: GatewayPeer, cid: CID, answer: Uint8Array | boolean): Promise<void> {
    if (answer !== false) peer.failures = 0
    const message =
      typeof answer === 'boolean'
        ? encodeMessage({ presences: [{ cid, has: answer }] })
        : encodeMessage({ blocks: [{ cid, bytes: answer }] })
    await this.#handler?.message(peer.base, message)
  }
}

function newPeer(base: PeerId): GatewayPeer {
  return { base, wants: new Map(), running: 0, isUp: false, failures: 0, cancelRetry: undefined }
}

function stopAll(peer: GatewayPeer): void {
  for (const { stop } of peer.wants.values()) stop.abort()
  peer.wants.clear()
}
