// The key-value store over LevelDB: key = UTF-8 text, value = the bytes as they are, every batch synced.
import { Turns, type KeyValueChange, type KeyValueStore } from '@cairn/core'
import { equals } from 'uint8arrays/equals'
import { openDatabase, type Change, type Database } from './database.ts'
import { Gate } from './gate.ts'
import { INDEX_TABLE_BYTES } from './limits.ts'
import { decodeText, encodeText } from './text-key.ts'

/**
 * Opens the key-value store in folder `path`, which is made if need be.
 *
 * @throws LOCKED when another process has it open, CORRUPT when it is damaged, LIMIT for a full disk, DENIED, UNAVAILABLE
 */
export async function openLevelKeyValueStore(path: string): Promise<KeyValueStore> {
  return new LevelKeyValueStore(path, await openDatabase(path, { tableBytes: INDEX_TABLE_BYTES }))
}

class LevelKeyValueStore implements KeyValueStore {
  readonly #database: Database
  readonly #gate: Gate
  /** LevelDB takes batches that wait for nothing in any order; here the later call wins. */
  readonly #turns = new Turns()

  constructor(path: string, database: Database) {
    this.#database = database
    this.#gate = new Gate(path)
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#gate.run(() => this.#database.get(encodeText(key)))
  }

  batch(changes: readonly KeyValueChange[]): Promise<void> {
    return this.#gate.run(async () => {
      const encoded = changes.map(encodeChange)
      if (encoded.length > 0) await this.#turns.run(() => this.#database.batch(encoded, { sync: true }))
    })
  }

  async *list(prefix: string): AsyncGenerator<[key: string, value: Uint8Array], void, undefined> {
    const start = encodeText(prefix)
    for await (const page of this.#gate.each(this.#database.pages(start))) {
      const found = page.filter(([key]) => startsWith(key, start))
      yield* found.map(([key, value]): [string, Uint8Array] => [decodeText(key), value])
      if (found.length < page.length) return
    }
  }

  close(): Promise<void> {
    return this.#gate.close(() => this.#database.close())
  }
}

function encodeChange({ key, value }: KeyValueChange): Change {
  return value === undefined ? { key: encodeText(key) } : { key: encodeText(key), value }
}

function startsWith(key: Uint8Array, start: Uint8Array): boolean {
  return equals(key.subarray(0, start.length), start)
}
