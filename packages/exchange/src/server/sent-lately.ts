// Which blocks went out lately, so that peers that want the same get different ones first, and pass them on to each other.
import type { Clock } from '@cairn/core'
import { SENT_LATELY_MAX, SENT_LATELY_MS } from './limits.ts'

/** Remembers blocks for some seconds after they were sent; those sent longest ago are forgotten first. */
export class SentLately {
  readonly #clock: Clock
  /** By `blockKey`, when it was last sent and how often since it was remembered; the latest last. */
  readonly #sent = new Map<string, { readonly at: number; readonly times: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes note that the block is being sent. */
  add(blockKey: string): void {
    const times = this.timesOf(blockKey) + 1
    this.#sent.delete(blockKey)
    this.#sent.set(blockKey, { at: this.#clock.now(), times })
    const [oldest] = this.#sent
    if (oldest !== undefined && (this.#sent.size > SENT_LATELY_MAX || this.#isPast(oldest[1]))) {
      this.#sent.delete(oldest[0])
    }
  }

  /** It was not sent after all. */
  remove(blockKey: string): void {
    const sent = this.#sent.get(blockKey)
    if (sent === undefined) return
    if (sent.times > 1) this.#sent.set(blockKey, { ...sent, times: sent.times - 1 })
    else this.#sent.delete(blockKey)
  }

  /** How often the block was sent lately. */
  timesOf(blockKey: string): number {
    const sent = this.#sent.get(blockKey)
    return sent === undefined || this.#isPast(sent) ? 0 : sent.times
  }

  #isPast({ at }: { readonly at: number }): boolean {
    return this.#clock.now() - at >= SENT_LATELY_MS
  }
}
