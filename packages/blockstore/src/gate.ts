// The lifetime of a store: lets operations in until it closes, and makes closing wait for those inside.
import { CairnError } from '@cairn/core'

/** Counts the operations inside a store, so that it closes after the last of them. */
export class Gate {
  readonly #name: string
  #inside = 0
  #closing: Promise<void> | undefined
  #wake: (() => void) | undefined

  /** @param name what is closed, for messages */
  constructor(name: string) {
    this.#name = name
  }

  /** Runs `operation` inside. @throws UNAVAILABLE once the gate is closed */
  async run<T>(operation: () => T | Promise<T>): Promise<T> {
    this.check()
    this.#inside++
    try {
      return await operation()
    } finally {
      if (--this.#inside === 0) this.#wake?.()
    }
  }

  /** Hands on `pages`, pulling each inside; between two pulls the store may close. */
  async *each<T>(pages: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const page = await this.run(() => pages.next())
        if (page.done === true) return
        yield page.value
      }
    } finally {
      await pages.return()
    }
  }

  /** @throws UNAVAILABLE once the gate is closed */
  check(): void {
    if (this.#closing !== undefined) throw new CairnError('UNAVAILABLE', `Cannot use ${this.#name}: it is closed`)
  }

  /** Lets nobody in any more and, when everybody is out, runs `shut`, once for all calls. */
  close(shut: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#emptied().then(shut)
    return this.#closing
  }

  async #emptied(): Promise<void> {
    if (this.#inside > 0) await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}
