// Waiting in line: for one's turn, and until a signal aborts.
import type { AbortOptions } from './interfaces.ts'

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

/** Many waits for the same signals: one listener each, for whoever adds one to a signal looks through all that it has. */
export class SignalWaits {
  readonly #waits = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>()

  /** As {@link abortable}. */
  async abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return promise
    signal.throwIfAborted()
    const { promise: first, resolve, reject } = Promise.withResolvers<T>()
    const waits = this.#waitsOf(signal)
    waits.add(reject)
    promise.then(resolve, reject)
    try {
      return await first
    } finally {
      waits.delete(reject)
    }
  }

  #waitsOf(signal: AbortSignal): Set<(reason: unknown) => void> {
    const known = this.#waits.get(signal)
    if (known !== undefined) return known
    const waits = new Set<(reason: unknown) => void>()
    this.#waits.set(signal, waits)
    signal.addEventListener('abort', () => waits.forEach((reject) => reject(signal.reason)), { once: true })
    return waits
  }
}
