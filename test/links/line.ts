// One direction of a link: frames leave one after the other at its rate, arrive after its delay, and are lost when too many
// wait, as in a router. All that is known of time comes in with the calls.

/** How a link is; it can change while frames are on their way. */
export interface LineQuality {
  /** Bytes per millisecond; no limit by default. */
  readonly bytesPerMs?: number | undefined
  /** Milliseconds from one end to the other; 0 by default. */
  readonly delayMs?: number | undefined
  /** Loses all there is. */
  readonly isDown?: boolean | undefined
}

/** Milliseconds of the rate that may wait: what routers at home have. */
const QUEUE_MS = 100

/** Bytes that may wait on a slow line: a few of the largest frames. */
const QUEUE_BYTES_MIN = 256 * 1024

interface Timed<Frame> {
  readonly frame: Frame
  readonly atMs: number
}

/** A line and the frames on it. */
export class Line<Frame> {
  #quality: LineQuality = {}
  /** On their way, the next to arrive at `#first`. */
  #frames: Timed<Frame>[] = []
  #first = 0
  /** When the last frame has left. */
  #freeMs = 0

  shape(quality: LineQuality): void {
    this.#quality = quality
  }

  /** Takes a frame that comes to the line at `nowMs`, or loses it. */
  push(frame: Frame, bytes: number, nowMs: number): void {
    const { bytesPerMs = Infinity, delayMs = 0, isDown = false } = this.#quality
    const startMs = Math.max(nowMs, this.#freeMs)
    const waitingBytes = startMs === nowMs ? 0 : (startMs - nowMs) * bytesPerMs
    if (isDown || waitingBytes > Math.max(QUEUE_BYTES_MIN, QUEUE_MS * bytesPerMs)) return
    this.#freeMs = startMs + bytes / bytesPerMs
    this.#frames.push({ frame, atMs: this.#freeMs + delayMs })
  }

  /** The next frame that has arrived by `nowMs`, and when it did. */
  take(nowMs: number): Timed<Frame> | undefined {
    const next = this.#frames[this.#first]
    if (next === undefined || next.atMs > nowMs) return undefined
    this.#first++
    if (this.#first === this.#frames.length) {
      this.#frames = []
      this.#first = 0
    }
    return next
  }
}
