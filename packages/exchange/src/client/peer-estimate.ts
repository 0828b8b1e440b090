// What is measured of one peer: how often it has what it is asked for, how fast blocks come, whether it has gone silent.
import {
  HIT_RATE_GUESS,
  HIT_RATE_MIN,
  IDLE_MS,
  PEER_WINDOW_BYTES,
  PEER_WINDOW_BYTES_MIN,
  PEER_WINDOW_MS,
  RATE_GUESS,
  RATE_SAMPLE_BYTES,
  RATE_SAMPLE_MS,
  RATE_SAMPLE_MS_MAX,
  SILENCE_MS,
} from '../limits.ts'

/** Weight of the newest measurement in a running mean. */
const NEWEST = 0.5

/** Measures one peer for the scheduler. Times are milliseconds on the clock. */
export class PeerEstimate {
  #hitRate = HIT_RATE_GUESS
  #bytesPerMs = RATE_GUESS
  #sampleBytes = 0
  #sampleStart = 0
  #progressAt = 0
  #answeredAt = -Infinity

  /** Share of what this peer was asked for that it had, lately. */
  get hitRate(): number {
    return this.#hitRate
  }

  get bytesPerMs(): number {
    return this.#bytesPerMs
  }

  /** Bytes that may be expected from this peer at a time. */
  get windowBytes(): number {
    return Math.min(PEER_WINDOW_BYTES, Math.max(PEER_WINDOW_BYTES_MIN, this.#bytesPerMs * PEER_WINDOW_MS))
  }

  /** The peer had something to do from now on: neither its speed nor its silence counts from before. */
  start(now: number): void {
    this.#progressAt = now
    this.#sampleStart = now
    this.#sampleBytes = 0
  }

  /** The peer told whether it has a block. */
  told(has: boolean): void {
    this.#hitRate = Math.max(HIT_RATE_MIN, this.#hitRate + NEWEST * ((has ? 1 : 0) - this.#hitRate))
  }

  /** The peer answered a want for a block, with `bytes` of it, or 0 for DONT_HAVE. */
  answered(bytes: number, now: number): void {
    this.#progressAt = this.#answeredAt = now
    this.#sampleBytes += bytes
    const elapsedMs = now - this.#sampleStart
    const isEnough = elapsedMs >= RATE_SAMPLE_MS && this.#sampleBytes >= RATE_SAMPLE_BYTES
    if ((!isEnough && elapsedMs < RATE_SAMPLE_MS_MAX) || this.#sampleBytes === 0) return
    this.#bytesPerMs += NEWEST * (this.#sampleBytes / elapsedMs - this.#bytesPerMs)
    this.#sampleStart = now
    this.#sampleBytes = 0
  }

  /** Whether no answer has come for so long that the wants may be lost. */
  isIdle(now: number): boolean {
    return now - this.#answeredAt >= IDLE_MS
  }

  /** Whether no answer has come for so long that others should be asked. */
  isSilent(now: number): boolean {
    return now - this.#progressAt >= SILENCE_MS
  }
}
