// Answers that read at a time. Who has a place reads; who waits has nothing in memory.
import { abortable } from '@cairn/core'

/** A number of places, given in the order of asking. */
export class ReadingPlaces {
  readonly #line: PromiseWithResolvers<void>[] = []
  #free: number

  constructor(places: number) {
    this.#free = places
  }

  /** Whether somebody waits for a place. */
  get isAwaited(): boolean {
    return this.#line.length > 0
  }

  /** Resolves with a place, to be left again. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return
    }
    const turn = Promise.withResolvers<void>()
    this.#line.push(turn)
    try {
      await abortable(turn.promise, signal)
    } catch (error) {
      const at = this.#line.indexOf(turn)
      if (at >= 0) this.#line.splice(at, 1)
      else this.leave()
      throw error
    }
  }

  /** Gives the place to who waits longest. */
  leave(): void {
    const next = this.#line.shift()
    if (next === undefined) this.#free++
    else next.resolve()
  }
}
