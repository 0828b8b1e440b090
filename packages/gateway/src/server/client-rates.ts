// How many requests each client makes: a bucket of tokens by its address. Who has none left waits for the next second.
import { BURST_SECONDS, CLIENTS_MAX } from '../limits.ts'

interface Bucket {
  tokens: number
  /** When they were counted. */
  atMs: number
}

/** The clients of one server. */
export class ClientRates {
  /** The one that was not heard of for longest comes first. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #perSecond: number

  /** @param perSecond requests of one client, which may come at once for some seconds; Infinity for no bound */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Counts a request of `client` at `nowMs`, and tells whether it may be answered. */
  take(client: string, nowMs: number): boolean {
    if (this.#perSecond === Infinity) return true
    const full = Math.max(1, this.#perSecond * BURST_SECONDS)
    const { tokens, atMs } = this.#buckets.get(client) ?? { tokens: full, atMs: nowMs }
    const now = Math.min(full, tokens + ((nowMs - atMs) / 1000) * this.#perSecond)
    this.#buckets.delete(client)
    this.#buckets.set(client, { tokens: now >= 1 ? now - 1 : now, atMs: nowMs })
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= CLIENTS_MAX) break
      this.#buckets.delete(oldest)
    }
    return now >= 1
  }
}
