// What collections did since the node was opened: in the log as each of them ends, and as counts for metrics.
import type { CollectEvent, Logger } from '@cairn/core'

/** Counts of all collections since the node was opened, with the one that runs. */
export interface CollectCounts {
  readonly running: number
  readonly done: number
  /** Those that ended early: stopped, or by an error. */
  readonly failed: number
  readonly removedBlocks: number
  readonly removedBytes: number
  /** About the bytes of disk given back. */
  readonly freedBytes: number
  /** Milliseconds that those took which have ended. */
  readonly totalMs: number
}

/** Counts collections and tells of them. */
export class CollectTally {
  readonly #logger: Logger | undefined
  #counts: CollectCounts = {
    running: 0,
    done: 0,
    failed: 0,
    removedBlocks: 0,
    removedBytes: 0,
    freedBytes: 0,
    totalMs: 0,
  }

  constructor(logger: Logger | undefined) {
    this.#logger = logger
  }

  get counts(): CollectCounts {
    return this.#counts
  }

  /** The events of one collection as they are, which are counted on their way. */
  async *follow(events: AsyncIterable<CollectEvent>): AsyncGenerator<CollectEvent> {
    const startedMs = performance.now()
    const own = { blocks: 0, bytes: 0, freedBytes: 0 }
    let outcome: 'done' | 'stopped' | 'failed' = 'stopped'
    let reason: string | undefined
    this.#add({ running: 1 })
    this.#logger?.info('collection began')
    try {
      for await (const event of events) {
        if (event.kind === 'removed') {
          const bytes = event.blocks.reduce((sum, { size }) => sum + size, 0)
          own.blocks += event.blocks.length
          own.bytes += bytes
          this.#add({ removedBlocks: event.blocks.length, removedBytes: bytes })
        } else if (event.kind === 'freed') {
          own.freedBytes += event.bytes
          this.#add({ freedBytes: event.bytes })
        }
        yield event
      }
      outcome = 'done'
    } catch (error) {
      outcome = 'failed'
      reason = error instanceof Error ? error.message : String(error)
      throw error
    } finally {
      const ms = performance.now() - startedMs
      this.#add({ running: -1, totalMs: ms, ...(outcome === 'done' ? { done: 1 } : { failed: 1 }) })
      const facts = { outcome, reason, ...own, ms: Math.round(ms) }
      if (outcome === 'failed') this.#logger?.warn('collection failed', facts)
      else this.#logger?.info('collection ended', facts)
    }
  }

  #add(more: Partial<CollectCounts>): void {
    const counts: Record<keyof CollectCounts, number> = { ...this.#counts }
    for (const name of Object.keys(counts) as (keyof CollectCounts)[]) counts[name] += more[name] ?? 0
    this.#counts = counts
  }
}
