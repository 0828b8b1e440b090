// What the client keeps about one block that somebody waits for.
import { blockKey, type Block, type PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { WantType } from '../message.ts'

/** A block that is waited for. It ends when the block is there or the last waiter has gone. */
export interface Want {
  /** The CID that is asked for; waiters may have asked for others of the same multihash. */
  readonly cid: CID
  /** `blockKey(cid)`. */
  readonly key: string
  /** Bytes of the block, as whoever asked first was told; a hint. */
  readonly bytes: number | undefined
  /** Rises with each want: earlier ones are asked for first. Below 0 for urgent ones. */
  order: number
  /** A number by chance: peers that want the same ask for different things first. */
  readonly rank: number
  readonly waiters: Set<Waiter>
  /** Peers that were asked, each with how it stands. Changed by `Asks` alone. */
  readonly asks: Map<PeerId, Ask>
  /** How many of `asks` are open. Changed by `Asks` alone. */
  openAsks: number
  /** Milliseconds on the clock when somebody began to wait. */
  readonly since: number
  /** Milliseconds on the clock when it was last asked of everybody. */
  askedAt: number
  /** Whether it stands in the scheduler's queue. */
  queued: boolean
}

/** A want that nobody waits for yet and nobody was asked for. */
export function newWant(
  cid: CID,
  { now, ...news }: Pick<Want, 'bytes' | 'order' | 'rank'> & { readonly now: number },
): Want {
  const key = blockKey(cid)
  return {
    cid,
    key,
    ...news,
    waiters: new Set(),
    asks: new Map(),
    openAsks: 0,
    since: now,
    askedAt: now,
    queued: false,
  }
}

/** The order from which urgent wants are counted: far enough from the others on the wire. */
export const URGENT_ORDER = -(2 ** 30)

/** Whether somebody waits for the block now. */
export function isUrgent({ order }: Want): boolean {
  return order < 0
}

/** One caller of `fetch`. */
export interface Waiter {
  resolve(block: Block): void
  reject(reason: unknown): void
}

/** How a want stands with one peer. */
export interface Ask {
  readonly want: Want
  /** The strongest thing that was asked: `block` overrides `have`, never the reverse. */
  type: WantType
  /** `open` while the block is expected soon; `owed` when it is not, but may still come; else `settled`. */
  state: 'open' | 'owed' | 'settled'
  /** Bytes of the peer's window that it takes until it is settled. */
  bytes: number
  /** Bytes that the peer was asked for until and with this one. */
  mark: number
  /** Milliseconds on the clock when it was last asked. */
  askedAt: number
  presence: 'unknown' | 'has' | 'lacks'
  /** Whether the peer has been told: only then it needs to be told to forget. */
  sent: boolean
}
