// What a peer is still to be told: the newest word on each block alone, one message at a time.
import type { Network, PeerId } from '@cairn/core'
import { WANTS_PER_MESSAGE } from '../limits.ts'
import { encodeMessage, type WantEntry } from '../message.ts'
import type { FetchTrace } from './fetch-trace.ts'
import type { Ask, Want } from './want.ts'

/** Priority of the first want on the wire; each later one has one less, and urgent ones have up to the double. */
const PRIORITY_FIRST = 0x3fff_ffff

/** What an outbox needs from outside. */
export interface OutboxParts {
  readonly network: Network
  readonly trace: FetchTrace
}

interface Entry {
  readonly word: WantEntry
  /** The ask that goes out with it. */
  readonly ask?: Ask
}

/** Wants and CANCELs on their way to one peer. */
export class Outbox {
  readonly #peer: PeerId
  readonly #parts: OutboxParts
  readonly #entries = new Map<string, Entry>()
  readonly #closing = new AbortController()
  #isSending = false

  constructor(peer: PeerId, parts: OutboxParts) {
    this.#peer = peer
    this.#parts = parts
  }

  /** Tells what is asked. */
  ask(ask: Ask, sendDontHave: boolean): void {
    const { want, type } = ask
    const priority = Math.max(1, PRIORITY_FIRST - want.order)
    this.#entries.set(want.key, { word: { cid: want.cid, priority, cancel: false, type, sendDontHave }, ask })
  }

  /** Tells to forget the want. */
  cancel({ cid, key }: Want): void {
    this.#entries.set(key, { word: { cid, priority: 0, cancel: true, type: 'block', sendDontHave: false } })
  }

  /** Tells nothing about the want. */
  drop({ key }: Want): void {
    this.#entries.delete(key)
  }

  /**
   * Sends what is to be told, one message at a time; what is added meanwhile goes into the next. Calls `onSent` after each.
   *
   * @throws UNAVAILABLE when the connection breaks
   */
  async flush(onSent: () => void): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      while (this.#entries.size > 0) {
        const wants = this.#take()
        await this.#parts.network.send(this.#peer, encodeMessage({ wants }), { signal: this.#closing.signal })
        onSent()
      }
    } finally {
      this.#isSending = false
    }
  }

  /** Sends nothing more. */
  close(): void {
    this.#closing.abort()
    this.#entries.clear()
  }

  #take(): WantEntry[] {
    const words: WantEntry[] = []
    for (const [key, { word, ask }] of this.#entries) {
      if (words.length === WANTS_PER_MESSAGE) break
      words.push(word)
      this.#entries.delete(key)
      const { cid, cancel, type } = word
      const peer = this.#peer
      this.#parts.trace.emit?.(cancel ? { kind: 'cancelled', cid, peer } : { kind: 'asked', cid, peer, type })
      if (ask !== undefined) ask.sent = true
    }
    return words
  }
}
