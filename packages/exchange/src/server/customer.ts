// One peer that is served.
import type { PeerId } from '@cairn/core'
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

  constructor(peer: PeerId, index: WantIndex) {
    this.peer = peer
    this.ledger = new Ledger(peer, index)
  }

  get isGone(): boolean {
    return this.closing.signal.aborted
  }
}
