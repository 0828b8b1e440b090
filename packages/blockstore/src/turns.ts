// Writers take turns: what decides on what is stored, and then changes it, must not run beside another of its kind.

/** Runs tasks one after another, in the order of their calls. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `task` when all earlier ones have settled; its outcome is the caller's, and the next turn does not depend on it. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
