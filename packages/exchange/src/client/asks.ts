// What one peer was asked and has not answered. An ask is open while its block is expected, owed when it was given up but
// may still come and so still takes its room, and settled when it counts no more.
import type { PeerId } from '@cairn/core'
import type { Ask, Want } from './want.ts'

/** The asks of one peer: keeps their states, counts them, and keeps the want's own list of them in step. */
export class Asks {
  readonly #peer: PeerId
  readonly #asks = new Map<string, Ask>()
  /** Bytes that were asked for, and those that are not expected any more; the place of an ask is between them. */
  #askedBytes = 0
  #doneBytes = 0
  #openAsks = 0
  #openBytes = 0
  #owedAsks = 0
  #owedBytes = 0

  constructor(peer: PeerId) {
    this.#peer = peer
  }

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

  /** Those whose blocks are expected soon, in the order of asking. */
  get open(): Ask[] {
    return [...this.#asks.values()].filter(({ state }) => state === 'open')
  }

  /** The ask for the block of this key. */
  get(key: string): Ask | undefined {
    return this.#asks.get(key)
  }

  /** The ask for `want`, made if there is none. */
  of(want: Want): Ask {
    let ask = want.asks.get(this.#peer)
    if (ask === undefined) {
      ask = { want, type: 'have', state: 'settled', bytes: 0, mark: 0, askedAt: 0, presence: 'unknown', sent: false }
      want.asks.set(this.#peer, ask)
      this.#asks.set(want.key, ask)
    }
    return ask
  }

  /** Expects a block of about `bytes`, after all that was asked for before. */
  expect(ask: Ask, bytes: number): void {
    ask.state = 'open'
    ask.bytes = bytes
    ask.want.openAsks++
    this.#openAsks++
    this.#openBytes += bytes
    this.#askedBytes += bytes
    ask.mark = this.#askedBytes
  }

  /** Bytes that are expected until and with the block of `ask`. */
  bytesUntil({ bytes, mark }: Ask): number {
    return Math.max(bytes, mark - this.#doneBytes)
  }

  /** Bytes that are expected before the block of `ask`; below 0 when later ones came first. */
  bytesBefore({ bytes, mark }: Ask): number {
    return mark - bytes - this.#doneBytes
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

  /** Counts the ask no more, and its block as one that is not before others any more. */
  finish(ask: Ask): void {
    if (ask.state !== 'settled') this.#doneBytes += ask.bytes
    this.settle(ask)
  }

  /** Ends the ask for `want` and gives it. */
  forget(want: Want): Ask | undefined {
    const ask = want.asks.get(this.#peer)
    if (ask === undefined) return undefined
    this.finish(ask)
    want.asks.delete(this.#peer)
    this.#asks.delete(want.key)
    return ask
  }

  /** Settles all. */
  settleAll(): void {
    for (const ask of this.#asks.values()) this.settle(ask)
  }

  /** Ends all asks and gives their wants. */
  clear(): readonly Want[] {
    const wants = Array.from(this.#asks.values(), ({ want }) => want)
    for (const want of wants) this.forget(want)
    return wants
  }
}
