// Peers that broke the protocol: once costs them a stream, again and again the connection, and then they are not talked to for
// a while. Identities cost nothing, so this stops what is broken; what means harm is bounded by what one connection may do.
import type { Clock, PeerId } from '@cairn/core'
import { BoundedMap } from '../client/bounded-map.ts'
import { BREACHES_MAX, BREACHES_MS, OFFENDERS_MAX, REFUSED_MS } from '../limits.ts'

interface Offender {
  readonly breaches: number
  /** When the first of them was. */
  readonly sinceMs: number
  readonly refusedUntilMs: number
}

/** Remembers the peers that broke the protocol last. */
export class Offenders {
  readonly #clock: Clock
  readonly #peers = new BoundedMap<Offender>(OFFENDERS_MAX)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes note of one more; whether the peer is refused from now on. */
  add(peer: PeerId): boolean {
    const nowMs = this.#clock.now()
    const known = this.#peers.get(peer)
    const isRecent = known !== undefined && nowMs - known.sinceMs < BREACHES_MS
    const breaches = isRecent ? known.breaches + 1 : 1
    const isRefused = breaches >= BREACHES_MAX
    this.#peers.set(peer, {
      breaches,
      sinceMs: isRecent ? known.sinceMs : nowMs,
      refusedUntilMs: isRefused ? nowMs + REFUSED_MS : -Infinity,
    })
    return isRefused
  }

  isRefused(peer: PeerId): boolean {
    return (this.#peers.get(peer)?.refusedUntilMs ?? -Infinity) > this.#clock.now()
  }
}
