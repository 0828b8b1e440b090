// Who wants a block, over all peers, so that telling of a new block takes one step however many peers there are.
import { blockKey, type PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { WANTS_MAX } from '../limits.ts'
import type { WantType } from '../message.ts'

/** One want of one peer. */
export interface LedgerWant {
  readonly peer: PeerId
  readonly cid: CID
  /** Rises with each want of the peer: earlier ones go first among equals. */
  readonly order: number
  priority: number
  type: WantType
  sendDontHave: boolean
  /**
   * `queued` until it is looked up, `looking` while it is, `waiting` when the block is not here, `ended` once answered,
   * cancelled or pushed out.
   */
  state: 'queued' | 'looking' | 'waiting' | 'ended'
  /** Bytes of the block once it was looked up. */
  size: number | undefined
  /** Whether the block came while the store was being asked for it. */
  announced: boolean
}

/** What of a ledger counts for the room of all. */
export interface CountedLedger {
  readonly size: number
  /** Ends the least useful wants until no more than `wantsMax` are left. */
  trim(wantsMax: number): void
}

/** Finds wants by the multihash of their block, and bounds how many there are. */
export class WantIndex {
  /** The ledgers that share the room. */
  readonly ledgers = new Set<CountedLedger>()
  readonly #wants = new Map<string, Set<LedgerWant>>()
  #size = 0

  /**
   * Whether one more want of `ledger` has room. When all room is taken, each ledger may have an equal part of it: those that
   * have more lose what is over, and `ledger` gets no more than its part.
   */
  makeRoom(ledger: CountedLedger): boolean {
    if (this.#size < WANTS_MAX) return true
    const part = Math.floor(WANTS_MAX / Math.max(1, this.ledgers.size))
    if (ledger.size >= part) return false
    for (const other of this.ledgers) if (other.size > part) other.trim(part)
    return this.#size < WANTS_MAX
  }

  add(want: LedgerWant): void {
    this.#size++
    const key = blockKey(want.cid)
    const wants = this.#wants.get(key)
    if (wants === undefined) this.#wants.set(key, new Set([want]))
    else wants.add(want)
  }

  remove(want: LedgerWant): void {
    const key = blockKey(want.cid)
    const wants = this.#wants.get(key)
    if (wants?.delete(want) !== true) return
    this.#size--
    if (wants.size === 0) this.#wants.delete(key)
  }

  /** Wants for the block of `cid`, under whichever CID the peers know it. */
  find(cid: CID): Iterable<LedgerWant> {
    return this.#wants.get(blockKey(cid)) ?? []
  }
}
