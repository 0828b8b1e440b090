// A network inside one process and one seed: links with delay, bandwidth and jitter, connections that come and go, nodes
// whose messages a test rewrites. The same seed gives the same log.
import { createHash } from 'node:crypto'
import { CairnError, type AbortOptions, type Clock, type Network, type NetworkHandler, type PeerId } from '@cairn/core'

/** How one link behaves in both directions. */
export interface LinkQuality {
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly bytesPerMs?: number
}

/** Bytes on their way before `send` waits: a socket's buffer. */
const LANE_BYTES = 256 * 1024

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
  readonly clock: Clock
  /** One line for each thing that happened. */
  readonly log: string[] = []
  readonly #random: () => number
  readonly #nodes = new Map<PeerId, VirtualNode>()
  readonly #lanes = new Map<string, Lane>()

  constructor(clock: Clock, seed = 1) {
    this.clock = clock
    this.#random = randomFrom(seed)
  }

  node(id: PeerId): VirtualNode {
    const node = this.#nodes.get(id) ?? new VirtualNode(id, this)
    this.#nodes.set(id, node)
    return node
  }

  connect(a: PeerId, b: PeerId, quality: LinkQuality = {}): void {
    if (this.#lanes.has(`${a}>${b}`)) return
    this.note(`connect ${a} ${b}`)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#lanes.set(
        `${from}>${to}`,
        new Lane({ from, to: this.node(to), network: this, random: this.#random }, quality),
      )
    }
    for (const [at, other] of [
      [a, b],
      [b, a],
    ] as const)
      this.node(at).handler?.connected(other)
  }

  /** Breaks the connection: what is on its way is lost. */
  disconnect(a: PeerId, b: PeerId): void {
    if (!this.#lanes.has(`${a}>${b}`)) return
    this.note(`disconnect ${a} ${b}`)
    for (const name of [`${a}>${b}`, `${b}>${a}`]) {
      this.#lanes.get(name)?.close()
      this.#lanes.delete(name)
    }
    for (const [at, other] of [
      [a, b],
      [b, a],
    ] as const)
      this.node(at).handler?.disconnected(other)
  }

  lane(from: PeerId, to: PeerId): Lane | undefined {
    return this.#lanes.get(`${from}>${to}`)
  }

  peersOf(id: PeerId): PeerId[] {
    return [...this.#lanes.keys()].filter((name) => name.startsWith(`${id}>`)).map((name) => name.slice(id.length + 1))
  }

  note(line: string): void {
    this.log.push(`${this.clock.now().toFixed(3)} ${line}`)
  }
}

/** One node's end of the network. */
export class VirtualNode implements Network {
  readonly self: PeerId
  readonly #network: VirtualNetwork
  handler: NetworkHandler | undefined
  /** Peers that this node has reset, with the reasons. */
  readonly resets: [PeerId, string][] = []
  /** What really leaves in place of a message: nothing for a peer that stalls, other bytes for one that lies. */
  tamper: (message: Uint8Array, to: PeerId) => readonly Uint8Array[] = (message) => [message]

  constructor(self: PeerId, network: VirtualNetwork) {
    this.self = self
    this.#network = network
  }

  attach(handler: NetworkHandler): void {
    this.handler = handler
    for (const peer of this.#network.peersOf(this.self)) handler.connected(peer)
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

interface LaneParts {
  readonly from: PeerId
  readonly to: VirtualNode
  readonly network: VirtualNetwork
  readonly random: () => number
}

/** One direction of a connection: in order, one message handled at a time. */
class Lane {
  readonly #parts: LaneParts
  readonly #quality: Required<LinkQuality>
  #isOpen = true
  #freeAt = 0
  #arrivesAt = 0
  #pendingBytes = 0
  #handled: Promise<void> = Promise.resolve()
  readonly #waiters = new Set<{ resolve: () => void; reject: (reason: unknown) => void }>()

  constructor(parts: LaneParts, { delayMs = 1, jitterMs = 0, bytesPerMs = 100_000 }: LinkQuality) {
    this.#parts = parts
    this.#quality = { delayMs, jitterMs, bytesPerMs }
  }

  carry(bytes: Uint8Array): void {
    const { network, random } = this.#parts
    const now = network.clock.now()
    this.#pendingBytes += bytes.length
    this.#freeAt = Math.max(now, this.#freeAt) + bytes.length / this.#quality.bytesPerMs
    this.#arrivesAt = Math.max(
      this.#arrivesAt,
      this.#freeAt + this.#quality.delayMs + random() * this.#quality.jitterMs,
    )
    network.clock.after(this.#arrivesAt - now, () => {
      this.#handled = this.#handled.then(() => this.#deliver(bytes))
    })
  }

  async hasRoom(signal: AbortSignal | undefined): Promise<void> {
    while (this.#pendingBytes > LANE_BYTES) {
      const waiter = Promise.withResolvers<void>()
      const abort = (): void => waiter.reject(signal?.reason)
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', abort)
      try {
        await waiter.promise
      } finally {
        this.#waiters.delete(waiter)
        signal?.removeEventListener('abort', abort)
      }
    }
  }

  close(): void {
    this.#isOpen = false
    for (const { reject } of this.#waiters) reject(new CairnError('UNAVAILABLE', 'The connection broke'))
  }

  async #deliver(bytes: Uint8Array): Promise<void> {
    if (!this.#isOpen) return
    const { from, to, network } = this.#parts
    network.note(`${from}>${to.self} ${bytes.length} ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`)
    await to.handler?.message(from, bytes)
    this.#pendingBytes -= bytes.length
    for (const { resolve } of this.#waiters) resolve()
  }
}
