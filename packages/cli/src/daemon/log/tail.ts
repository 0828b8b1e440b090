// One reader of the log of a daemon: lines wait for it up to a bound, and what it misses then is counted.
import { TAIL_LINES_MAX } from './limits.ts'

/** Lines on their way to one reader. */
export class Tail {
  #lines: string[] = []
  #missed = 0
  #wake = Promise.withResolvers<void>()
  readonly #missedLine: (lines: number) => string

  /** @param missedLine the line that says that so many are missing */
  constructor(missedLine: (lines: number) => string) {
    this.#missedLine = missedLine
  }

  add(line: string): void {
    if (this.#lines.length < TAIL_LINES_MAX) this.#lines.push(line)
    else this.#missed++
    this.#wake.resolve()
  }

  /** What comes, until `signal` aborts. */
  async *read(signal: AbortSignal): AsyncGenerator<string> {
    const end = (): void => this.#wake.resolve()
    signal.addEventListener('abort', end)
    try {
      while (!signal.aborted) {
        await this.#wake.promise
        this.#wake = Promise.withResolvers()
        const [lines, missed] = [this.#lines, this.#missed]
        this.#lines = []
        this.#missed = 0
        yield* lines
        if (missed > 0) yield this.#missedLine(missed)
      }
    } finally {
      signal.removeEventListener('abort', end)
    }
  }
}
