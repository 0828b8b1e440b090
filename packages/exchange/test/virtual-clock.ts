// A clock that a test turns: time passes only inside `run`, as fast as the work allows, and in the same order each time:
// by time, then by the order of setting. Between two timers one turn of the event loop passes, in which every promise
// that can settle does so, since nothing under test waits for anything but this clock and other promises.
import type { Clock } from '@cairn/core'

interface Timer {
  readonly at: number
  /** Rises with each timer, so that those of one time come in the order of setting. */
  readonly order: number
  /** `undefined` once it is cancelled. */
  action: (() => void) | undefined
  /** Whether nothing but the network itself can follow at once, so that no promise needs time to settle. */
  readonly isQuiet: boolean
}

/** Milliseconds of virtual time after which a run is taken to hang. */
const RUN_MS_MAX = 3_600_000

export class VirtualClock implements Clock {
  #now = 0
  #order = 0
  /** A heap: each timer is before the two at twice its place, plus one and plus two. */
  readonly #timers: Timer[] = []

  now(): number {
    return this.#now
  }

  after(delayMs: number, action: () => void): () => void {
    return this.#set(delayMs, action, false)
  }

  /** Like `after`, for an action that wakes nobody: what comes next need not wait for promises. */
  afterQuietly(delayMs: number, action: () => void): void {
    this.#set(delayMs, action, true)
  }

  /** Lets things happen until `isDone`, checked after each of them. */
  async run(isDone: () => boolean): Promise<void> {
    const end = this.#now + RUN_MS_MAX
    await settled()
    while (!isDone()) {
      const timer = this.#take()
      if (timer === undefined) throw new Error('Nothing is left to happen')
      if (timer.at > end) throw new Error('It takes too long')
      this.#now = timer.at
      timer.action?.()
      if (!timer.isQuiet) await settled()
    }
  }

  /** Lets things happen until `promise` settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    await this.run(() => isSettled)
    return promise
  }

  /** Lets `ms` milliseconds pass. */
  async pass(ms: number): Promise<void> {
    let isOver = false
    this.after(ms, () => {
      isOver = true
    })
    await this.run(() => isOver)
  }

  #set(delayMs: number, action: () => void, isQuiet: boolean): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, action, isQuiet }
    let place = this.#timers.length
    while (place > 0) {
      const above = (place - 1) >>> 1
      const parent = this.#timers[above]
      if (parent === undefined || isBefore(parent, timer)) break
      this.#timers[place] = parent
      place = above
    }
    this.#timers[place] = timer
    return () => {
      timer.action = undefined
    }
  }

  /** The next timer that was not cancelled. */
  #take(): Timer | undefined {
    for (;;) {
      const first = this.#timers[0]
      const last = this.#timers.pop()
      if (first === undefined || last === undefined) return undefined
      if (first !== last) this.#sink(last)
      if (first.action !== undefined) return first
    }
  }

  /** Puts `timer` where the first one was, and down to its place. */
  #sink(timer: Timer): void {
    let place = 0
    for (;;) {
      const [left, right] = [this.#timers[2 * place + 1], this.#timers[2 * place + 2]]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const below = isRight ? right : left
      if (below === undefined || isBefore(timer, below)) break
      this.#timers[place] = below
      place = 2 * place + (isRight ? 2 : 1)
    }
    this.#timers[place] = timer
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Microtasks all run before the event loop turns. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
