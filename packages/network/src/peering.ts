// Peers that a node is always connected to: dialled at once, and again whenever they go, at growing intervals while they
// cannot be reached. Times come from a Clock and chance from outside, so that a test can turn both.
import type { AbortOptions, Clock, PeerId } from '@cairn/core'
import { REDIAL_FACTOR, REDIAL_JITTER, REDIAL_MS, REDIAL_MS_MAX } from './limits.ts'

/** A peer to stay connected to. */
export interface PeeringPeer {
  readonly peer: PeerId
  /** Where it may be reached; without any, only as it has told us itself. */
  readonly addresses: readonly string[]
}

/** What peering is built of. */
export interface PeeringParts {
  /** Connects, or finds it connected. */
  connect(target: PeeringPeer, options: AbortOptions): Promise<unknown>
  /** Whether a connection to the peer is spared when there are too many. */
  spare(peer: PeerId, isSpared: boolean): Promise<unknown>
  isConnected(peer: PeerId): boolean
  readonly clock: Clock
  /** Chance from 0 to below 1. */
  random(): number
}

/** One peer of the list. */
interface Entry {
  readonly target: PeeringPeer
  readonly closing: AbortController
  delayMs: number
  isDialling: boolean
  cancelRedial: (() => void) | undefined
}

/** Keeps connections to a list of peers. Whoever watches the host tells it who goes. */
export class Peering implements Disposable {
  readonly #parts: PeeringParts
  readonly #entries = new Map<PeerId, Entry>()

  constructor(parts: PeeringParts) {
    this.#parts = parts
  }

  get peers(): readonly PeeringPeer[] {
    return Array.from(this.#entries.values(), ({ target }) => target)
  }

  /** Replaces the list. Peers that leave it stay connected, but nobody calls them back. */
  setPeers(peers: readonly PeeringPeer[]): void {
    const wanted = new Map(peers.map((target) => [target.peer, target]))
    for (const [peer, entry] of this.#entries) {
      const target = wanted.get(peer)
      if (target !== undefined && isSame(target, entry.target)) wanted.delete(peer)
      else this.#drop(entry)
    }
    for (const target of wanted.values()) {
      const entry: Entry = {
        target,
        closing: new AbortController(),
        delayMs: REDIAL_MS,
        isDialling: false,
        cancelRedial: undefined,
      }
      this.#entries.set(target.peer, entry)
      void this.#spare(target.peer, true)
      void this.#dial(entry)
    }
  }

  /** A peer has no connection left. */
  disconnected(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry !== undefined) this.#redialLater(entry)
  }

  /** Ends all dials; connections stay. */
  close(): void {
    for (const entry of this.#entries.values()) this.#drop(entry)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #dial(entry: Entry): Promise<void> {
    if (entry.isDialling || entry.closing.signal.aborted) return
    entry.isDialling = true
    try {
      await this.#parts.connect(entry.target, { signal: entry.closing.signal })
      entry.delayMs = REDIAL_MS
    } catch {
      // That it cannot be reached now is no news: it is tried again.
      entry.delayMs = Math.min(entry.delayMs * REDIAL_FACTOR, REDIAL_MS_MAX)
    } finally {
      entry.isDialling = false
    }
    // It may have gone while the dial was ending, and nobody tells twice.
    if (!this.#parts.isConnected(entry.target.peer)) this.#redialLater(entry)
  }

  #redialLater(entry: Entry): void {
    if (entry.closing.signal.aborted || entry.isDialling) return
    const { clock } = this.#parts
    const jitter = 1 + REDIAL_JITTER * (2 * this.#parts.random() - 1)
    entry.cancelRedial ??= clock.after(entry.delayMs * jitter, () => {
      entry.cancelRedial = undefined
      void this.#dial(entry)
    })
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.target.peer)
    entry.cancelRedial?.()
    entry.closing.abort()
    void this.#spare(entry.target.peer, false)
  }

  async #spare(peer: PeerId, isSpared: boolean): Promise<void> {
    try {
      await this.#parts.spare(peer, isSpared)
    } catch {
      // The host is closing. A connection that is not spared costs a dial, no more.
    }
  }
}

function isSame(one: PeeringPeer, other: PeeringPeer): boolean {
  return one.addresses.join(' ') === other.addresses.join(' ')
}
