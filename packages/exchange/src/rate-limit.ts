// How fast blocks may go up and come down: in all and for each peer, by the hour of the week. Buckets may run into debt by one
// message, which the next one waits for: so nobody has to know sizes beforehand, and nothing is held in memory while waiting.
import type { Clock, PeerId } from '@cairn/core'
import { LIMITED_ANSWER_BYTES_MIN, RATE_BURST_MS, RATE_LOOK_MS, WEEK_MINUTES } from './limits.ts'

/** Bytes a second; what is not given is not limited. */
export interface RateLimits {
  readonly up?: number | undefined
  readonly down?: number | undefined
  readonly peerUp?: number | undefined
  readonly peerDown?: number | undefined
}

/** Limits that hold in one part of each week in place of the others. */
export interface RateSpan extends RateLimits {
  /** Minutes since Sunday, 0:00, in local time. An end before the start is in the next week. */
  readonly fromMinute: number
  readonly toMinute: number
}

/** All that is to be said about rates. */
export interface RatePlan extends RateLimits {
  /** Peers on this machine and in private networks are not limited; false by default. */
  readonly exemptLocal?: boolean | undefined
  /** The first span that holds now counts. */
  readonly schedule?: readonly RateSpan[] | undefined
}

/** Which way bytes go. */
export type Direction = 'up' | 'down'

/** What a limiter needs from outside. */
export interface RateLimiterParts {
  readonly clock: Clock
  /** Minutes since Sunday, 0:00, in local time. */
  weekMinute(): number
  isLocal(peer: PeerId): boolean
}

/** Says who has to wait. A plan may change at any time; who waits learns of it within a second. */
export class RateLimiter {
  readonly #parts: RateLimiterParts
  readonly #all = { up: new Bucket(), down: new Bucket() }
  readonly #peers = new Map<PeerId, Readonly<Record<Direction, Bucket>>>()
  #plan: RatePlan

  constructor(parts: RateLimiterParts, plan: RatePlan = {}) {
    this.#parts = parts
    this.#plan = plan
  }

  setPlan(plan: RatePlan): void {
    this.#plan = plan
  }

  /** The limits that hold now. */
  get limits(): RateLimits {
    const { schedule = [] } = this.#plan
    if (schedule.length === 0) return this.#plan
    const minute = this.#parts.weekMinute()
    return schedule.find((span) => isWithin(span, minute)) ?? this.#plan
  }

  /**
   * Milliseconds until bytes may go to or come from the peer, 0 for now. Ask again after it: the plan may have changed,
   * or another peer have been first. Never more than a second.
   */
  waitMs(peer: PeerId, direction: Direction): number {
    const [all, each] = this.#ratesOf(peer, direction)
    if (all === undefined && each === undefined) return 0
    const now = this.#parts.clock.now()
    const wait = Math.max(this.#all[direction].waitMs(now, all), this.#bucketsOf(peer)[direction].waitMs(now, each))
    return Math.min(wait, RATE_LOOK_MS)
  }

  /** Takes `bytes` off what may go; fewer than 0 give back what was taken and not used. */
  charge(peer: PeerId, direction: Direction, bytes: number): void {
    const [all, each] = this.#ratesOf(peer, direction)
    if (all === undefined && each === undefined) return
    const now = this.#parts.clock.now()
    this.#all[direction].take(now, all, bytes)
    this.#bucketsOf(peer)[direction].take(now, each, bytes)
  }

  /** Bytes that one answer to the peer should have at most: fewer on slow limits, so that it does not come in gusts. */
  answerBytes(peer: PeerId, bytesMax: number): number {
    const rates = this.#ratesOf(peer, 'up').filter((rate) => rate !== undefined)
    const burst = Math.min(...rates.map(burstOf))
    return Math.min(bytesMax, Math.max(LIMITED_ANSWER_BYTES_MIN, burst))
  }

  /** Resolves when bytes may pass again, or when `isOver` says that nobody waits for it any more. */
  async pass(peer: PeerId, direction: Direction, isOver: () => boolean): Promise<void> {
    for (let wait = this.waitMs(peer, direction); wait > 0 && !isOver(); wait = this.waitMs(peer, direction)) {
      const ms = wait
      await new Promise<void>((resolve) => void this.#parts.clock.after(ms, resolve))
    }
  }

  /** The peer has gone. What it owes the others' share stays owed. */
  forget(peer: PeerId): void {
    this.#peers.delete(peer)
  }

  #ratesOf(peer: PeerId, direction: Direction): [all: number | undefined, each: number | undefined] {
    const { up, down, peerUp, peerDown } = this.limits
    const rates: [number | undefined, number | undefined] = direction === 'up' ? [up, peerUp] : [down, peerDown]
    const isLimited = rates[0] !== undefined || rates[1] !== undefined
    return isLimited && this.#plan.exemptLocal === true && this.#parts.isLocal(peer) ? [undefined, undefined] : rates
  }

  #bucketsOf(peer: PeerId): Readonly<Record<Direction, Bucket>> {
    let buckets = this.#peers.get(peer)
    if (buckets === undefined) {
      buckets = { up: new Bucket(), down: new Bucket() }
      this.#peers.set(peer, buckets)
    }
    return buckets
  }
}

/** What may go now, in bytes; below 0 what has gone too early. Full at first. */
class Bucket {
  #bytes = Number.POSITIVE_INFINITY
  #filledAt = 0

  waitMs(now: number, rate: number | undefined): number {
    this.#fill(now, rate)
    return rate === undefined || this.#bytes > 0 ? 0 : Math.ceil(((1 - this.#bytes) * 1000) / rate)
  }

  take(now: number, rate: number | undefined, bytes: number): void {
    this.#fill(now, rate)
    this.#bytes -= bytes
  }

  /** Without a limit it is full; what was owed under an earlier one is forgotten. */
  #fill(now: number, rate: number | undefined): void {
    const gained = rate === undefined ? Number.POSITIVE_INFINITY : ((now - this.#filledAt) * rate) / 1000
    this.#bytes = Math.min(rate === undefined ? gained : burstOf(rate), this.#bytes + gained)
    this.#filledAt = now
  }
}

function burstOf(rate: number): number {
  return (rate * RATE_BURST_MS) / 1000
}

function isWithin({ fromMinute, toMinute }: RateSpan, minute: number): boolean {
  const length = (toMinute - fromMinute + WEEK_MINUTES) % WEEK_MINUTES
  return (minute - fromMinute + WEEK_MINUTES) % WEEK_MINUTES < (length === 0 ? WEEK_MINUTES : length)
}
