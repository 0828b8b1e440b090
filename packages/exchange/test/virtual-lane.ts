// How bytes travel on the virtual network: a lane is one direction of a connection, a line is what all lanes of one node
// share in one direction. A message is cut into segments, which take turns on the lines, and is handed over whole.
import { CairnError } from '@cairn/core'
import type { VirtualClock } from './virtual-clock.ts'
import type { LinkQuality } from './virtual-network.ts'

/** Bytes not sent yet at which `send` waits: a socket's buffer. */
const UNSENT_BYTES_MAX = 256 * 1024

/** Bytes arrived and not handled at which `send` waits: a receiver's window. */
const UNREAD_BYTES_MAX = 256 * 1024

/** Bytes of a segment: little enough that lines are shared fairly, enough that there are not many. */
const SEGMENT_BYTES = 16 * 1024

/** One direction of one node: lanes take turns by segments, each gets the same share. */
export class Line {
  readonly #clock: VirtualClock
  readonly #bytesPerMs: number
  /** Lanes in the order of their turns. */
  readonly #queues = new Map<Lane, Segment[]>()
  #isBusy = false

  constructor(clock: VirtualClock, bytesPerMs: number) {
    this.#clock = clock
    this.#bytesPerMs = bytesPerMs
  }

  /** Whether messages of several lanes can stand in each other's way. */
  get isShared(): boolean {
    return this.#bytesPerMs !== Infinity
  }

  /** Calls `done` once the bytes have passed, in the order of calls of one lane. */
  pass(lane: Lane, bytes: number, done: () => void): void {
    if (!this.isShared) return done()
    const queue = this.#queues.get(lane)
    if (queue === undefined) this.#queues.set(lane, [{ bytes, done }])
    else queue.push({ bytes, done })
    if (!this.#isBusy) this.#next()
  }

  /** Drops what waits of a lane that broke. */
  drop(lane: Lane): void {
    this.#queues.delete(lane)
  }

  #next(): void {
    const first = this.#queues.entries().next()
    this.#isBusy = first.done !== true
    if (first.done === true) return
    const [lane, queue] = first.value
    this.#queues.delete(lane)
    const segment = queue.shift()
    if (segment === undefined) return this.#next()
    if (queue.length > 0) this.#queues.set(lane, queue)
    this.#clock.afterQuietly(segment.bytes / this.#bytesPerMs, () => {
      segment.done()
      this.#next()
    })
  }
}

interface Segment {
  readonly bytes: number
  readonly done: () => void
}

interface LaneParts {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly up: Line
  readonly down: Line
  readonly deliver: (bytes: Uint8Array) => Promise<void>
}

/** One direction of a connection: in order, one message handled at a time. */
export class Lane {
  readonly #parts: LaneParts
  readonly #quality: Required<LinkQuality>
  #isOpen = true
  #freeAt = 0
  #arrivesAt = 0
  #unsentBytes = 0
  #unreadBytes = 0
  #handled: Promise<void> = Promise.resolve()
  readonly #waiters = new Set<{ resolve: () => void; reject: (reason: unknown) => void }>()

  constructor(parts: LaneParts, { delayMs = 1, jitterMs = 0, bytesPerMs = 100_000 }: LinkQuality) {
    this.#parts = parts
    this.#quality = { delayMs, jitterMs, bytesPerMs }
  }

  carry(message: Uint8Array): void {
    const { up, down } = this.#parts
    this.#unsentBytes += message.length
    const segmentBytes = up.isShared || down.isShared ? SEGMENT_BYTES : Infinity
    for (let sent = 0; sent === 0 || sent < message.length; sent += segmentBytes) {
      const bytes = Math.min(segmentBytes, message.length - sent)
      const isLast = sent + bytes >= message.length
      up.pass(this, bytes, () => this.#leave(bytes, isLast ? message : undefined))
    }
  }

  async hasRoom(signal: AbortSignal | undefined): Promise<void> {
    while (!this.#isRoomy) {
      const waiter = Promise.withResolvers<void>()
      const abort = (): void => waiter.reject(signal?.reason)
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', abort)
      try {
        await waiter.promise
      } finally {
        this.#waiters.delete(waiter)
        signal?.removeEventListener('abort', abort)
      }
    }
  }

  close(): void {
    this.#isOpen = false
    for (const line of [this.#parts.up, this.#parts.down]) line.drop(this)
    for (const { reject } of this.#waiters) reject(new CairnError('UNAVAILABLE', 'The connection broke'))
  }

  /** A segment goes onto the link; `message` is what ends with it. */
  #leave(bytes: number, message: Uint8Array | undefined): void {
    const { clock, random } = this.#parts
    const { bytesPerMs, delayMs, jitterMs } = this.#quality
    const now = clock.now()
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / bytesPerMs
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#freeAt + delayMs + random() * jitterMs)
    clock.afterQuietly(this.#freeAt - now, () => this.#sent(bytes))
    clock.afterQuietly(this.#arrivesAt - now, () => this.#arrive(bytes, message))
  }

  #sent(bytes: number): void {
    this.#unsentBytes -= bytes
    if (this.#isRoomy && this.#waiters.size > 0) this.#parts.clock.after(0, () => this.#tellRoom())
  }

  get #isRoomy(): boolean {
    return this.#unsentBytes <= UNSENT_BYTES_MAX && this.#unreadBytes <= UNREAD_BYTES_MAX
  }

  #tellRoom(): void {
    for (const { resolve } of this.#waiters) resolve()
  }

  #arrive(bytes: number, message: Uint8Array | undefined): void {
    if (!this.#isOpen) return
    this.#parts.down.pass(this, bytes, () => {
      if (message === undefined) return
      this.#unreadBytes += message.length
      this.#parts.clock.after(0, () => {
        this.#handled = this.#handled.then(() => this.#handle(message))
      })
    })
  }

  async #handle(message: Uint8Array): Promise<void> {
    if (!this.#isOpen) return
    await this.#parts.deliver(message)
    this.#unreadBytes -= message.length
    if (this.#isRoomy) this.#tellRoom()
  }
}
