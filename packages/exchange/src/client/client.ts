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
import {
  CHECK_MS,
  DISTRUST_MS,
  DISTRUSTED_PEERS_MAX,
  GREETING_WANTS,
  LATE_CHECK_MS,
  NOTICED_WANTS,
  PAST_WANTS_MAX,
  REPEAT_MS,
} from './limits.ts'
import type { Message, PrefixedBlock } from '../message.ts'
import type { RefusalReason } from '../guard/refusals.ts'
import type { ReceivedWant } from '../want-list.ts'
import { BoundedMap } from './bounded-map.ts'
import { standingOf, type BlockUse, type MoveReason, type StandingParts, type WantStanding } from './fetch-trace.ts'
import { PeerSession, type SessionParts } from './peer-session.ts'
import { provenBlock } from './proven-block.ts'
import { Receipts, type ReceiptCounts } from './receipts.ts'
import { Scheduler } from './scheduler.ts'
import { isUrgent, URGENT_ORDER, type Want } from './want.ts'

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
  /** Keys of wants that ended, by which a late block is told from a wrong one. */
  readonly #past = new BoundedMap<true>(PAST_WANTS_MAX)
  /** Peers that sent wrong blocks, with the time until which they are asked for nothing. */
  readonly #distrusted = new BoundedMap<number>(DISTRUSTED_PEERS_MAX)
  readonly #receipts = new Receipts()
  readonly #scheduler = new Scheduler(this.#receipts)
  #messagesSent = 0
  #order = 0
  #cancelWake: (() => void) | undefined
  #cancelCheck: (() => void) | undefined
  #cancelLook: (() => void) | undefined
  #isClosed = false

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#clock = parts.clock
  }

  async fetch(cid: CID, { signal, urgent = false, bytes }: FetchOptions = {}): Promise<Block> {
    if (this.#isClosed) throw new CairnError('UNAVAILABLE', `Cannot fetch ${cid}: bitswap is closed`, { cid })
    signal?.throwIfAborted()
    const inline = identityBlock(cid)
    if (inline !== undefined) return inline
    checkMultihash(cid)
    hashByCode(cid.multihash.code)
    const want = this.#wantOf(cid, bytes)
    const { promise, resolve, reject } = Promise.withResolvers<Block>()
    const waiter = { resolve, reject }
    const abort = (): void => reject(signal?.reason)
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
    if ((this.#distrusted.get(peer) ?? 0) > this.#clock.now()) return
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
      const complaint = this.#receiveBlock(session, sent)
      if (complaint !== undefined) return complaint
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
    return this.#receipts.wastedBytes
  }

  get stats(): ClientStats {
    const wantlist = Array.from(this.#wants.values(), (want) => want.cid)
    return { ...this.#receipts.counts, messagesSent: this.#messagesSent, wantlist }
  }

  close(): void {
    this.#isClosed = true
    this.#cancelWake?.()
    this.#cancelCheck?.()
    this.#cancelLook?.()
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
      const askedAt = this.#clock.now()
      want = {
        cid,
        key,
        bytes,
        order: this.#order++,
        rank: this.#parts.random(),
        waiters: new Set(),
        asks: new Map(),
        openAsks: 0,
        since: askedAt,
        askedAt,
        queued: false,
      }
      this.#wants.set(key, want)
      this.#parts.trace.emit?.({ kind: 'wanted', cid })
    }
    return want
  }

  /** Takes one block. Gives what is wrong once the peer has sent too much that nobody asked for. */
  #receiveBlock(session: PeerSession, sent: PrefixedBlock): string | undefined {
    const bytes = sent.bytes.length
    const block = provenBlock(sent)
    const key = block === undefined ? undefined : blockKey(block.cid)
    const want = key === undefined ? undefined : this.#wants.get(key)
    const count = (use: BlockUse): void => {
      this.#receipts.add(use, bytes)
      this.#parts.trace.emit?.({ kind: 'received', cid: block?.cid, peer: session.id, bytes, use })
    }
    if (block !== undefined && want !== undefined) {
      count('wanted')
      this.#deliver(want, block, session)
      return undefined
    }
    if (key !== undefined && session.conduct.takeEnded(key)) {
      count('duplicate')
      return undefined
    }
    count('unasked')
    const isRepeat = key !== undefined && this.#past.get(key) === true
    this.#parts.refusals.count(block === undefined ? unusable(bytes) : isRepeat ? 'block-repeated' : 'block-unasked')
    if (isRepeat) {
      return session.conduct.forgivesRepeat(bytes) ? undefined : 'sent blocks again and again'
    }
    if (session.conduct.forgivesWrong()) return undefined
    this.#distrusted.set(session.id, this.#clock.now() + DISTRUST_MS)
    return 'sent blocks that nobody asked for'
  }

  #deliver(want: Want, block: Block, session: PeerSession): void {
    this.#wants.delete(want.key)
    this.#past.set(want.key, true)
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
    this.#past.set(want.key, true)
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
    this.#cancelWake ??= this.#clock.after(0, () => {
      this.#cancelWake = undefined
      const sessions = [...this.#sessions.values()]
      for (const session of sessions) for (const want of session.presumeLacks()) this.#scheduler.add(want)
      this.#scheduler.run(sessions)
      this.#lookAgain(sessions)
      for (const session of sessions) void this.#flush(session)
    })
    if (this.#wants.size > 0) this.#cancelCheck ??= this.#clock.after(CHECK_MS, () => this.#check())
  }

  /** Time alone makes a peer late, so there is another look while several are asked, or one that does not say what it lacks. */
  #lookAgain(sessions: readonly PeerSession[]): void {
    const isTimed = sessions.length > 1 || sessions.some(({ knowsPresences }) => !knowsPresences)
    if (!isTimed || !sessions.some(({ openBytes }) => openBytes > 0)) return
    this.#cancelLook ??= this.#clock.after(LATE_CHECK_MS, () => {
      this.#cancelLook = undefined
      this.#wake()
    })
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
    this.#cancelCheck = undefined
    const now = this.#clock.now()
    for (const session of this.#sessions.values()) {
      if (!session.isSilent(now)) continue
      this.#parts.refusals.count('peer-silent')
      this.#move(session, session.stall(), 'silent')
    }
    for (const want of this.#wants.values()) {
      if (now - want.askedAt >= REPEAT_MS) this.#repeat(want, now)
    }
    this.#wake()
  }

  #repeat(want: Want, now: number): void {
    want.askedAt = now
    for (const session of this.#sessions.values()) session.repeat(want)
    this.#scheduler.add(want)
  }
}

/** Why no block can be made of so many bytes. */
function unusable(bytes: number): RefusalReason {
  return bytes > BLOCK_BYTES_MAX ? 'block-too-large' : 'block-hash-refused'
}
