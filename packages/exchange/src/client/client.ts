// The asking side of bitswap: who waits for what, and which peers are asked. It owns wants and sessions; the scheduler
// decides, the sessions send. Everything that happens in one turn goes out in one message per peer.
import {
  BLOCK_BYTES_MAX,
  blockKey,
  CairnError,
  checkMultihash,
  hashByCode,
  identityBlock,
  relabelBlock,
  type Block,
  type Clock,
  type Fetcher,
  type FetchOptions,
  type PeerAbilities,
  type PeerId,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { CHECK_MS, GREETING_WANTS, LATE_CHECK_MS, NOTICED_WANTS, REPEAT_MS } from './limits.ts'
import type { Message } from '../message.ts'
import type { RefusalReason } from '../guard/refusals.ts'
import type { ReceivedWant } from '../want-list.ts'
import { Alarm } from './alarm.ts'
import { standingOf, type MoveReason, type StandingParts, type WantStanding } from './fetch-trace.ts'
import { Intake } from './intake.ts'
import { PeerSession, type SessionParts } from './peer-session.ts'
import type { ReceiptCounts } from './receipts.ts'
import { Scheduler } from './scheduler.ts'
import { isUrgent, newWant, URGENT_ORDER, type Want } from './want.ts'

/** Counts since the client began. */
export interface ClientStats extends ReceiptCounts {
  /** CIDs that are waited for, in the order of asking. */
  readonly wantlist: readonly CID[]
  readonly messagesSent: number
}

/** Fetches blocks from the peers that are connected. */
export class Client implements Fetcher {
  readonly #parts: SessionParts
  readonly #clock: Clock
  readonly #wants = new Map<string, Want>()
  readonly #sessions = new Map<PeerId, PeerSession>()
  readonly #intake: Intake
  readonly #scheduler: Scheduler
  #messagesSent = 0
  #order = 0
  readonly #wakes: Alarm
  readonly #checks: Alarm
  readonly #looks: Alarm
  #isClosed = false

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#clock = parts.clock
    this.#wakes = new Alarm(parts.clock, () => this.#run())
    this.#checks = new Alarm(parts.clock, () => this.#check())
    this.#looks = new Alarm(parts.clock, () => this.#wake())
    this.#intake = new Intake({ ...parts, wants: this.#wants })
    this.#scheduler = new Scheduler(this.#intake.receipts)
  }

  async fetch(cid: CID, { signal, urgent = false, bytes }: FetchOptions = {}): Promise<Block> {
    if (this.#isClosed) throw new CairnError('UNAVAILABLE', `Cannot fetch ${cid}: bitswap is closed`, { cid })
    signal?.throwIfAborted()
    const inline = identityBlock(cid)
    if (inline !== undefined) return inline
    checkMultihash(cid)
    hashByCode(cid.multihash.code)
    const want = this.#wantOf(cid, bytes)
    const { promise, ...waiter } = Promise.withResolvers<Block>()
    const abort = (): void => waiter.reject(signal?.reason)
    want.waiters.add(waiter)
    if (urgent) this.#hasten(want)
    this.#requeue([want])
    signal?.addEventListener('abort', abort)
    try {
      return relabelBlock(await promise, cid)
    } finally {
      signal?.removeEventListener('abort', abort)
      if (want.waiters.delete(waiter) && want.waiters.size === 0) this.#end(want)
    }
  }

  connected(peer: PeerId, { presences }: PeerAbilities): void {
    if (this.#isClosed) return
    const known = this.#sessions.get(peer)
    if (known !== undefined) {
      known.knowsPresences = presences
      return
    }
    if (this.#intake.isDistrusted(peer)) return
    this.#parts.trace.emit?.({ kind: 'connected', peer })
    const session = new PeerSession(peer, this.#parts)
    session.knowsPresences = presences
    this.#sessions.set(peer, session)
    let greeted = 0
    for (const want of this.#wants.values()) {
      if (want.openAsks === 0) this.#scheduler.add(want)
      else if (greeted++ < GREETING_WANTS) session.askHave(want)
    }
    this.#wake()
  }

  disconnected(peer: PeerId): void {
    const session = this.#sessions.get(peer)
    if (session === undefined) return
    this.#sessions.delete(peer)
    this.#parts.trace.emit?.({ kind: 'disconnected', peer })
    this.#requeue(session.close())
  }

  /** Takes blocks and presences. Gives what is wrong when the peer sends more than it was asked for. */
  receive(peer: PeerId, message: Pick<Message, 'blocks' | 'presences'>): string | undefined {
    const session = this.#sessions.get(peer)
    if (session === undefined) {
      this.#parts.refusals.count('block-distrusted', message.blocks.length)
      return undefined
    }
    for (const sent of message.blocks) {
      const taken = this.#intake.take(session, sent)
      if (typeof taken === 'string') return taken
      if (taken !== undefined) this.#deliver(taken.want, taken.block, session)
    }
    for (const { cid, has } of message.presences) {
      const want = session.told(blockKey(cid), has)
      if (want === undefined) continue
      this.#parts.trace.emit?.({ kind: 'answered', cid: want.cid, peer, has })
      this.#scheduler.add(want)
      if (has && session.isFellow) this.#scheduler.offer(want)
    }
    session.messageEnded()
    this.#wake()
    return undefined
  }

  /** Takes note of what the peer wants of us: who wants what we want takes it from the same peers, and can pass it on. */
  noticed(peer: PeerId, wants: Iterable<ReceivedWant | RefusalReason>): void {
    const session = this.#wants.size === 0 ? undefined : this.#sessions.get(peer)
    if (session === undefined) return
    let looked = 0
    for (const want of wants) {
      if (looked++ === NOTICED_WANTS) return
      // As `blockKey`.
      if (typeof want === 'string' || want.cancel || !this.#wants.has(want.key.slice(want.multihashAt))) continue
      session.wantsSame()
      this.#wake()
      return
    }
  }

  /** Nothing of the peer is read until `released`: our own limit is why it looks silent. */
  held(peer: PeerId): void {
    this.#sessions.get(peer)?.hold()
  }

  released(peer: PeerId): void {
    this.#sessions.get(peer)?.release()
  }

  /** Bytes that the blocks may have which the peer was asked for. */
  expectedBytes(peer: PeerId): number {
    return (this.#sessions.get(peer)?.dueAsks ?? 0) * BLOCK_BYTES_MAX
  }

  /** Whether the block is waited for, and every peer that is connected, one at least, has said that it lacks it. */
  isLacked(cid: CID): boolean {
    const want = this.#wants.get(blockKey(cid))
    if (want === undefined || this.#sessions.size === 0) return false
    return this.#sessions.keys().every((peer) => want.asks.get(peer)?.presence === 'lacks')
  }

  /** How the oldest wants stand, at most `wantsMax` of them. */
  standings(wantsMax: number, isLimited: StandingParts['isLimited']): WantStanding[] {
    const parts = { sessions: [...this.#sessions.values()], nowMs: this.#clock.now(), isLimited }
    return Array.from(this.#wants.values().take(wantsMax), (want) => standingOf(want, parts))
  }

  /** Bytes of blocks that came and were of no use. */
  get wastedBytes(): number {
    return this.#intake.receipts.wastedBytes
  }

  get stats(): ClientStats {
    const wantlist = Array.from(this.#wants.values(), (want) => want.cid)
    return { ...this.#intake.receipts.counts, messagesSent: this.#messagesSent, wantlist }
  }

  close(): void {
    this.#isClosed = true
    for (const alarm of [this.#wakes, this.#checks, this.#looks]) alarm.cancel()
    for (const session of this.#sessions.values()) session.close()
    this.#sessions.clear()
    for (const { cid, waiters } of this.#wants.values()) {
      for (const waiter of waiters)
        waiter.reject(new CairnError('UNAVAILABLE', `Cannot fetch ${cid}: bitswap was closed`, { cid }))
    }
    this.#wants.clear()
  }

  /** Puts a want before all that are not urgent, here and with the peers that were asked. */
  #hasten(want: Want): void {
    if (isUrgent(want)) return
    want.order = URGENT_ORDER + this.#order++
    this.#scheduler.reorder()
    for (const id of want.asks.keys()) this.#sessions.get(id)?.hasten(want)
  }

  #wantOf(cid: CID, bytes: number | undefined): Want {
    const key = blockKey(cid)
    let want = this.#wants.get(key)
    if (want === undefined) {
      want = newWant(cid, { bytes, order: this.#order++, rank: this.#parts.random(), now: this.#clock.now() })
      this.#wants.set(key, want)
      this.#parts.trace.emit?.({ kind: 'wanted', cid })
    }
    return want
  }

  #deliver(want: Want, block: Block, session: PeerSession): void {
    this.#wants.delete(want.key)
    this.#intake.ended(want.key)
    this.#scheduler.observe(block.bytes.length, want)
    session.delivered(want, block.bytes.length)
    for (const id of want.asks.keys()) {
      const other = this.#sessions.get(id)
      other?.outrun(want)
      other?.cancel(want)
    }
    for (const waiter of want.waiters) waiter.resolve(block)
    want.waiters.clear()
  }

  /** Nobody waits any more. */
  #end(want: Want): void {
    this.#wants.delete(want.key)
    this.#parts.trace.emit?.({ kind: 'ended', cid: want.cid })
    this.#intake.ended(want.key)
    for (const id of want.asks.keys()) this.#sessions.get(id)?.cancel(want)
    this.#wake()
  }

  /** Asks others for what is not expected of this peer any more. */
  #move({ id }: PeerSession, wants: readonly Want[], why: MoveReason): void {
    for (const { cid } of wants) this.#parts.trace.emit?.({ kind: 'moved', cid, peer: id, why })
    this.#requeue(wants)
  }

  #requeue(wants: readonly Want[]): void {
    for (const want of wants) this.#scheduler.add(want)
    this.#wake()
  }

  /** Runs the schedule and tells the peers, after all that happens in this turn. */
  #wake(): void {
    if (this.#isClosed) return
    this.#wakes.set(0)
    if (this.#wants.size > 0) this.#checks.set(CHECK_MS)
  }

  #run(): void {
    const sessions = [...this.#sessions.values()]
    for (const session of sessions) for (const want of session.presumeLacks()) this.#scheduler.add(want)
    this.#scheduler.run(sessions)
    this.#lookAgain(sessions)
    for (const session of sessions) void this.#flush(session)
  }

  /** Time alone makes a peer late, so there is another look while several are asked, or one that does not say what it lacks. */
  #lookAgain(sessions: readonly PeerSession[]): void {
    const isTimed = sessions.length > 1 || sessions.some(({ knowsPresences }) => !knowsPresences)
    if (isTimed && sessions.some(({ openBytes }) => openBytes > 0)) this.#looks.set(LATE_CHECK_MS)
  }

  /** Whatever kept the message from the peer, it was not asked: others are, and a repeat comes later. */
  async #flush(session: PeerSession): Promise<void> {
    try {
      await session.flush(() => this.#messagesSent++)
    } catch {
      if (this.#sessions.get(session.id) === session) this.#move(session, session.fail(), 'send failed')
    }
  }

  #check(): void {
    const now = this.#clock.now()
    for (const session of this.#sessions.values()) {
      if (!session.isSilent) continue
      this.#parts.refusals.count('peer-silent')
      this.#move(session, session.stall(), 'silent')
    }
    for (const want of this.#wants.values()) {
      if (now - want.askedAt < REPEAT_MS) continue
      want.askedAt = now
      for (const session of this.#sessions.values()) session.repeat(want)
      this.#scheduler.add(want)
    }
    this.#wake()
  }
}
