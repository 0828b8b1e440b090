// The one helper behind all `…Many` methods: begins work on later items while the consumer still waits for earlier
// ones, so that their writes share a commit and their reads overlap. Results keep the order of the source.
import { abortable, type AbortOptions } from '@cairn/core'
import { AHEAD_BYTES, ITEM_BYTES_MIN } from './limits.ts'

/** What {@link mapAhead} does with its items. */
export interface AheadWork<T, R> extends AbortOptions {
  readonly start: (item: T) => Promise<R>
  /** Bytes that an item holds in memory until its result is taken. */
  readonly bytesOf: (item: T) => number
}

interface Running<R> {
  readonly result: Promise<R>
  readonly bytes: number
}

/**
 * The results of `start` for each item of `source`, in order. A slow source holds up nothing: what has begun goes on and
 * its results come out while the next item is awaited. When it ends, for whatever reason, nothing begun still runs.
 */
export async function* mapAhead<T, R>(
  source: Iterable<T> | AsyncIterable<T>,
  { start, bytesOf, signal }: AheadWork<T, R>,
): AsyncGenerator<R, void, undefined> {
  signal?.throwIfAborted()
  const items = generate(source)
  const running: Running<R>[] = []
  let bytes = 0
  let next: Promise<IteratorResult<T, void>> | undefined
  let isAtEnd = false
  try {
    for (;;) {
      if (!isAtEnd && bytes < AHEAD_BYTES) next ??= quiet(items.next())
      const [oldest] = running
      const item = await abortable(Promise.race([next, oldest?.result.then(() => undefined)].filter(isGiven)), signal)
      if (item !== undefined) {
        next = undefined
        if (item.done === true) isAtEnd = true
        else {
          const weight = Math.max(bytesOf(item.value), ITEM_BYTES_MIN)
          running.push({ result: quiet(start(item.value)), bytes: weight })
          bytes += weight
        }
      } else if (oldest !== undefined) {
        running.shift()
        bytes -= oldest.bytes
        yield await oldest.result
      }
      if (isAtEnd && running.length === 0) return
    }
  } finally {
    await Promise.allSettled(running.map(({ result }) => result))
    // A source that is at work on its next item can only be told to end after it.
    const returned = quiet(items.return())
    if (next === undefined) await returned
  }
}

async function* generate<T>(source: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* source
}

/** Marks a promise as handled: its rejection comes out in order, or not at all when an earlier one ends the loop. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

function isGiven<T>(value: T | undefined): value is T {
  return value !== undefined
}
