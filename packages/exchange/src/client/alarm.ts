// One call to come, however often it is asked for meanwhile.
import type { Clock } from '@cairn/core'

/** Calls `ring` once, some time after it was set; setting it again before that changes nothing. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #cancel: (() => void) | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings after `ms` milliseconds, unless it is set already. */
  set(ms: number): void {
    this.#cancel ??= this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#ring()
    })
  }

  /** Does not ring any more. */
  cancel(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
