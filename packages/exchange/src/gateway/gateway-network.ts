// Trustless gateways as peers: the engine asks them, measures them, shares its work among them and others and lets go of
// those who send wrong bytes, as it does with everybody. Only the transport differs: a want becomes an HTTP request.
import { blockKey, CairnError, isCairnError, mayHaveLinks, verifyBlock } from '@cairn/core'
import type { AbortOptions, Block, Clock, Network, NetworkHandler, PeerAbilities, PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { GATEWAY_COOLDOWN_MS, GATEWAY_COOLDOWN_MS_MAX, GATEWAY_REQUESTS_MAX, GATEWAYS_FOUND_MAX } from './limits.ts'
import { decodeMessage, type WantEntry } from '../message.ts'
import { AnswerLine } from './answer-line.ts'
import { GatewayDag } from './gateway-dag.ts'
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
  /**
   * Like `add`, for a gateway that a stranger named: it is let go when it fails, or when there are too many of them and it has
   * been one for longest.
   */
  find(url: string, options?: AbortOptions): Promise<PeerId>
  /**
   * Makes these gateways peers from now on, like `add`, and lets go of those of the last call that are not among them. Returns at
   * once: a gateway that cannot be reached is one that failed. @throws INVALID, and then nothing has changed
   */
  setKept(urls: readonly string[]): void
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
  /** Why it is a peer: it was added, the config keeps it, or it was found. */
  origin: 'added' | 'kept' | 'found'
  /** Wants under way and waiting, by the key of their block, oldest first. */
  readonly wants: Map<string, Request>
  readonly dag: GatewayDag
  readonly answers: AnswerLine
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
    await this.#meet(base, 'added', signal)
    return base
  }

  async find(url: string, { signal }: AbortOptions = {}): Promise<PeerId> {
    const base = parseGatewayUrl(url)
    // One that is away comes back by itself.
    if (!this.#peers.has(base)) await this.#meet(base, 'found', signal)
    const found = [...this.#peers.values()].filter(({ origin }) => origin === 'found')
    for (const peer of found.slice(0, -GATEWAYS_FOUND_MAX)) this.#drop(peer)
    return base
  }

  setKept(urls: readonly string[]): void {
    const bases = new Set(urls.map(parseGatewayUrl))
    if (this.#closing.signal.aborted) return
    for (const peer of this.#peers.values()) if (peer.origin === 'kept' && !bases.has(peer.base)) this.#drop(peer)
    for (const base of bases) {
      const known = this.#peers.get(base)
      if (known?.origin === 'found') known.origin = 'kept'
      if (known !== undefined) continue
      const peer = this.#newPeer(base, 'kept')
      void this.#retry(peer)
    }
  }

  async send(base: PeerId, message: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const peer = this.#peers.get(base)
    if (peer?.isUp !== true) throw new CairnError('UNAVAILABLE', `Not connected to ${base}`)
    const { full, wants } = decodeMessage(message)
    if (full) stopAll(peer)
    const held: Block[] = []
    for (const entry of wants) {
      const key = blockKey(entry.cid)
      const known = peer.wants.get(key)
      // A want for the block takes the place of a question for it; the other way round it is answered by the block.
      if (known !== undefined && !entry.cancel && known.entry.type === 'block') continue
      known?.stop.abort()
      peer.wants.delete(key)
      if (entry.cancel) continue
      const block = peer.dag.take(key)
      if (block === undefined) peer.wants.set(key, { entry, stop: new AbortController(), isRunning: false })
      else held.push(block)
    }
    this.#fill(peer)
    for (const { cid, bytes } of held) void peer.answers.tell({ cid, answer: bytes })
  }

  reset(base: PeerId, reason: string): void {
    const peer = this.#peers.get(base)
    if (peer?.isUp === true) this.#down(peer, { reason, retryMs: GATEWAY_COOLDOWN_MS_MAX })
  }

  async close(): Promise<void> {
    this.#closing.abort(new CairnError('UNAVAILABLE', 'The network is closed'))
    for (const peer of this.#peers.values()) {
      peer.cancelRetry?.()
      endPeer(peer)
    }
    this.#peers.clear()
  }

  /** Makes a gateway a peer that answers as one. */
  async #meet(base: PeerId, origin: 'added' | 'found', signal: AbortSignal | undefined): Promise<void> {
    this.#closing.signal.throwIfAborted()
    if (this.#peers.get(base)?.isUp !== true) {
      const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal]
      await probeGateway(base, AbortSignal.any(signals))
      this.#closing.signal.throwIfAborted()
    }
    const peer = this.#peers.get(base) ?? this.#newPeer(base, origin)
    if (origin === 'added' && peer.origin === 'found') peer.origin = origin
    this.#up(peer)
  }

  /** Lets go of a gateway for good. */
  #drop(peer: GatewayPeer): void {
    const { isUp } = peer
    peer.isUp = false
    this.#peers.delete(peer.base)
    peer.cancelRetry?.()
    endPeer(peer)
    if (isUp) this.#handler?.disconnected(peer.base)
  }

  #up(peer: GatewayPeer): void {
    if (peer.isUp || this.#peers.get(peer.base) !== peer) return
    peer.isUp = true
    peer.cancelRetry?.()
    this.#handler?.connected(peer.base, ABILITIES)
  }

  /** Takes the gateway out for a while: as long as it says, else twice as long each time. */
  #down(peer: GatewayPeer, { retryMs }: { readonly reason: string; readonly retryMs?: number | undefined }): void {
    if (!peer.isUp) return
    if (peer.origin === 'found') return this.#drop(peer)
    peer.isUp = false
    endPeer(peer)
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
      if (this.#peers.get(peer.base) !== peer) return
      const delayMs = Math.min(GATEWAY_COOLDOWN_MS * 2 ** peer.failures, GATEWAY_COOLDOWN_MS_MAX)
      peer.failures++
      peer.cancelRetry = this.#clock.after(delayMs, () => void this.#retry(peer))
    }
  }

  #newPeer(base: PeerId, origin: GatewayPeer['origin']): GatewayPeer {
    const dag = new GatewayDag({
      base,
      clock: this.#clock,
      give: (block) => this.#give(peer, block),
      ended: () => this.#fill(peer),
      lied: (reason) => this.#down(peer, { reason, retryMs: GATEWAY_COOLDOWN_MS_MAX }),
    })
    const peer: GatewayPeer = {
      base,
      origin,
      wants: new Map(),
      dag,
      answers: new AnswerLine(async (message, { hasBlocks }) => {
        if (hasBlocks) peer.failures = 0
        await this.#handler?.message(base, message)
      }),
      running: 0,
      isUp: false,
      failures: 0,
      cancelRetry: undefined,
    }
    this.#peers.set(base, peer)
    return peer
  }

  /** Begins what a CAR neither brings nor would bring. */
  #fill(peer: GatewayPeer): void {
    if (!peer.isUp) return
    if (!peer.dag.isReading) {
      const wanted = peer.wants.values().filter(({ entry }) => entry.type === 'block')
      peer.dag.ask(Array.from(wanted, ({ entry }) => entry.cid))
    }
    for (const [key, request] of peer.wants) {
      if (peer.running >= GATEWAY_REQUESTS_MAX) return
      if (!request.isRunning && !peer.dag.isComing(key)) void this.#run(peer, request)
    }
  }

  /** Hands a block on that a CAR brought, if it is wanted. */
  async #give(peer: GatewayPeer, block: Block): Promise<boolean> {
    const key = blockKey(block.cid)
    const request = peer.wants.get(key)
    if (request === undefined) return false
    peer.wants.delete(key)
    request.stop.abort()
    const told = peer.answers.tell({ cid: request.entry.cid, answer: block.bytes })
    if (peer.answers.isFull) await told
    return true
  }

  async #run(peer: GatewayPeer, request: Request): Promise<void> {
    const { entry, stop } = request
    const key = blockKey(entry.cid)
    peer.running++
    request.isRunning = true
    try {
      const method = entry.type === 'block' ? 'GET' : 'HEAD'
      const answer = await requestBlock(peer.base, entry.cid, { method, signal: stop.signal })
      if (peer.wants.get(key) !== request) return
      peer.wants.delete(key)
      if (answer.kind === 'block') learn(peer, entry.cid, answer.bytes)
      if (answer.kind === 'failed') this.#down(peer, answer)
      else
        await peer.answers.tell({
          cid: entry.cid,
          answer: answer.kind === 'block' ? answer.bytes : answer.kind === 'has',
        })
    } catch (error) {
      if (!stop.signal.aborted) throw error
    } finally {
      peer.running--
      if (peer.isUp) this.#fill(peer)
    }
  }
}

/** Takes note of what the gateway gave; wrong bytes are for whoever takes them to find. */
function learn({ dag }: GatewayPeer, cid: CID, bytes: Uint8Array): void {
  if (!mayHaveLinks(cid)) return dag.passed(blockKey(cid), bytes.length)
  try {
    dag.learn(verifyBlock(cid, bytes))
  } catch (error) {
    if (!isCairnError(error)) throw error
  }
}

function stopAll(peer: GatewayPeer): void {
  for (const { stop } of peer.wants.values()) stop.abort()
  peer.wants.clear()
}

/** Forgets what it gave, too. */
function endPeer(peer: GatewayPeer): void {
  stopAll(peer)
  peer.answers.clear()
  peer.dag.close()
}
