// How much a peer was asked for and has not answered. An ask is open while its block is expected, owed when it was given
// up but may still come and so still takes its room, and settled when it counts no more.
import type { Ask } from './want.ts'

/** Counts the asks of one peer, and keeps their states. */
export class AskWindow {
  #openAsks = 0
  #openBytes = 0
  #owedAsks = 0
  #owedBytes = 0

  /** Asks whose blocks are expected soon. */
  get openAsks(): number {
    return this.#openAsks
  }

  /** Bytes of the blocks that are expected soon. */
  get openBytes(): number {
    return this.#openBytes
  }

  /** Asks that are open or owed. */
  get dueAsks(): number {
    return this.#openAsks + this.#owedAsks
  }

  /** Bytes of the asks that are open or owed. */
  get dueBytes(): number {
    return this.#openBytes + this.#owedBytes
  }

  /** Expects a block of about `bytes`. */
  open(ask: Ask, bytes: number): void {
    ask.state = 'open'
    ask.bytes = bytes
    ask.want.openAsks++
    this.#openAsks++
    this.#openBytes += bytes
  }

  /** Expects the block no longer; it may come all the same, and takes its room until then. */
  giveUp(ask: Ask): void {
    if (ask.state !== 'open') return
    ask.state = 'owed'
    ask.want.openAsks--
    this.#openAsks--
    this.#openBytes -= ask.bytes
    this.#owedAsks++
    this.#owedBytes += ask.bytes
  }

  /** Counts the ask no more. */
  settle(ask: Ask): void {
    this.giveUp(ask)
    if (ask.state !== 'owed') return
    ask.state = 'settled'
    this.#owedAsks--
    this.#owedBytes -= ask.bytes
  }
}
