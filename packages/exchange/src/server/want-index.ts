// Who wants a block, over all peers, so that telling of a new block takes one step however many peers there are.
import { blockKey, type PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { WANTS_MAX } from './limits.ts'
import type { WantType } from '../message.ts'
import { cidOfKey, type ReceivedWant } from '../want-list.ts'

/** One want of one peer. It holds the CID as text, which takes a quarter of its memory, and makes it when it is asked for. */
export class LedgerWant {
  readonly peer: PeerId
  /** Bytes of the CID as latin1: tells CIDs apart, also those of one block. */
  readonly key: string
  /** As `blockKey`. */
  readonly blockKey: string
  /** Rises with each want of the peer: earlier ones go first among equals. */
  readonly order: number
  priority: number
  type: WantType
  sendDontHave: boolean
  /**
   * `queued` until it is looked up, `looking` while it is, `waiting` when the block is not here, `ended` once answered,
   * cancelled or pushed out.
   */
  state: 'queued' | 'looking' | 'waiting' | 'ended' = 'queued'
  /** Bytes of the block once it was looked up. */
  size: number | undefined = undefined
  /** Whether the block came while the store was being asked for it. */
  announced = false
  /** The last full list that named it. */
  fullList = 0

  constructor(peer: PeerId, order: number, received: ReceivedWant) {
    const { key, multihashAt, priority, type, sendDontHave } = received
    this.peer = peer
    this.key = key
    // A slice of the key takes no bytes of its own.
    this.blockKey = key.slice(multihashAt)
    this.order = order
    this.priority = priority
    this.type = type
    this.sendDontHave = sendDontHave
  }

  get cid(): CID {
    return cidOfKey(this.key)
  }
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
  /** Most blocks are wanted once, and a set takes more than a want. */
  readonly #wants = new Map<string, LedgerWant | Set<LedgerWant>>()
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
    const wants = this.#wants.get(want.blockKey)
    if (wants === undefined) this.#wants.set(want.blockKey, want)
    else if (wants instanceof Set) wants.add(want)
    else this.#wants.set(want.blockKey, new Set([wants, want]))
  }

  remove(want: LedgerWant): void {
    const wants = this.#wants.get(want.blockKey)
    if (wants === want) this.#wants.delete(want.blockKey)
    else if (!(wants instanceof Set) || !wants.delete(want)) return
    else if (wants.size === 0) this.#wants.delete(want.blockKey)
    this.#size--
  }

  /** Whether there are other wants for the block of `want`. */
  isShared({ blockKey: key }: LedgerWant): boolean {
    return !(this.#wants.get(key) instanceof LedgerWant)
  }

  /** Wants for the block of `cid`, under whichever CID the peers know it. */
  find(cid: CID): Iterable<LedgerWant> {
    const wants = this.#wants.get(blockKey(cid))
    return wants instanceof LedgerWant ? [wants] : (wants ?? [])
  }
}
