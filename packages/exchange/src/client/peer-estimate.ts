// What is measured of one peer: how often it has what it is asked for, its round trip, how fast blocks come, and whether
// it has gone silent. A rate is taken between messages, so that a round trip is not taken for one, and only lowered by
// what came while enough was asked for to keep the line busy.
import { ANSWER_BYTES } from '../limits.ts'
import {
  GAP_DEVIATIONS,
  HIT_RATE_GUESS,
  HIT_RATE_MIN,
  IDLE_MS,
  PEER_WINDOW_BYTES,
  PEER_WINDOW_BYTES_MIN,
  PEER_WINDOW_MS,
  RATE_GUESS,
  RATE_LOST_MIN,
  RATE_SAMPLE_BYTES,
  RATE_SAMPLE_MESSAGES,
  RATE_SAMPLE_MS,
  RATE_SAMPLE_MS_MAX,
  ROUND_TRIP_GUESS_MS,
  SHARED_WINDOW_MS,
  SHARED_WINDOW_TRIPS,
  SILENCE_MS,
} from './limits.ts'

/** Weight of the newest measurement in a running mean. */
const NEWEST = 0.5

/** Measures one peer for the scheduler. Times are milliseconds on the clock. */
export class PeerEstimate {
  #hitRate = HIT_RATE_GUESS
  #bytesPerMs = RATE_GUESS
  #isMeasured = false
  #roundTripMs = ROUND_TRIP_GUESS_MS
  /** Bytes of blocks that came. */
  #sentBytes = 0
  /** When it was given something to do after it had nothing. */
  #workSince = 0
  /** The same, until it answers. */
  #startedAt: number | undefined
  #messageBytes = 0
  #sampleBytes = 0
  #sampleMessages = 0
  #sampleStart: number | undefined
  /** Whether the peer ran short of wants since the sample began. */
  #isShort = false
  #progressAt = 0
  #answeredAt = -Infinity
  /** When the last message with blocks came since it has had something to do. */
  #messageAt: number | undefined
  /** Milliseconds between two of them, and how far from that it is in the mean. */
  #gapMs = 0
  #gapDeviationMs = 0

  /** Share of what this peer was asked for that it had, lately. */
  get hitRate(): number {
    return this.#hitRate
  }

  get bytesPerMs(): number {
    return this.#bytesPerMs
  }

  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** Milliseconds that it may be late without any news in that. As the timeout of TCP (RFC 6298). */
  get patienceMs(): number {
    return this.#roundTripMs + this.#gapMs + GAP_DEVIATIONS * this.#gapDeviationMs
  }

  /** Whether it has ever sent a block that it was asked for. */
  get isProven(): boolean {
    return this.#sentBytes > 0
  }

  /**
   * Bytes that may be expected from this peer at a time: the more, the more it has shown that it sends. Beside others less: what
   * comes late from one holds up a reader that has all the rest.
   */
  windowBytes({ isAlone }: { readonly isAlone: boolean }): number {
    const shownBytes = PEER_WINDOW_BYTES_MIN + 2 * this.#sentBytes
    const ms = isAlone ? PEER_WINDOW_MS : Math.max(SHARED_WINDOW_MS, SHARED_WINDOW_TRIPS * this.#roundTripMs)
    return Math.min(PEER_WINDOW_BYTES, shownBytes, Math.max(PEER_WINDOW_BYTES_MIN, this.#bytesPerMs * ms))
  }

  /** The peer had something to do from now on: neither its speed nor its silence counts from before. */
  start(now: number, { isOwing }: { readonly isOwing: boolean }): void {
    this.#progressAt = now
    this.#messageAt = undefined
    // A peer that owes what was given up is at work on that.
    if (isOwing) return
    this.#startedAt = this.#workSince = now
    this.#takeSample(now, { isEnd: true })
    this.#sampleStart = undefined
  }

  /** What the peer sends is read again: its silence until now was ours. */
  resume(now: number): void {
    this.#progressAt = now
    if (this.#answeredAt > -Infinity) this.#answeredAt = now
    this.#messageAt = undefined
  }

  /** The peer told whether it has a block. */
  told(has: boolean): void {
    this.#hitRate = Math.max(HIT_RATE_MIN, this.#hitRate + NEWEST * ((has ? 1 : 0) - this.#hitRate))
  }

  /** The peer answered a want for a block, with `bytes` of it, or 0 for DONT_HAVE. */
  answered(bytes: number, now: number): void {
    this.#progressAt = this.#answeredAt = now
    this.#messageBytes += bytes
    this.#sentBytes += bytes
    if (this.#startedAt === undefined) return
    this.tripped(now - this.#startedAt)
    this.#startedAt = undefined
  }

  /** An answer came `ms` milliseconds after what it answers was asked. */
  tripped(ms: number): void {
    this.#roundTripMs = ms < this.#roundTripMs ? ms : this.#roundTripMs + (ms - this.#roundTripMs) / 8
  }

  /** All of a message has been taken; `dueBytes` are still expected. */
  messageEnded(now: number, dueBytes: number): void {
    if (this.#messageBytes === 0) return
    this.#measureGap(now)
    if (this.#sampleStart === undefined) {
      // After a second a round trip makes no difference, and the first message tells of a slow line.
      const elapsedMs = now - this.#workSince
      if (elapsedMs >= RATE_SAMPLE_MS_MAX) this.#measured(this.#messageBytes / elapsedMs)
      this.#beginSample(now)
    } else {
      this.#sampleBytes += this.#messageBytes
      this.#sampleMessages++
      this.#takeSample(now, { isEnd: false })
    }
    this.#messageBytes = 0
    if (dueBytes < this.#bytesPerMs * this.#roundTripMs) this.#isShort = true
  }

  /** Others had to send what this peer was late with. */
  lost(): void {
    this.#bytesPerMs = Math.min(this.#bytesPerMs, Math.max(RATE_LOST_MIN, this.#bytesPerMs / 2))
  }

  /** Milliseconds beyond a round trip and a message that nothing has come of `dueBytes`, since `askedAt` at the earliest. */
  lateMs(now: number, { dueBytes, askedAt }: { readonly dueBytes: number; readonly askedAt: number }): number {
    const sinceMs = now - Math.max(this.#progressAt, askedAt)
    return Math.max(0, sinceMs - this.#roundTripMs - Math.min(dueBytes, ANSWER_BYTES) / this.#bytesPerMs)
  }

  /** Whether no answer has come for so long that the wants may be lost. */
  isIdle(now: number): boolean {
    return now - this.#answeredAt >= IDLE_MS
  }

  /** Whether no answer has come for so long that others should be asked. */
  isSilent(now: number): boolean {
    return now - this.#progressAt >= SILENCE_MS
  }

  #measureGap(now: number): void {
    if (this.#messageAt !== undefined) {
      const error = now - this.#messageAt - this.#gapMs
      this.#gapMs += error / 8
      this.#gapDeviationMs += (Math.abs(error) - this.#gapDeviationMs) / 4
    }
    this.#messageAt = now
  }

  #beginSample(now: number): void {
    this.#sampleStart = now
    this.#sampleBytes = 0
    this.#sampleMessages = 0
    this.#isShort = false
  }

  /** Takes the sample if it is long enough, or ends whatever there is of it. */
  #takeSample(now: number, { isEnd }: { isEnd: boolean }): void {
    if (this.#sampleStart === undefined || this.#sampleBytes === 0) return
    // At the end nothing is known of the time since the last message.
    const elapsedMs = (isEnd ? this.#answeredAt : now) - this.#sampleStart
    const isEnough =
      elapsedMs >= RATE_SAMPLE_MS &&
      this.#sampleBytes >= RATE_SAMPLE_BYTES &&
      this.#sampleMessages >= RATE_SAMPLE_MESSAGES
    if (!isEnough && elapsedMs < RATE_SAMPLE_MS_MAX) return
    const rate = this.#sampleBytes / elapsedMs
    if (!this.#isShort || rate > this.#bytesPerMs) this.#measured(rate)
    this.#beginSample(now)
  }

  /** The first measurement replaces the guess. */
  #measured(rate: number): void {
    this.#bytesPerMs = this.#isMeasured ? this.#bytesPerMs + NEWEST * (rate - this.#bytesPerMs) : rate
    this.#isMeasured = true
  }
}
