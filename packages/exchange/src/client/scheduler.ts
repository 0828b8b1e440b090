// Decides which peer is asked for which block. It holds the wants that no peer is expected to send soon, oldest first,
// and hands them out as windows have room.
import { BLOCK_BYTES_MAX, mayHaveLinks } from '@cairn/core'
import {
  BLOCK_BYTES_GUESS,
  PEER_WINDOW_WANTS,
  QUESTION_BYTES,
  QUESTION_SHARE,
  SHARED_WANTS,
  URGENT_WINDOW_BYTES,
} from './limits.ts'
import { WINDOW_BYTES_MAX } from '../limits.ts'
import { askTwice, cheapest } from './endgame.ts'
import type { PeerSession } from './peer-session.ts'
import type { Receipts } from './receipts.ts'
import { isUrgent, type Want } from './want.ts'

/** Weight of the newest block in the running mean of block sizes. */
const NEWEST = 0.25

/** Queue of wants and the choice of peers for them. */
export class Scheduler {
  #queue: Want[] = []
  #isSorted = true
  #blockBytes = BLOCK_BYTES_GUESS
  /** Blocks until hints are believed again: after one that was larger than its parent said, as many as may be on their way. */
  #doubt = 0
  /** Wants that somebody has who wants the same, while others are expected to send them. */
  readonly #offers = new Set<Want>()
  readonly #receipts: Receipts

  constructor(receipts: Receipts) {
    this.#receipts = receipts
  }

  /** Queues `want` unless it stands in the queue or a peer is expected to send it. */
  add(want: Want): void {
    if (want.queued || want.openAsks > 0 || want.waiters.size === 0) return
    want.queued = true
    this.#isSorted &&= (this.#queue.at(-1)?.order ?? -1) < want.order
    this.#queue.push(want)
  }

  /** A want that may stand in the queue has another order now. */
  reorder(): void {
    this.#isSorted = false
  }

  /** A fellow has `want`. */
  offer(want: Want): void {
    if (want.openAsks > 0) this.#offers.add(want)
  }

  /** Takes note of the size of a block, from which the next ones are guessed, and of whether the hint was true. */
  observe(bytes: number, { bytes: hint = bytes }: Want): void {
    this.#blockBytes += NEWEST * (bytes - this.#blockBytes)
    this.#doubt = bytes > hint ? PEER_WINDOW_WANTS : Math.max(0, this.#doubt - 1)
  }

  /**
   * Hands wants out while windows have room, each to the peer that is expected to deliver it first: when that one is
   * full the want waits, since a slower peer would not have it sooner. A want that no peer can serve leaves the queue:
   * an answer, a new peer or a repeat brings it back.
   */
  run(sessions: readonly PeerSession[]): void {
    if (!this.#isSorted) this.#queue.sort((a, b) => a.order - b.order)
    this.#isSorted = true
    const bytes = Math.ceil(this.#blockBytes)
    const kept: Want[] = []
    const fellows = sessions.filter(({ isFellow }) => isFellow)
    for (const session of sessions) {
      session.wantsMin = fellows.length > 0 ? SHARED_WANTS : 1
      session.isAlone = sessions.length === 1
    }
    if (fellows.length > 0) this.#share(fellows, sessions, bytes)
    let budgetBytes =
      WINDOW_BYTES_MAX - URGENT_WINDOW_BYTES - sessions.reduce((sum, session) => sum + session.openBytes, 0)
    let next = 0
    const queue = fellows.length > 0 ? apart(this.#queue) : this.#queue
    for (const want of queue) {
      const urgent = isUrgent(want)
      const wantBytes = this.#bytesOf(want)
      const isFull = budgetBytes < wantBytes || !sessions.some((session) => session.hasRoom(wantBytes))
      if (urgent ? budgetBytes + URGENT_WINDOW_BYTES < wantBytes : isFull) break
      next++
      if (want.waiters.size === 0) continue
      const best = cheapest(want, sessions, wantBytes)
      // What a peer can do is seen sooner when it is asked than when others are full for good.
      const session = best?.hasRoom(wantBytes, urgent) === false ? (untried(want, sessions) ?? best) : best
      if (session?.hasRoom(wantBytes, urgent) === false) {
        kept.push(want)
        continue
      }
      want.queued = false
      if (session === undefined) continue
      assign(want, session, { sessions, bytes: wantBytes })
      budgetBytes -= wantBytes
    }
    // Wants that ended go even while no window has room, or they would pile up where there is no peer at all.
    this.#isSorted = queue === this.#queue
    this.#queue = kept.concat(queue.slice(next).filter((want) => want.waiters.size > 0))
    if (this.#queue.length === 0) askTwice(sessions, bytes, { budgetBytes, receipts: this.#receipts })
  }

  /** Bytes that the block of `want` is taken to have: those of the hint, which for a node may be those of all below it. */
  #bytesOf({ cid, bytes: hint }: Want): number {
    const guess = Math.ceil(this.#blockBytes)
    if (hint === undefined || this.#doubt > 0) return guess
    return mayHaveLinks(cid) ? Math.min(guess, hint) : Math.min(BLOCK_BYTES_MAX, hint)
  }

  /** Asks fellows what they have, and takes what they have from them that others would send later. */
  #share(fellows: readonly PeerSession[], sessions: readonly PeerSession[], bytes: number): void {
    const few = fellows.slice(0, bytes / QUESTION_BYTES / QUESTION_SHARE)
    for (const want of this.#queue) for (const fellow of few) fellow.askHave(want)
    for (const want of this.#offers) {
      const helper = want.openAsks === 0 ? undefined : cheapest(want, sessions, bytes)
      if (helper?.hasRoom(bytes) === false) continue
      if (helper !== undefined) {
        const soonestMs = Math.min(...sessions.map((session) => session.remainingMs(want)))
        if (soonestMs <= helper.cost(want, bytes)) continue
        for (const session of sessions) session.takeBack(want)
        helper.askBlock(want, bytes)
      }
      this.#offers.delete(want)
    }
  }
}

/** A peer that has nothing to do and has never sent anything, nor failed to. */
function untried(want: Want, sessions: readonly PeerSession[]): PeerSession | undefined {
  return sessions.find(
    (session) => !session.isProven && !session.isLate && session.openBytes === 0 && session.canServe(want),
  )
}

/** The urgent wants and the first one first, and the others by chance. */
function apart(queue: readonly Want[]): readonly Want[] {
  const firsts = Math.max(1, queue.filter(isUrgent).length)
  return [...queue.slice(0, firsts), ...queue.slice(firsts).toSorted((a, b) => a.rank - b.rank)]
}

/** Asks one peer for the block and, unless it is sure to have it, the others whether they have it. */
function assign(want: Want, session: PeerSession, around: { sessions: readonly PeerSession[]; bytes: number }): void {
  const isSure = session.isSureOf(want)
  session.askBlock(want, around.bytes)
  if (isSure) return
  for (const other of around.sessions) other.askHave(want)
}
