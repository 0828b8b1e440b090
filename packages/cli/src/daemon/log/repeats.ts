// Lets one message pass so many times a period, and counts the rest of them: messages are fixed texts, so there are few.
import { REPEATS_MAX, REPEATS_MS } from './limits.ts'

interface Period {
  sinceMs: number
  lines: number
  left: number
}

/** Bounds how often messages are told. */
export class Repeats {
  readonly #periods = new Map<string, Period>()
  readonly #now: () => number

  /** @param now milliseconds, rising */
  constructor(now: () => number) {
    this.#now = now
  }

  /** How many of `message` were left out before this one, or `undefined` to leave it out as well. */
  pass(message: string): number | undefined {
    const nowMs = this.#now()
    const period = this.#periods.get(message) ?? { sinceMs: nowMs, lines: 0, left: 0 }
    this.#periods.set(message, period)
    let leftBefore = 0
    if (nowMs - period.sinceMs >= REPEATS_MS) {
      leftBefore = period.left
      Object.assign(period, { sinceMs: nowMs, lines: 0, left: 0 })
    }
    if (period.lines >= REPEATS_MAX) {
      period.left++
      return undefined
    }
    period.lines++
    return leftBefore
  }
}
