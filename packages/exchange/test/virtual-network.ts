// A network inside one process and one seed: links with delay, bandwidth and jitter, nodes whose links share one line up
// and one down, connections that come and go, nodes whose messages a test rewrites. The same seed gives the same log.
import { createHash } from 'node:crypto'
import {
  CairnError,
  isCairnError,
  type AbortOptions,
  type Network,
  type NetworkHandler,
  type PeerAbilities,
  type PeerId,
} from '@cairn/core'
import type { VirtualClock } from './virtual-clock.ts'
import { Lane, Line } from './virtual-lane.ts'

/** How one link behaves in both directions. */
export interface LinkQuality {
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly bytesPerMs?: number
}

/** What all links of one node share, in bytes a millisecond; no bound by default. */
export interface LineQuality {
  readonly upBytesPerMs?: number
  readonly downBytesPerMs?: number
}

/** Told of every message that arrives, before the handler gets it. */
export type Watcher = (from: PeerId, to: PeerId, message: Uint8Array) => void

/** Numbers from 0 to 1 that a seed fixes (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export class VirtualNetwork {
  readonly clock: VirtualClock
  /** One line for each thing that happened, unless `keepsLog` is false. */
  readonly log: string[] = []
  keepsLog = true
  watch: Watcher = () => undefined
  onDisconnect: (a: PeerId, b: PeerId) => void = () => undefined
  readonly #random: () => number
  readonly #nodes = new Map<PeerId, VirtualNode>()
  readonly #lanes = new Map<PeerId, Map<PeerId, Lane>>()

  constructor(clock: VirtualClock, seed = 1) {
    this.clock = clock
    this.#random = randomFrom(seed)
  }

  node(id: PeerId): VirtualNode {
    const node = this.#nodes.get(id) ?? new VirtualNode(id, this)
    this.#nodes.set(id, node)
    return node
  }

  connect(a: PeerId, b: PeerId, quality: LinkQuality = {}): void {
    if (a === b || this.lane(a, b) !== undefined) return
    this.note(`connect ${a} ${b}`)
    for (const [from, to] of bothWays(a, b)) {
      const [sender, receiver] = [this.node(from), this.node(to)]
      const lane = new Lane(
        {
          clock: this.clock,
          random: this.#random,
          up: sender.up,
          down: receiver.down,
          deliver: (bytes) => this.#deliver(from, receiver, bytes),
        },
        quality,
      )
      const lanes = this.#lanes.get(from) ?? new Map<PeerId, Lane>()
      this.#lanes.set(from, lanes.set(to, lane))
    }
    for (const [at, other] of bothWays(a, b)) this.node(at).handler?.connected(other, this.node(other).abilities)
  }

  /** Breaks the connection: what is on its way is lost. */
  disconnect(a: PeerId, b: PeerId): void {
    if (this.lane(a, b) === undefined) return
    this.note(`disconnect ${a} ${b}`)
    this.onDisconnect(a, b)
    for (const [from, to] of bothWays(a, b)) {
      this.lane(from, to)?.close()
      this.#lanes.get(from)?.delete(to)
    }
    for (const [at, other] of bothWays(a, b)) this.node(at).handler?.disconnected(other)
  }

  lane(from: PeerId, to: PeerId): Lane | undefined {
    return this.#lanes.get(from)?.get(to)
  }

  peersOf(id: PeerId): PeerId[] {
    return [...(this.#lanes.get(id)?.keys() ?? [])]
  }

  note(line: string): void {
    if (this.keepsLog) this.log.push(`${this.clock.now().toFixed(3)} ${line}`)
  }

  async #deliver(from: PeerId, to: VirtualNode, bytes: Uint8Array): Promise<void> {
    if (this.keepsLog) {
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
      this.note(`${from}>${to.self} ${bytes.length} ${digest}`)
    }
    this.watch(from, to.self, bytes)
    try {
      await to.handler?.message(from, bytes)
    } catch (error) {
      // A real network ends the stream that it came on, and the peer opens another one.
      if (!isCairnError(error)) throw error
      this.note(`${to.self} refused a message of ${from}`)
    }
  }
}

function bothWays(a: PeerId, b: PeerId): readonly (readonly [PeerId, PeerId])[] {
  return [
    [a, b],
    [b, a],
  ]
}

/** One node's end of the network. */
export class VirtualNode implements Network {
  readonly self: PeerId
  readonly #network: VirtualNetwork
  handler: NetworkHandler | undefined
  /** What others hear of it when they connect. */
  abilities: PeerAbilities = { presences: true }
  up: Line
  down: Line
  /** Peers that this node has reset, with the reasons. */
  readonly resets: [PeerId, string][] = []
  /** What really leaves in place of a message: nothing for a peer that stalls, other bytes for one that lies. */
  tamper: (message: Uint8Array, to: PeerId) => readonly Uint8Array[] = (message) => [message]

  constructor(self: PeerId, network: VirtualNetwork) {
    this.self = self
    this.#network = network
    this.up = this.down = new Line(network.clock, Infinity)
  }

  /** Bounds what all links of this node carry together; for links made from now on. */
  limit({ upBytesPerMs = Infinity, downBytesPerMs = Infinity }: LineQuality): void {
    this.up = new Line(this.#network.clock, upBytesPerMs)
    this.down = new Line(this.#network.clock, downBytesPerMs)
  }

  attach(handler: NetworkHandler): void {
    this.handler = handler
    for (const peer of this.#network.peersOf(this.self)) handler.connected(peer, this.#network.node(peer).abilities)
  }

  async send(peer: PeerId, message: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const lane = this.#network.lane(this.self, peer)
    if (lane === undefined) throw new CairnError('UNAVAILABLE', `Cannot send to ${peer}: not connected`)
    for (const bytes of this.tamper(message, peer)) lane.carry(bytes)
    await lane.hasRoom(signal)
  }

  reset(peer: PeerId, reason: string): void {
    this.resets.push([peer, reason])
    this.#network.disconnect(this.self, peer)
  }

  async close(): Promise<void> {
    for (const peer of this.#network.peersOf(this.self)) this.#network.disconnect(this.self, peer)
  }
}
