// Whose turn it is: customers take turns, one answer a turn, so that peers get like shares however much they ask for. A slow
// peer holds its own turns alone.
import type { Clock } from '@cairn/core'
import {
  ANSWERS_MAX,
  ANSWERS_PER_PEER,
  BUSY_ANSWERS,
  HELD_MS,
  LATE_ANSWERS_MAX,
  LATE_MS,
  LATE_NEW_MS,
  SEND_TIMEOUT_MS,
} from './limits.ts'
import type { RateLimiter } from '../rate-limit.ts'
import type { Customer } from './customer.ts'

/** What a line needs from outside. */
export interface LineParts {
  readonly clock: Clock
  readonly limiter: RateLimiter
  /** Makes and sends one answer; never rejects. */
  readonly serve: (customer: Customer) => Promise<void>
  /** Lets go of a customer that does not take what it asked for. */
  readonly drop: (customer: Customer) => void
}

/** Gives turns to the customers that have work, in the order in which they lined up. */
export class Line {
  readonly #clock: Clock
  readonly #limiter: RateLimiter
  readonly #serve: LineParts['serve']
  readonly #drop: LineParts['drop']
  /** Customers whose turn may come, the next one first. */
  readonly #ready = new Set<Customer>()
  /** Customers that are sent nothing until another answer is done. */
  readonly #held = new Set<Customer>()
  readonly #answers = new Map<Promise<void>, Customer>()
  /** Answers that a customer is slow to take, the slowest first. These leave their place to others. */
  readonly #late = new Set<{ readonly customer: Customer }>()
  #cancelTurn: (() => void) | undefined
  #cancelWait: (() => void) | undefined
  #cancelHeld: (() => void) | undefined

  constructor({ clock, limiter, serve, drop }: LineParts) {
    this.#clock = clock
    this.#limiter = limiter
    this.#serve = serve
    this.#drop = drop
  }

  /** Puts a customer in line if it has work and an answer to spare, and has turns given soon. */
  join(customer: Customer): void {
    const { ledger, isGone, isChoosing, answers } = customer
    if (
      this.#held.has(customer) ||
      isGone ||
      isChoosing ||
      answers >= (this.#answers.size - this.#late.size > BUSY_ANSWERS ? 1 : ANSWERS_PER_PEER) ||
      !ledger.hasWork
    )
      return
    this.#ready.add(customer)
    this.#cancelTurn ??= this.#clock.after(0, () => {
      this.#cancelTurn = undefined
      this.#giveTurns()
    })
  }

  /** As `join`, for a customer that has new wants. */
  rejoin(customer: Customer): void {
    this.#held.delete(customer)
    this.join(customer)
  }

  /** Answers under way to others who take what they are sent, and so can pass it on. */
  othersBeside(customer: Customer): number {
    const now = this.#clock.now()
    return this.#answers.values().reduce((sum, other) => sum + (other !== customer && other.isTaking(now) ? 1 : 0), 0)
  }

  /** Lets a customer wait until another answer is done, or for a moment. */
  hold(customer: Customer): void {
    this.#held.add(customer)
    this.#cancelHeld ??= this.#clock.after(HELD_MS, () => this.#release())
  }

  leave(customer: Customer): void {
    this.#held.delete(customer)
    this.#ready.delete(customer)
  }

  /** Waits for `sending`: a customer that takes its time lets others go on, and is dropped in the end. */
  async timed(customer: Customer, sending: Promise<void>): Promise<void> {
    const entry = { customer }
    const leave = (): void => {
      if (!customer.isProven && this.#late.size < LATE_ANSWERS_MAX) this.#passBy(entry)
    }
    const cancelEarly = this.#clock.after(LATE_NEW_MS, leave)
    const cancelLate = this.#clock.after(LATE_MS, () => this.#passBy(entry))
    const cancelTimeout = this.#clock.after(SEND_TIMEOUT_MS, () => this.#drop(customer))
    try {
      await sending
    } finally {
      cancelTimeout()
      cancelEarly()
      cancelLate()
      this.#late.delete(entry)
    }
  }

  /** Gives no more turns; resolves when nothing is being read or sent any more. */
  async close(): Promise<void> {
    this.#cancelTurn?.()
    this.#cancelWait?.()
    this.#cancelHeld?.()
    this.#ready.clear()
    await Promise.all(this.#answers.keys())
  }

  /** Who is over a rate keeps its place, and nothing is read for it meanwhile. */
  #giveTurns(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
    let waitMs = Number.POSITIVE_INFINITY
    for (const customer of this.#ready) {
      if (this.#answers.size - this.#late.size >= ANSWERS_MAX) return
      const ms = this.#limiter.waitMs(customer.peer, 'up')
      if (ms > 0) {
        waitMs = Math.min(waitMs, ms)
        continue
      }
      this.#ready.delete(customer)
      const answer = this.#serve(customer).finally(() => {
        this.#answers.delete(answer)
        if (!this.#held.has(customer)) this.#release()
        this.#giveTurns()
      })
      this.#answers.set(answer, customer)
    }
    if (waitMs < Number.POSITIVE_INFINITY) this.#cancelWait = this.#clock.after(waitMs, () => this.#giveTurns())
  }

  #release(): void {
    this.#cancelHeld?.()
    this.#cancelHeld = undefined
    const held = [...this.#held]
    this.#held.clear()
    for (const customer of held) this.join(customer)
  }

  /** Lets others go on while a customer takes its time; when too many do, the slowest is let go. */
  #passBy(entry: { readonly customer: Customer }): void {
    this.#late.add(entry)
    const [slowest] = this.#late
    if (slowest !== undefined && this.#late.size > LATE_ANSWERS_MAX) this.#drop(slowest.customer)
    this.#giveTurns()
  }
}
