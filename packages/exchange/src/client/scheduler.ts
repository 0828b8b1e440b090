// Decides which peer is asked for which block. It holds the wants that no peer is expected to send soon, oldest first,
// and hands them out as windows have room.
import { BLOCK_BYTES_GUESS, LATE_FACTOR, WINDOW_BYTES_MAX } from '../limits.ts'
import type { PeerSession } from './peer-session.ts'
import type { Want } from './want.ts'

/** Weight of the newest block in the running mean of block sizes. */
const NEWEST = 0.25

/** Queue of wants and the choice of peers for them. */
export class Scheduler {
  #queue: Want[] = []
  #isSorted = true
  #blockBytes = BLOCK_BYTES_GUESS

  /** Queues `want` unless it stands in the queue or a peer is expected to send it. */
  add(want: Want): void {
    if (want.queued || want.openAsks > 0 || want.waiters.size === 0) return
    want.queued = true
    this.#isSorted &&= (this.#queue.at(-1)?.order ?? -1) < want.order
    this.#queue.push(want)
  }

  /** Takes note of the size of a block, from which the next ones are guessed. */
  observe(bytes: number): void {
    this.#blockBytes += NEWEST * (bytes - this.#blockBytes)
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
    let budgetBytes = WINDOW_BYTES_MAX - sessions.reduce((sum, session) => sum + session.openBytes, 0)
    let roomy = sessions.filter((session) => session.hasRoom(bytes)).length
    let next = 0
    for (const want of this.#queue) {
      if (roomy === 0 || budgetBytes < bytes) break
      next++
      if (want.waiters.size === 0) continue
      const session = cheapest(want, sessions, bytes)
      if (session !== undefined && !session.hasRoom(bytes)) {
        kept.push(want)
        continue
      }
      want.queued = false
      if (session === undefined) continue
      assign(want, session, { sessions, bytes })
      budgetBytes -= bytes
      if (!session.hasRoom(bytes)) roomy--
    }
    // Wants that ended go even while no window has room, or they would pile up where there is no peer at all.
    this.#queue = kept.concat(this.#queue.slice(next).filter((want) => want.waiters.size > 0))
    if (this.#queue.length === 0 && roomy > 0) askTwice(sessions, bytes, budgetBytes)
  }
}

function cheapest(want: Want, sessions: readonly PeerSession[], bytes: number): PeerSession | undefined {
  let best: PeerSession | undefined
  let bestCost = Infinity
  for (const session of sessions) {
    // What has never sent anything makes nobody wait for its turn.
    if (!session.canServe(want) || !(session.isProven || session.hasRoom(bytes))) continue
    const cost = session.cost(want, bytes)
    if (cost >= bestCost) continue
    best = session
    bestCost = cost
  }
  return best
}

/** Asks one peer for the block and, unless it is sure to have it, the others whether they have it. */
function assign(want: Want, session: PeerSession, around: { sessions: readonly PeerSession[]; bytes: number }): void {
  const isSure = session.isSureOf(want)
  session.askBlock(want, around.bytes)
  if (isSure) return
  for (const other of around.sessions) other.askHave(want)
}

/**
 * Asks more peers for blocks that they would have much sooner than those that were asked, oldest wants first, and as many
 * more as were asked in vain. Whoever sends first wins, and the others hear CANCEL: when what is expected holds, before
 * they begin to send it.
 */
function askTwice(sessions: readonly PeerSession[], bytes: number, budgetBytes: number): void {
  if (sessions.length < 2 || !sessions.some((session) => session.hasRoom(bytes))) return
  const wants = new Set(sessions.flatMap((session) => session.openWants()))
  let leftBytes = budgetBytes
  for (const want of [...wants].toSorted((a, b) => a.order - b.order)) {
    const soonestMs = Math.min(...sessions.map((session) => session.remainingMs(want)))
    // Who has never sent anything has earned no patience.
    const factor = sessions.some((session) => session.isProven && session.remainingMs(want) < Infinity)
      ? LATE_FACTOR
      : 1
    for (let more = want.openAsks; more > 0; more--) {
      const helper = cheapest(want, sessions, bytes)
      if (helper === undefined || !helper.hasRoom(bytes) || soonestMs <= factor * helper.cost(want, bytes)) break
      if (leftBytes < bytes) return
      helper.askBlock(want, bytes)
      leftBytes -= bytes
    }
  }
}
