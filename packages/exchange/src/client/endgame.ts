// The end of a download, where peers have room for more than there is left to ask for: blocks that would come late are asked
// of others too. What one peer is sure to send in vain then is bounded by a share of all that has come.
import { DUPLICATE_BYTES, DUPLICATE_SHARE, LATE_DUPLICATE_BYTES, LATE_FACTOR, TAKE_BACK_FACTOR } from './limits.ts'
import type { PeerSession } from './peer-session.ts'
import type { Receipts } from './receipts.ts'
import type { Want } from './want.ts'

/** The peer that is expected to send the block first of those that may be asked for it; one block has about `bytes`. */
export function cheapest(want: Want, sessions: readonly PeerSession[], bytes: number): PeerSession | undefined {
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

/** What asking twice may cost. */
interface Cost {
  /** Bytes that may be expected of all peers beyond what is. */
  readonly budgetBytes: number
  /** What has come, and how much of it in vain. */
  readonly receipts: Receipts
}

/**
 * Asks more peers for blocks that they would have much sooner than those that were asked, oldest wants first, and as many
 * more as were asked in vain. A block that is so far back with a peer that CANCEL comes in time is taken back from it. Any
 * other may well come twice: whoever sends first wins.
 */
export function askTwice(sessions: readonly PeerSession[], bytes: number, { budgetBytes, receipts }: Cost): void {
  if (sessions.length < 2 || !sessions.some((session) => session.hasRoom(bytes))) return
  const wants = [...new Set(sessions.flatMap((session) => session.openWants()))].toSorted((a, b) => a.order - b.order)
  const room = roomOf(wants, bytes, receipts)
  let leftBytes = budgetBytes
  for (const want of wants) {
    const holders = sessions.filter((session) => session.remainingMs(want) < Infinity)
    const soonestMs = Math.min(...holders.map((session) => session.remainingMs(want)))
    // Who has never sent anything has earned no patience.
    const isProven = holders.some((session) => session.isProven)
    const isLate = holders.every((session) => session.isLate)
    const isFar = isProven && holders.every((session) => session.isFarFrom(want))
    const factor = isFar ? TAKE_BACK_FACTOR : isProven ? LATE_FACTOR : 1
    for (let more = want.openAsks; more > 0; more--) {
      const helper = cheapest(want, sessions, bytes)
      if (helper === undefined || !helper.hasRoom(bytes) || soonestMs <= factor * helper.cost(want, bytes)) break
      if (leftBytes < bytes) return
      if (isFar) for (const session of holders) session.takeBack(want)
      else if ((isProven || !isLate) && !room.take(bytes, { isLate })) break
      helper.askBlock(want, bytes)
      leftBytes -= bytes
      if (isFar) break
    }
  }
}

/** Counts what may still come twice, whatever is asked of several peers already included. */
function roomOf(wants: readonly Want[], bytes: number, receipts: Receipts) {
  const { dataReceived, dupDataReceived } = receipts.counts
  let spent = dupDataReceived + wants.reduce((sum, { openAsks }) => sum + Math.max(0, openAsks - 1) * bytes, 0)
  const boundBytes = dataReceived * DUPLICATE_SHARE
  return {
    take(more: number, { isLate }: { readonly isLate: boolean }): boolean {
      if (spent + more > boundBytes + (isLate ? LATE_DUPLICATE_BYTES : DUPLICATE_BYTES)) return false
      spent += more
      return true
    },
  }
}
