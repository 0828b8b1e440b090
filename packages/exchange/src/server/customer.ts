// One peer that is served.
import type { PeerId } from '@cairn/core'
import { HELD_MS_MAX, SENT_LATELY_MS, TAKEN_MIN, TAKING_MS, TAKING_TIMES } from './limits.ts'
import { Ledger } from './ledger.ts'
import type { WantIndex } from './want-index.ts'

/** What the server keeps of a connected peer. */
export class Customer {
  readonly peer: PeerId
  readonly ledger: Ledger
  /** Aborted when the peer has gone. */
  readonly closing = new AbortController()
  /** Whether it can be told HAVE and DONT_HAVE; one below bitswap 1.2.0 only gets blocks. */
  knowsPresences = true
  /** Whether an answer is being chosen: the next one waits for it, to keep the order of priority. */
  isChoosing = false
  /** Answers being chosen, read or sent. */
  answers = 0
  /** Milliseconds on the clock since when it has been sent nothing, for others to pass it on. */
  #heldSince: number | undefined
  #spareUntil = 0
  /** Milliseconds on the clock until which it is believed to take what it is sent. */
  #takesUntil = 0
  /** Answers with blocks that it has taken. */
  #taken = 0

  constructor(peer: PeerId, index: WantIndex) {
    this.peer = peer
    this.ledger = new Ledger(peer, index)
  }

  /** Whether it may be left to others to pass on what it wants: when they do not in time, it is not for a while. */
  mayHold(now: number): boolean {
    if (this.#heldSince !== undefined && now - this.#heldSince >= HELD_MS_MAX) {
      this.#heldSince = undefined
      this.#spareUntil = now + SENT_LATELY_MS
    }
    return now >= this.#spareUntil
  }

  /** Takes note that it was sent something, or nothing. */
  served(now: number, { isHeld }: { readonly isHeld: boolean }): void {
    this.#heldSince = isHeld ? (this.#heldSince ?? now) : undefined
  }

  /** Takes note that it has taken blocks, and how long that took: the next ones may take it as long, and some more. */
  took(now: number, ms: number): void {
    if (++this.#taken < TAKEN_MIN) return
    this.#takesUntil = now + Math.min(HELD_MS_MAX, TAKING_MS + TAKING_TIMES * ms)
  }

  /** Whether it has taken blocks so lately that it can be expected to take the next ones, and to pass them on. */
  isTaking(now: number): boolean {
    return now < this.#takesUntil
  }

  /** Whether it has taken more than goes into buffers while nobody reads. */
  get isProven(): boolean {
    return this.#taken >= TAKEN_MIN
  }

  get isGone(): boolean {
    return this.closing.signal.aborted
  }
}
