// What a fetch can tell of itself: events as they happen, and how a want stands now. Nothing here decides anything, and
// while nobody observes, an event costs one look at a field.
import type { PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { WantType } from '../message.ts'
import type { Ask, Want } from './want.ts'

/** Something that happened to a block that somebody waits for, or to a peer that may be asked. */
export type FetchEvent =
  | { readonly kind: 'connected' | 'disconnected'; readonly peer: PeerId }
  /** The peer broke the protocol and is let go. */
  | { readonly kind: 'refused'; readonly peer: PeerId; readonly why: string }
  /** Somebody waits for the block, and nobody did before. */
  | { readonly kind: 'wanted'; readonly cid: CID }
  /** The peer is asked for the block, or whether it has it: the message goes to the network now. */
  | { readonly kind: 'asked'; readonly cid: CID; readonly peer: PeerId; readonly type: WantType }
  /** The peer says whether it has the block. */
  | { readonly kind: 'answered'; readonly cid: CID; readonly peer: PeerId; readonly has: boolean }
  /** A block has come, of as many bytes. */
  | {
      readonly kind: 'received'
      /** `undefined` where the bytes make no block. */
      readonly cid: CID | undefined
      readonly peer: PeerId
      readonly bytes: number
      readonly use: BlockUse
    }
  /** The peer need not send the block any more and is told so now. */
  | { readonly kind: 'cancelled'; readonly cid: CID; readonly peer: PeerId }
  /** The block is not expected soon of this peer any more, and others are asked. One that is disconnected loses all at once. */
  | { readonly kind: 'moved'; readonly cid: CID; readonly peer: PeerId; readonly why: MoveReason }
  /** Nobody waits for the block any more, and it has not come. */
  | { readonly kind: 'ended'; readonly cid: CID }

/** `wanted`: delivered. `duplicate`: it had come already. `unasked`: nobody asked this peer for it, or its bytes are wrong. */
export type BlockUse = 'wanted' | 'duplicate' | 'unasked'

/** Why a block is not expected of a peer any more. */
export type MoveReason = 'silent' | 'send failed'

/** Takes events, in their order. It is called in the middle of the work: it must neither throw nor take long. */
export type FetchObserver = (event: FetchEvent) => void

/** Where the parts of a client leave their events, and observers get them. */
export class FetchTrace {
  readonly #observers = new Set<FetchObserver>()
  /** Calls every observer; `undefined` while there is none, so that no event is made. */
  emit: FetchObserver | undefined

  /** Calls `observer` from now on, until the function that is returned is called. */
  observe(observer: FetchObserver): () => void {
    this.#observers.add(observer)
    this.#arrange()
    return () => {
      this.#observers.delete(observer)
      this.#arrange()
    }
  }

  #arrange(): void {
    const observers = [...this.#observers]
    this.emit = observers.length === 0 ? undefined : (event) => observers.forEach((observer) => observer(event))
  }
}

/** How a block stands that is waited for. */
export interface WantStanding {
  readonly cid: CID
  /** Milliseconds for which somebody has waited. */
  readonly waitedMs: number
  readonly reason: WaitReason
  /** Peers that were asked, first those that it is expected of soonest. */
  readonly asks: readonly AskStanding[]
}

/**
 * Why a block is not here yet, in the order in which it is looked at:
 * - `no peer`: none is connected
 * - `all lack it`: every peer has said so
 * - `rate limit`: a peer was asked that may not send for now, because of the limits of this node
 * - `asked`: a peer was asked for it and is not late
 * - `silent`: whoever was asked for it sends nothing
 * - `window full`: who could send it is busy with as much as it may be asked for
 * - `no answer`: peers were asked whether they have it, and have not said
 * - `queued`: it is about to be asked for
 */
export type WaitReason =
  | 'no peer'
  | 'all lack it'
  | 'rate limit'
  | 'asked'
  | 'silent'
  | 'window full'
  | 'no answer'
  | 'queued'

/** How a block stands with one peer that was asked. */
export interface AskStanding extends Pick<Ask, 'type' | 'state' | 'presence' | 'sent'> {
  readonly peer: PeerId
  /** Milliseconds since it was asked last. */
  readonly sinceMs: number
  /** Milliseconds until the block is expected of this peer; `Infinity` when it is not. */
  readonly expectedMs: number
  /** Whether it is late with all that it was asked for. */
  readonly isSilent: boolean
}

/** What is looked at of a session. */
interface Asked {
  canServe(want: Want): boolean
  standing(want: Want): AskStanding | undefined
}

/** What a standing is told from, beside the want. */
export interface StandingParts {
  readonly sessions: readonly Asked[]
  readonly nowMs: number
  /** Whether the peer may not send for now. */
  readonly isLimited: (peer: PeerId) => boolean
}

/** How `want` stands now. */
export function standingOf(want: Want, parts: StandingParts): WantStanding {
  const asks = parts.sessions
    .flatMap((session) => session.standing(want) ?? [])
    .toSorted((a, b) => (a.expectedMs === b.expectedMs ? 0 : a.expectedMs - b.expectedMs))
  return { cid: want.cid, waitedMs: parts.nowMs - want.since, reason: reasonOf(want, asks, parts), asks }
}

function reasonOf(want: Want, asks: readonly AskStanding[], { sessions, nowMs, isLimited }: StandingParts): WaitReason {
  if (sessions.length === 0) return 'no peer'
  if (asks.length === sessions.length && asks.every(({ presence }) => presence === 'lacks')) return 'all lack it'
  const due = asks.filter(({ type, state }) => type === 'block' && state !== 'settled')
  if (due.some(({ peer }) => isLimited(peer))) return 'rate limit'
  if (due.some(({ state, isSilent }) => state === 'open' && !isSilent)) return 'asked'
  // Each turn hands out what there is room for, so what stands in the queue after its first turn found none.
  if (want.queued && sessions.some((session) => session.canServe(want)))
    return nowMs === want.since ? 'queued' : 'window full'
  if (due.length > 0) return 'silent'
  return asks.some(({ presence }) => presence === 'unknown') ? 'no answer' : 'queued'
}
