// A key-value store that fails by a script, over one that does not. A batch fails whole or not at all, but may say that it
// failed when it did not, as when the connection to a disk is lost after the write.
import type { KeyValueChange, KeyValueStore } from '../../src/index.ts'
import type { Faults } from './faults.ts'

export class FaultyRecords implements KeyValueStore {
  readonly #inner: KeyValueStore
  readonly #faults: Faults

  constructor(inner: KeyValueStore, faults: Faults) {
    this.#inner = inner
    this.#faults = faults
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#faults.around({ codes: ['UNAVAILABLE', 'CORRUPT'], run: () => this.#inner.get(key) })
  }

  batch(changes: readonly KeyValueChange[]): Promise<void> {
    return this.#faults.around({ codes: ['LIMIT', 'UNAVAILABLE'], run: () => this.#inner.batch(changes) })
  }

  async *list(prefix: string): AsyncGenerator<[string, Uint8Array]> {
    for await (const record of this.#inner.list(prefix)) {
      if (this.#faults.nextFails()) throw this.#faults.failure('UNAVAILABLE')
      yield record
    }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
