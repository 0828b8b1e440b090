// A clock that a test turns: time passes only inside `run`, as fast as the work allows, and in the same order each time.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '@cairn/core'

interface Timer {
  readonly at: number
  readonly action: () => void
}

/** Milliseconds of virtual time after which a run is taken to hang. */
const RUN_MS_MAX = 3_600_000

export class VirtualClock implements Clock {
  #now = 0
  /** Latest first; of those at the same time, the one set last first. */
  readonly #timers: Timer[] = []

  now(): number {
    return this.#now
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), action }
    let [low, high] = [0, this.#timers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#timers[middle]?.at ?? 0) > timer.at) low = middle + 1
      else high = middle
    }
    this.#timers.splice(low, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  /** Lets things happen until `isDone`, checked after each of them. */
  async run(isDone: () => boolean): Promise<void> {
    const end = this.#now + RUN_MS_MAX
    for (;;) {
      await nextTurn()
      if (isDone()) return
      const timer = this.#timers.pop()
      if (timer === undefined) throw new Error('Nothing is left to happen')
      if (timer.at > end) throw new Error('It takes too long')
      this.#now = timer.at
      timer.action()
    }
  }

  /** Lets things happen until `promise` settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    promise.then(settled, settled)
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
    await nextTurn()
  }
}
