// When blocks are expected of one peer: from what is measured of it, what it owes, and the time. Also whether its silence is
// its own: for as long as it is held, nothing of it is read.
import type { Clock } from '@cairn/core'
import {
  HIT_RATE_MIN,
  LACKS_MS_MIN,
  LACKS_TRIPS,
  LOST_DRAINS,
  PIPE_BYTES,
  REPEAT_MS,
  SILENCE_MS,
  SILENCE_SEEN_MS,
} from './limits.ts'
import type { Asks } from './asks.ts'
import type { AskStanding } from './fetch-trace.ts'
import type { PeerEstimate } from './peer-estimate.ts'
import type { Ask } from './want.ts'

/** What a forecast is made from. */
interface ForecastParts {
  readonly clock: Clock
  readonly asks: Asks
  readonly estimate: PeerEstimate
}

/** What is to be expected of one peer. Times are milliseconds. */
export class Forecast {
  readonly #clock: Clock
  readonly #asks: Asks
  readonly #estimate: PeerEstimate
  /** When the peer was given something to do after it had nothing. */
  #busyAt = 0
  /** Whether it is not trusted to send anything until it does. */
  isStalled = false
  /** Whether what it sends is not read for now. */
  isHeld = false

  constructor({ clock, asks, estimate }: ForecastParts) {
    this.#clock = clock
    this.#asks = asks
    this.#estimate = estimate
  }

  /** It is about to be asked for a block: if it has nothing to do, its time begins now. */
  begin(): void {
    if (this.#asks.openAsks > 0) return
    this.#busyAt = this.#clock.now()
    this.#estimate.start(this.#busyAt, { isOwing: this.#asks.dueAsks > 0 })
  }

  /** Until a block of `bytes` is here, stretched by the doubt that the peer has it at all. */
  costMs(bytes: number, { isKnown }: { readonly isKnown: boolean }): number {
    const { bytesPerMs, roundTripMs, hitRate } = this.#estimate
    const chance = this.isStalled ? HIT_RATE_MIN : isKnown ? 1 : hitRate
    return (roundTripMs + (this.#asks.dueBytes + bytes) / bytesPerMs + this.lateMs(this.#busyAt)) / chance
  }

  /** Until the block of `ask` comes; `Infinity` when it is not expected. */
  remainingMs(ask: Ask | undefined): number {
    if (ask?.state !== 'open') return Infinity
    return this.#asks.bytesUntil(ask) / this.#estimate.bytesPerMs + this.lateMs(ask.askedAt)
  }

  /** Whether so much comes before the block of `ask` that the peer will not have begun to send it when CANCEL comes. */
  isFar(ask: Ask | undefined): boolean {
    if (ask?.state !== 'open') return false
    const { bytesPerMs, roundTripMs } = this.#estimate
    return this.#asks.bytesBefore(ask) >= PIPE_BYTES + bytesPerMs * roundTripMs
  }

  /** Whether it has sent nothing for longer than can be laid to how unevenly it sends; if it never has, to its distance. */
  get isLate(): boolean {
    const { isProven, patienceMs } = this.#estimate
    return this.isStalled || this.lateMs(this.#busyAt) > (isProven ? patienceMs : 0)
  }

  /** How long after its time the peer is with what it was asked for at `askedAt`. */
  lateMs(askedAt: number): number {
    const { openAsks, dueBytes } = this.#asks
    return openAsks === 0 || this.isHeld ? 0 : this.#estimate.lateMs(this.#clock.now(), { dueBytes, askedAt })
  }

  /** Whether blocks are expected and none has come for too long. */
  get isSilent(): boolean {
    return !this.isHeld && this.#asks.openAsks > 0 && this.#estimate.isSilent(this.#clock.now())
  }

  /** Whether the answer may well be on its way: others have come lately, and there was no time yet for this one. */
  isBusyWith({ state, askedAt }: Ask): boolean {
    const now = this.#clock.now()
    return state !== 'settled' && !this.#estimate.isIdle(now) && now - askedAt < REPEAT_MS + 2 * this.#drainMs
  }

  /** Whether a peer of its speed would have sent long ago what was asked: it was lost on the way. */
  isLost({ askedAt }: Ask): boolean {
    return askedAt <= this.#clock.now() - SILENCE_MS - LOST_DRAINS * this.#drainMs
  }

  /** Whether a peer that does not say what it lacks would have sent the block by now. */
  isLacked({ state, askedAt }: Ask): boolean {
    const patienceMs = Math.max(LACKS_MS_MIN, LACKS_TRIPS * (this.#estimate.roundTripMs + this.#drainMs))
    return state === 'open' && this.#clock.now() - askedAt > patienceMs
  }

  /** How `ask` stands; for people to see. */
  standing(ask: Ask): Omit<AskStanding, 'peer'> {
    const { type, state, presence, sent, askedAt } = ask
    const sinceMs = this.#clock.now() - askedAt
    const isSilent = this.isStalled || this.lateMs(askedAt) >= SILENCE_SEEN_MS
    return { type, state, presence, sent, sinceMs, expectedMs: this.remainingMs(ask), isSilent }
  }

  /** What it sends is read again: its silence until now was ours. */
  release(): void {
    this.isHeld = false
    this.#estimate.resume(this.#clock.now())
  }

  /** Time that the peer should take for what it has not answered. */
  get #drainMs(): number {
    return this.#asks.dueBytes / this.#estimate.bytesPerMs
  }
}
