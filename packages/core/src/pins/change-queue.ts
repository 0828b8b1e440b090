// Changes of records that read before they write: one after another, and many of them in one durable batch.
import type { KeyValueChange, KeyValueStore } from '../interfaces.ts'
import { PIN_CHANGES_PER_COMMIT } from '../limits.ts'

/** Reads a record as it will be once all changes before this one are made. */
export type ReadRecord = (key: string) => Promise<Uint8Array | undefined>

/** Decides, from what it reads, what to change; all of it is applied in one batch, or nothing. */
export type Decide = (read: ReadRecord) => Promise<readonly KeyValueChange[]>

interface Waiting {
  readonly keys: readonly string[]
  readonly decide: Decide
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** The one writer of a set of records. */
export class ChangeQueue {
  readonly #records: KeyValueStore
  readonly #waiting: Waiting[] = []
  #isRunning = false

  constructor(records: KeyValueStore) {
    this.#records = records
  }

  /**
   * Resolves once the changes are durable. Those that wait together are committed together; a `decide` that throws
   * takes only itself out. `keys` are records that `decide` will read, so that those of many are read at once.
   *
   * @throws what `decide` throws, or `KeyValueStore.batch`
   */
  async change(decide: Decide, keys: readonly string[] = []): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ keys, decide, resolve, reject })
    if (!this.#isRunning) void this.#run()
    await promise
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    // What is asked for in the same turn of the event loop shares the first commit.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, PIN_CHANGES_PER_COMMIT))
    this.#isRunning = false
  }

  /** Never rejects: whatever happens is told to those who wait. */
  async #commit(group: readonly Waiting[]): Promise<void> {
    const changed = new Map<string, Uint8Array | undefined>()
    // Nobody else writes, so what is read ahead stays true; a failure is told to whoever reads it.
    const ahead = new Map<string, Promise<Uint8Array | undefined>>()
    for (const key of new Set(group.flatMap(({ keys }) => keys))) ahead.set(key, this.#records.get(key))
    await Promise.allSettled(ahead.values())
    const read: ReadRecord = async (key) =>
      changed.has(key) ? changed.get(key) : await (ahead.get(key) ?? this.#records.get(key))
    const decided: Waiting[] = []
    for (const waiting of group) {
      try {
        for (const { key, value } of await waiting.decide(read)) changed.set(key, value)
        decided.push(waiting)
      } catch (error) {
        waiting.reject(error)
      }
    }
    try {
      if (changed.size > 0) await this.#records.batch([...changed].map(([key, value]) => ({ key, value })))
      for (const { resolve } of decided) resolve()
    } catch (error) {
      for (const { reject } of decided) reject(error)
    }
  }
}
