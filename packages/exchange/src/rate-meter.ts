// How many bytes passed, and how fast of late.
import type { Clock } from '@cairn/core'
import { METER_MS } from './limits.ts'

/** Counts bytes; the rate is an average in which what passed a few seconds ago hardly counts. */
export class RateMeter {
  readonly #clock: Clock
  #total = 0
  #bytesPerMs = 0
  #addedAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Bytes since it was made. */
  get total(): number {
    return this.#total
  }

  get bytesPerSecond(): number {
    return 1000 * this.#bytesPerMs * this.#fading(this.#clock.now())
  }

  add(bytes: number): void {
    const now = this.#clock.now()
    this.#bytesPerMs = this.#bytesPerMs * this.#fading(now) + bytes / METER_MS
    this.#addedAt = now
    this.#total += bytes
  }

  #fading(now: number): number {
    return Math.exp((this.#addedAt - now) / METER_MS)
  }
}
