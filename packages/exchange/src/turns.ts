// Waiting in line: for bytes of a budget, for one's turn, and until a signal aborts.
import type { AbortOptions } from '@cairn/core'

/** Bytes that several readers share. A claim waits until it fits, in the order of asking, and is given back after use. */
export class ByteBudget {
  #free: number
  readonly #waiting: { readonly bytes: number; readonly grant: () => void }[] = []

  constructor(bytes: number) {
    this.#free = bytes
  }

  /** Resolves once `bytes`, at most the whole budget, are the caller's. */
  async claim(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && bytes <= this.#free) this.#free -= bytes
    else await new Promise<void>((grant) => this.#waiting.push({ bytes, grant }))
  }

  giveBack(bytes: number): void {
    this.#free += bytes
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#free -= next.bytes
      next.grant()
    }
  }
}

/** Runs tasks one after another, in the order of asking; a task that fails or is aborted does not stop the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** The result of `task`, which is never started when `signal` aborts before its turn. */
  async run<T>(task: () => Promise<T>, { signal }: AbortOptions = {}): Promise<T> {
    const before = this.#last
    const { promise: done, resolve: finish } = Promise.withResolvers<void>()
    this.#last = before.then(() => done)
    try {
      await abortable(before, signal)
      signal?.throwIfAborted()
      return await task()
    } finally {
      finish()
    }
  }
}

/** `promise`, or the signal's reason when it aborts first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
