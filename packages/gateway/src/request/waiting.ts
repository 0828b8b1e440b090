// How long one request waits: for blocks that do not come, and in total. Ends as well when its client goes away.
import type { BlockReader, FetchOptions } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { HttpFailure, retrievalTimedOut } from '../content/failure.ts'
import type { GatewayLimits } from '../limits.ts'

/** The time of one request. Whoever makes it closes it. */
export class Waiting {
  readonly #stop = new AbortController()
  readonly #limits: GatewayLimits
  readonly #outer: AbortSignal | undefined
  readonly #total: NodeJS.Timeout
  #retrieval: NodeJS.Timeout | undefined
  #isRetrievalSet = false
  #pending = 0

  /** @param outer ends the waiting too */
  constructor(limits: GatewayLimits, outer?: AbortSignal) {
    this.#limits = limits
    this.#outer = outer
    this.#total = setTimeout(
      () => this.stop(new HttpFailure(504, 'The answer took too long')),
      limits.requestDurationMs,
    )
    if (outer?.aborted === true) this.#onOuter()
    // By hand: what `AbortSignal.any` makes stays in memory as long as its longest source.
    outer?.addEventListener('abort', this.#onOuter)
  }

  /** Aborts when the waiting ends before its time. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Ends everything that waits. */
  stop(reason: unknown): void {
    this.#stop.abort(reason)
  }

  /** Frees what waits. */
  close(): void {
    clearTimeout(this.#total)
    clearTimeout(this.#retrieval)
    this.#outer?.removeEventListener('abort', this.#onOuter)
  }

  /** `blocks` for this request: none is waited for without an end. */
  reader(blocks: BlockReader): BlockReader {
    return {
      get: (cid: CID, options: FetchOptions = {}) =>
        this.#progress(() => blocks.get(cid, { ...options, signal: options.signal ?? this.signal })),
    }
  }

  async #progress<Value>(wait: () => Promise<Value>): Promise<Value> {
    if (!this.#isRetrievalSet) this.#setRetrieval()
    // While nothing was waited for, it was the client that took its time.
    else if (this.#pending === 0) this.#retrieval?.refresh()
    this.#pending++
    try {
      const value = await wait()
      this.#retrieval?.refresh()
      return value
    } catch (error) {
      // Whoever stops on the way passes on a signal of its own.
      throw this.signal.aborted ? this.signal.reason : error
    } finally {
      this.#pending--
    }
  }

  #setRetrieval(): void {
    this.#isRetrievalSet = true
    clearTimeout(this.#retrieval)
    this.#retrieval = setTimeout(() => {
      this.#isRetrievalSet = false
      if (this.#pending > 0) this.stop(retrievalTimedOut())
    }, this.#limits.retrievalTimeoutMs)
  }

  readonly #onOuter = (): void => this.stop(this.#outer?.reason)
}
