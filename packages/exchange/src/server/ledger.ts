// What one peer wants from us: bounded, served by priority, remembered while we lack the block.
import type { PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { ANSWER_WANTS, LEDGER_WANTS_MAX, REFUSALS_MAX } from './limits.ts'
import type { Presence } from '../message.ts'
import { cidOfKey, type ReceivedWant } from '../want-list.ts'
import type { SentLately } from './sent-lately.ts'
import { LedgerWant, type WantIndex } from './want-index.ts'

interface Taking {
  readonly take: (want: LedgerWant) => void
  readonly isFull: () => boolean
}

function byUrgency(a: LedgerWant, b: LedgerWant): number {
  return a.priority - b.priority || b.order - a.order
}

/** The wants of one peer. */
export class Ledger {
  readonly peer: PeerId
  readonly #index: WantIndex
  /** By the bytes of the CID: an answer goes by the CID that was asked. */
  readonly #wants = new Map<string, LedgerWant>()
  /** Wants whose block is not here, the longest waiting first. */
  readonly #waiting = new Set<LedgerWant>()
  /** Wants to look up, best last when sorted. Those that ended are passed over when they come up. */
  #queue: LedgerWant[] = []
  #isSorted = true
  /** Keys of wants that found no room and are to be told so. */
  readonly #refusals = new Set<string>()
  #order = 0
  /** Full lists so far: a want that the last of them does not name has ended. */
  #fullLists = 0

  constructor(peer: PeerId, index: WantIndex) {
    this.peer = peer
    this.#index = index
  }

  /** Whether there is something to answer. */
  get hasWork(): boolean {
    return this.#queue.length > 0 || this.#refusals.size > 0
  }

  /** Bytes of blocks that are queued, as far as they were looked up. */
  get pendingBytes(): number {
    const queued = this.#queue.filter(({ state, type }) => state === 'queued' && type === 'block')
    return queued.reduce((sum, { size = 0 }) => sum + size, 0)
  }

  /** What is wanted, in the order of asking. */
  get cids(): readonly CID[] {
    return Array.from(this.#wants.values(), ({ cid }) => cid)
  }

  get size(): number {
    return this.#wants.size
  }

  /** Takes one line of what the peer wants and no longer wants; false when there is no room for it. */
  apply(entry: ReceivedWant): boolean {
    const want = this.#wants.get(entry.key)
    if (!entry.cancel) return this.#want(entry, want)
    if (want !== undefined) this.remove(want)
    return true
  }

  /** A list begins that replaces all: what is not named by `keep` until `endFullList` is ended then. */
  beginFullList(): void {
    this.#fullLists++
    this.#refusals.clear()
  }

  keep({ key, cancel }: ReceivedWant): void {
    const want = this.#wants.get(key)
    if (want !== undefined && !cancel) want.fullList = this.#fullLists
  }

  endFullList(): void {
    for (const want of this.#wants.values()) if (want.fullList !== this.#fullLists) this.remove(want)
  }

  /** Takes the best queued wants for a look-up: at most 128, and no more once those of known size make `bytes`. */
  take(bytes: number, { sent, isBusy }: { readonly sent: SentLately; readonly isBusy: boolean }): LedgerWant[] {
    if (!this.#isSorted) this.#queue.sort(byUrgency)
    this.#isSorted = true
    const taken: LedgerWant[] = []
    const later: LedgerWant[] = []
    let knownBytes = 0
    const take = (want: LedgerWant): void => {
      want.state = 'looking'
      sent.add(want.blockKey)
      if (want.type === 'block') knownBytes += want.size ?? 0
      taken.push(want)
    }
    const isFull = (): boolean => taken.length >= ANSWER_WANTS || knownBytes >= bytes
    while (!isFull()) {
      const want = this.#queue.pop()
      if (want === undefined) break
      if (want.state !== 'queued') continue
      if (want.type === 'block' && sent.timesOf(want.blockKey) > 0) later.push(want)
      else take(want)
    }
    if (later.length > 0) this.#takeLater(later, sent, { take, isFull: () => isBusy || isFull() })
    return taken
  }

  /** What others were sent lately goes last: the least often sent first, so that peers that know each other share. */
  #takeLater(wants: LedgerWant[], sent: SentLately, { take, isFull }: Taking): void {
    const left = wants.toSorted((a, b) => sent.timesOf(b.blockKey) - sent.timesOf(a.blockKey) || byUrgency(a, b))
    while (!isFull()) {
      const want = left.pop()
      if (want === undefined) break
      take(want)
    }
    if (left.length === 0) return
    this.#queue.push(...left)
    this.#isSorted = false
  }

  /** DONT_HAVE for wants that found no room in the ledger. */
  takeRefusals(): Presence[] {
    const presences = Array.from(this.#refusals, (key) => ({ cid: cidOfKey(key), has: false }))
    this.#refusals.clear()
    return presences
  }

  /** Whether others want the block of `want` too. */
  isShared(want: LedgerWant): boolean {
    return this.#index.isShared(want)
  }

  /** Puts `want` back to be looked up. */
  requeue(want: LedgerWant): void {
    if (want.state === 'queued' || want.state === 'ended') return
    this.#waiting.delete(want)
    want.state = 'queued'
    want.announced = false
    this.#enqueue(want)
  }

  /** Puts all that wait back to be looked up. */
  requeueAll(): void {
    for (const want of this.#waiting) this.requeue(want)
  }

  /** Ends the wants that are over the ledger's part, those that have waited longest first, and then the newest. */
  trim(wantsMax: number): void {
    for (const want of this.#waiting) {
      if (this.#wants.size <= wantsMax) return
      this.remove(want)
    }
    if (this.#wants.size <= wantsMax) return
    for (const want of [...this.#wants.values()].toReversed()) {
      if (this.#wants.size <= wantsMax) return
      this.remove(want)
    }
  }

  /** The block of `want` is not here: it waits for it, unless it has just come. */
  wait(want: LedgerWant): void {
    if (want.state === 'ended') return
    want.size = undefined
    if (want.announced) return this.requeue(want)
    want.state = 'waiting'
    this.#waiting.add(want)
  }

  /** Ends `want`: answered, cancelled or pushed out. */
  remove(want: LedgerWant): void {
    want.state = 'ended'
    this.#wants.delete(want.key)
    this.#waiting.delete(want)
    this.#index.remove(want)
  }

  /** Ends all. */
  clear(): void {
    for (const want of this.#wants.values()) this.remove(want)
    this.#refusals.clear()
    this.#queue = []
  }

  #want(entry: ReceivedWant, known: LedgerWant | undefined): boolean {
    const { key, priority, type, sendDontHave } = entry
    if (known !== undefined) {
      if (type === 'block') known.type = type
      if (known.priority !== priority) this.#isSorted = false
      known.priority = priority
      known.sendDontHave = sendDontHave
      if (known.state === 'waiting') this.requeue(known)
    } else if (this.#makeRoom()) {
      const want = new LedgerWant(this.peer, this.#order++, entry)
      this.#wants.set(want.key, want)
      this.#index.add(want)
      this.#enqueue(want)
    } else {
      if (sendDontHave && this.#refusals.size < REFUSALS_MAX) this.#refusals.add(key)
      return false
    }
    return true
  }

  /** A full ledger lets the want go that has waited longest for a block that is not here. */
  #makeRoom(): boolean {
    if (this.#wants.size < LEDGER_WANTS_MAX && this.#index.makeRoom(this)) return true
    const longest = this.#waiting.values().next()
    if (longest.done === true) return false
    this.remove(longest.value)
    return true
  }

  #enqueue(want: LedgerWant): void {
    this.#queue.push(want)
    this.#isSorted = false
    // Wants that have ended are let go before they are more than the others.
    if (this.#queue.length > 2 * this.#wants.size + ANSWER_WANTS) {
      this.#queue = this.#queue.filter(({ state }) => state === 'queued')
    }
  }
}
