// Who wants a block, over all peers, so that telling of a new block takes one step however many peers there are.
import { blockKey, type PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
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

/** Finds wants by the multihash of their block. */
export class WantIndex {
  readonly #wants = new Map<string, Set<LedgerWant>>()

  add(want: LedgerWant): void {
    const key = blockKey(want.cid)
    const wants = this.#wants.get(key)
    if (wants === undefined) this.#wants.set(key, new Set([want]))
    else wants.add(want)
  }

  remove(want: LedgerWant): void {
    const key = blockKey(want.cid)
    const wants = this.#wants.get(key)
    if (wants?.delete(want) === true && wants.size === 0) this.#wants.delete(key)
  }

  /** Wants for the block of `cid`, under whichever CID the peers know it. */
  find(cid: CID): Iterable<LedgerWant> {
    return this.#wants.get(blockKey(cid)) ?? []
  }
}
