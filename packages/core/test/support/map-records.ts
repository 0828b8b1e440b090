// The simplest thing that keeps the contract of KeyValueStore.
import type { KeyValueChange, KeyValueStore } from '../../src/index.ts'

export class MapRecords implements KeyValueStore {
  readonly #records = new Map<string, Uint8Array>()

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#records.get(key)
  }

  async batch(changes: readonly KeyValueChange[]): Promise<void> {
    for (const { key, value } of changes) {
      if (value === undefined) this.#records.delete(key)
      else this.#records.set(key, value)
    }
  }

  async *list(prefix: string): AsyncGenerator<[string, Uint8Array]> {
    const found = [...this.#records].filter(([key]) => key.startsWith(prefix))
    yield* found.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }

  async close(): Promise<void> {
    this.#records.clear()
  }
}
