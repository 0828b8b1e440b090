// Peers that broke the protocol: once costs them a stream, again and again the connection, and then they are not talked to for
// a while. A handshake, which takes milliseconds of a core, tells who comes, so those who come back wear out the welcome of the
// address they come from. Identities cost nothing, so this stops what is broken; what means harm is bounded by what one
// connection may do.
import type { Clock, PeerId } from '@cairn/core'
import { BoundedMap } from '../client/bounded-map.ts'
import { BREACHES_MAX, BREACHES_MS, OFFENDERS_MAX, REFUSED_MS, RETURN_MS, RETURNS_MAX } from './limits.ts'
import { Refusals } from './refusals.ts'

interface Offender {
  readonly breaches: number
  /** When the first of them was. */
  readonly sinceMs: number
  readonly refusedUntilMs: number
}

/** Remembers the peers that broke the protocol last, and from where they came back. */
export class Offenders {
  readonly #clock: Clock
  readonly #peers = new BoundedMap<Offender>(OFFENDERS_MAX)
  /** By address: when all its returns will be forgiven. */
  readonly #returns = new BoundedMap<number>(OFFENDERS_MAX)

  readonly #refusals: Refusals

  /** @param refusals where those are counted that are sent away at the door */
  constructor(clock: Clock, refusals = new Refusals()) {
    this.#clock = clock
    this.#refusals = refusals
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

  /** Whether a connection from `address` may begin its handshake: not while refused peers keep coming from there. */
  mayCome(address: string): boolean {
    const mayCome = this.#owedMs(address) <= (RETURNS_MAX - 1) * RETURN_MS
    if (!mayCome) this.#refusals.count('peer-refused')
    return mayCome
  }

  /** Whether the peer that has come from `address` may stay; that it may not is remembered of the address. */
  mayStay(peer: PeerId, address: string): boolean {
    if (!this.isRefused(peer)) return true
    this.#refusals.count('peer-refused')
    const owedMs = Math.min(this.#owedMs(address) + RETURN_MS, RETURNS_MAX * RETURN_MS)
    this.#returns.set(address, this.#clock.now() + owedMs)
    return false
  }

  #owedMs(address: string): number {
    return Math.max(0, (this.#returns.get(address) ?? 0) - this.#clock.now())
  }
}
