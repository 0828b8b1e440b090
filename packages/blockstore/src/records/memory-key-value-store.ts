// The key-value store in memory: for tests, and for work that leaves nothing behind.
import type { KeyValueChange, KeyValueStore } from '@cairn/core'
import { compare } from 'uint8arrays/compare'
import { Gate } from '../gate.ts'
import { encodeText } from './text-key.ts'

/** Keeps records for as long as it lives. */
export class MemoryKeyValueStore implements KeyValueStore {
  readonly #gate = new Gate('the memory store')
  readonly #records = new Map<string, Uint8Array>()

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#gate.run(() => this.#records.get(key))
  }

  batch(changes: readonly KeyValueChange[]): Promise<void> {
    return this.#gate.run(() => {
      changes.forEach(({ key }) => encodeText(key))
      for (const { key, value } of changes) {
        if (value === undefined) this.#records.delete(key)
        else this.#records.set(key, value)
      }
    })
  }

  async *list(prefix: string): AsyncGenerator<[key: string, value: Uint8Array], void, undefined> {
    this.#gate.check()
    const found = [...this.#records].filter(([key]) => key.startsWith(prefix))
    for (const record of found.toSorted(([a], [b]) => compare(encodeText(a), encodeText(b)))) {
      this.#gate.check()
      yield record
    }
  }

  close(): Promise<void> {
    return this.#gate.close(async () => undefined)
  }
}
