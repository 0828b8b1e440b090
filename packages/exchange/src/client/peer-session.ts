// What the client has asked of one connected peer, and what it still has to tell it. What is asked changes here alone, so that
// the asks, the outbox and what is measured of the peer agree.
import type { Clock, PeerId } from '@cairn/core'
import { FELLOW_MS, HIT_RATE_TRUSTED, PEER_WINDOW_WANTS, URGENT_WANTS, URGENT_WINDOW_BYTES } from './limits.ts'
import type { Refusals } from '../guard/refusals.ts'
import { Asks } from './asks.ts'
import { Conduct } from './conduct.ts'
import type { AskStanding } from './fetch-trace.ts'
import { Forecast } from './forecast.ts'
import { Outbox, type OutboxParts } from './outbox.ts'
import { PeerEstimate } from './peer-estimate.ts'
import type { Ask, Want } from './want.ts'

/** What a session needs from outside. */
export interface SessionParts extends OutboxParts {
  readonly clock: Clock
  /** Where blocks are counted that are dropped. */
  readonly refusals: Refusals
  /** A number from 0 to 1 by chance. */
  readonly random: () => number
}

/** One connection period of one peer, seen from the asking side. */
export class PeerSession {
  readonly id: PeerId
  /** Whether the peer knows HAVE and DONT_HAVE; one below bitswap 1.2.0 is only asked for blocks. */
  knowsPresences = true
  /** What it does that nobody asked for. */
  readonly conduct = new Conduct()
  readonly #clock: Clock
  readonly #estimate = new PeerEstimate()
  readonly #asks: Asks
  readonly #forecast: Forecast
  readonly #outbox: Outbox
  #fellowAt = -Infinity
  /** Wants that it may be asked for whatever their bytes. */
  wantsMin = 1
  /** Whether it is the only peer there is. */
  isAlone = true

  constructor(id: PeerId, parts: SessionParts) {
    this.id = id
    this.#clock = parts.clock
    this.#asks = new Asks(id)
    this.#forecast = new Forecast({ clock: parts.clock, asks: this.#asks, estimate: this.#estimate })
    this.#outbox = new Outbox(id, parts)
  }

  /** Blocks that this peer was asked for and may still send. */
  get dueAsks(): number {
    return this.#asks.dueAsks
  }

  /** Bytes that are expected from this peer soon. */
  get openBytes(): number {
    return this.#asks.openBytes
  }

  /** Whether it has ever sent a block that it was asked for. */
  get isProven(): boolean {
    return this.#estimate.isProven
  }

  /** Whether a block of `bytes` may be asked for now. A stalled peer gets one want at a time, to prove itself. */
  hasRoom(bytes: number, isUrgent = false): boolean {
    const { openAsks, dueAsks, dueBytes } = this.#asks
    if (this.#forecast.isStalled) return openAsks === 0
    const [moreWants, moreBytes] = isUrgent ? [URGENT_WANTS, URGENT_WINDOW_BYTES] : [0, 0]
    const isRoomy = dueAsks < PEER_WINDOW_WANTS + moreWants
    return dueAsks < this.wantsMin || (isRoomy && dueBytes + bytes <= this.#estimate.windowBytes(this) + moreBytes)
  }

  /** Whether the peer can be asked for the block: it was not yet, and has not said that it lacks it. */
  canServe(want: Want): boolean {
    const ask = want.asks.get(this.id)
    if (this.isFellow) return ask?.type === 'have' && ask.presence === 'has'
    return ask === undefined || (ask.type === 'have' && ask.presence !== 'lacks')
  }

  /** Whether the peer has lately wanted what we want: then it lacks what it does not say that it has. */
  get isFellow(): boolean {
    return this.#clock.now() - this.#fellowAt < FELLOW_MS
  }

  /** What it sends is not read from now on, until `release`: the time between is not the peer's. */
  hold(): void {
    this.#forecast.isHeld = true
  }

  release(): void {
    this.#forecast.release()
  }

  /** Takes note that the peer wants what we want. */
  wantsSame(): void {
    this.#fellowAt = this.#clock.now()
  }

  /** Expected milliseconds until a block of `bytes` is here, stretched by the doubt that the peer has it at all. */
  cost(want: Want, bytes: number): number {
    return this.#forecast.costMs(bytes, { isKnown: want.asks.get(this.id)?.presence === 'has' })
  }

  /** Expected milliseconds until the block of `want` comes that this peer was asked for; `Infinity` when it is not expected. */
  remainingMs(want: Want): number {
    return this.#forecast.remainingMs(want.asks.get(this.id))
  }

  /** Whether so much comes before the block of `want` that the peer will not have begun to send it when CANCEL comes. */
  isFarFrom(want: Want): boolean {
    return this.#forecast.isFar(want.asks.get(this.id))
  }

  /** See `Forecast`. */
  get isLate(): boolean {
    return this.#forecast.isLate
  }

  /** How `want` stands with this peer, if it was asked; for people to see. */
  standing(want: Want): AskStanding | undefined {
    const ask = want.asks.get(this.id)
    return ask && { peer: this.id, ...this.#forecast.standing(ask) }
  }

  /** Wants whose blocks are expected from this peer, in the order of asking. */
  openWants(): Want[] {
    return this.#asks.open.map(({ want }) => want)
  }

  /** Whether there is no need to ask others what they have: it said HAVE, or has had nearly all that was asked. */
  isSureOf(want: Want): boolean {
    return want.asks.get(this.id)?.presence === 'has' || this.#estimate.hitRate >= HIT_RATE_TRUSTED
  }

  /** Asks for the block of `want`, expected to take `bytes` of the window. */
  askBlock(want: Want, bytes: number): void {
    this.#forecast.begin()
    const ask = this.#asks.of(want)
    ask.type = 'block'
    this.#asks.expect(ask, bytes)
    this.#post(ask)
  }

  /** Tells again what the peer was asked about a want that has become urgent, unless the answer is about to come. */
  hasten(want: Want): void {
    const ask = want.asks.get(this.id)
    if (ask?.state === 'open' && this.remainingMs(want) > this.#estimate.roundTripMs) this.#post(ask)
  }

  /** Asks whether the peer has the block of `want`, unless it was asked anything about it before. */
  askHave(want: Want): void {
    if (this.knowsPresences && !want.asks.has(this.id)) this.#post(this.#asks.of(want))
  }

  /**
   * Sends again what the peer was asked about `want`, or asks whether it has it, and expects nothing soon. A peer that is
   * still busy with what it was asked before is not asked again, or a slow one would send each block twice.
   */
  repeat(want: Want): void {
    const ask = want.asks.get(this.id)
    if (ask === undefined) {
      // A want in the queue waits for a window, not for an answer.
      if (!want.queued) this.askHave(want)
    } else if (this.#forecast.isHeld) {
      // The answer may well be here, and not be read yet.
    } else if (this.#forecast.isBusyWith(ask)) {
      this.#asks.giveUp(ask)
    } else {
      this.#asks.settle(ask)
      this.#post(ask)
    }
  }

  /** Takes note of HAVE or DONT_HAVE. Gives the want when it was asked, `undefined` for an answer to nothing. */
  told(key: string, has: boolean): Want | undefined {
    const ask = this.#asks.get(key)
    if (ask === undefined) return undefined
    this.#estimate.told(has)
    if (ask.presence === 'unknown' && ask.sent) this.#estimate.tripped(this.#clock.now() - ask.askedAt)
    ask.presence = has ? 'has' : 'lacks'
    if (has || ask.type === 'have' || ask.state === 'settled') return ask.want
    this.#forecast.isStalled = false
    this.#estimate.answered(0, this.#clock.now())
    this.#asks.settle(ask)
    return ask.want
  }

  /**
   * Gives the wants that a peer without DONT_HAVE should have answered by now: it is taken to lack them. The block may come
   * all the same, and is told to be wanted until then.
   */
  presumeLacks(): readonly Want[] {
    if (this.knowsPresences || this.#asks.openAsks === 0) return []
    const late = this.#asks.open.filter((ask) => this.#forecast.isLacked(ask))
    for (const ask of late) {
      this.#estimate.told(false)
      this.#asks.settle(ask)
    }
    // As good as an answer: silence means nothing here.
    if (late.length > 0) this.#estimate.start(this.#clock.now(), { isOwing: true })
    return late.map(({ want }) => want)
  }

  /** Takes note that the block of `want` came from this peer: its part in the want ends without a CANCEL. */
  delivered(want: Want, bytes: number): void {
    this.#forecast.isStalled = false
    this.#estimate.told(true)
    if (want.asks.get(this.id)?.type === 'block') this.#estimate.answered(bytes, this.#clock.now())
    this.conduct.delivered(bytes)
    this.#outbox.drop(want)
    this.#forget(want)
  }

  /** All of a message has been taken. */
  messageEnded(): void {
    this.#estimate.messageEnded(this.#clock.now(), this.#asks.dueBytes)
  }

  /** Takes note that another peer sent the block of `want`, and whether this one was late with it. */
  outrun(want: Want): void {
    const ask = want.asks.get(this.id)
    if (ask?.state !== 'open' || this.#forecast.lateMs(ask.askedAt) === 0) return
    this.#estimate.lost()
    this.#forecast.isStalled ||= !this.#estimate.isProven
  }

  /** Ends this peer's part in `want`, telling it to forget where it has been told and has not answered. */
  cancel(want: Want): void {
    const ask = this.#forget(want)
    if (ask === undefined) return
    if (ask.sent && (ask.type === 'block' || ask.presence !== 'has')) {
      this.#outbox.cancel(want)
    } else this.#outbox.drop(want)
  }

  /** Takes back the ask for a block that another peer is asked for in place of this one; it may have been sent already. */
  takeBack(want: Want): void {
    const ask = want.asks.get(this.id)
    if (ask?.state !== 'open') return
    this.#asks.finish(ask)
    ask.type = 'have'
    if (ask.sent) {
      this.conduct.ended(want.key)
      this.#outbox.cancel(want)
    } else this.#outbox.drop(want)
  }

  /** Whether blocks are expected and none has come for too long. */
  get isSilent(): boolean {
    return this.#forecast.isSilent
  }

  /**
   * Stops trusting the peer until it answers, and gives the wants that others should be asked for. It may still send them.
   * What a peer of its speed would have sent long ago was lost on the way, and is asked for again.
   */
  stall(): readonly Want[] {
    this.#forecast.isStalled = true
    const open = this.#asks.open
    for (const ask of open) {
      this.#asks.giveUp(ask)
      if (this.#forecast.isLost(ask)) this.#post(ask)
    }
    return open.map(({ want }) => want)
  }

  /** Like `stall`, after a message that may not have come through: what was asked may never come. */
  fail(): readonly Want[] {
    const wants = this.stall()
    this.#asks.settleAll()
    return wants
  }

  /**
   * Sends what is to be told, one message at a time; what is added meanwhile goes into the next. Calls `onSent` after each.
   *
   * @throws UNAVAILABLE when the connection breaks
   */
  async flush(onSent: () => void): Promise<void> {
    await this.#outbox.flush(onSent)
  }

  /** Ends the session and gives the wants that the peer was asked about. */
  close(): readonly Want[] {
    this.#outbox.close()
    return this.#asks.clear()
  }

  #post(ask: Ask): void {
    ask.askedAt = this.#clock.now()
    this.#outbox.ask(ask, this.knowsPresences)
  }

  #forget(want: Want): Ask | undefined {
    const ask = this.#asks.forget(want)
    if (ask?.sent === true) this.conduct.ended(want.key)
    return ask
  }
}
