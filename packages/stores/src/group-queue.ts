// What is asked for while one group is being written waits and goes out together in the next, so that many small changes
// share one sync. Groups keep the order of asking.
import { Turns } from '@cairn/core'

/** Collects items into groups that are written one after another. */
export class GroupQueue<T> {
  readonly #write: (group: readonly T[]) => Promise<void>
  readonly #turns = new Turns()
  #waiting: T[] = []
  #next: Promise<void> | undefined

  /** @param write writes one group, all or nothing */
  constructor(write: (group: readonly T[]) => Promise<void>) {
    this.#write = write
  }

  /** Resolves once `items`, which stay together in one group, are written. */
  add(items: readonly T[]): Promise<void> {
    for (const item of items) this.#waiting.push(item)
    this.#next ??= this.#turns.run(() => {
      const group = this.#waiting
      this.#waiting = []
      this.#next = undefined
      return this.#write(group)
    })
    return this.#next
  }
}
