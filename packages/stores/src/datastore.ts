// A KeyValueStore as the Datastore of interface-datastore. Keys of a Datastore are any bytes and those of a KeyValueStore
// are text: each byte becomes the character of its number, which keeps the order of keys and their prefixes.
// What is stored lies under `datastore/NAMESPACE`, so it never meets Cairn's own records.
import { CairnError, type AbortOptions, type KeyValueChange, type KeyValueStore } from '@cairn/core'
import type { Batch, Datastore, KeyQuery, Pair, Query } from 'interface-datastore'
import { Key } from 'interface-datastore/key'
import { GroupQueue } from './group-queue.ts'
import { VALUE_BYTES_EXPECTED } from './limits.ts'
import { mapAhead } from './map-ahead.ts'
import { select } from './query.ts'
import { named, storeError } from './store-error.ts'

type Source<T> = Iterable<T> | AsyncIterable<T>

/** What the keys of all datastores in a repo begin with. */
export const DATASTORE_PREFIX = 'datastore/'

/** Settings of {@link asDatastore}. */
export interface DatastoreSettings {
  /** Keeps the records of several users of one repo apart; lower-case letters, digits and `-`. */
  readonly namespace: string
}

/**
 * `records` as a Datastore. A change is acknowledged once it is durable, changes that are made side by side share a sync,
 * and a batch is applied whole or not at all. A query sees the records as they were when it began. The store stays the
 * caller's to close.
 *
 * Its methods throw NotFoundError for what is not there, and PutFailedError, GetFailedError, HasFailedError or
 * DeleteFailedError with a CairnError as cause.
 *
 * @throws TypeError for a namespace of another form
 */
export function asDatastore(records: KeyValueStore, { namespace }: DatastoreSettings): Datastore {
  if (!/^[a-z0-9-]+$/.test(namespace))
    throw new TypeError(`"${namespace}" is not of lower-case letters, digits and "-"`)
  return new StoreDatastore(records, DATASTORE_PREFIX + namespace)
}

class StoreDatastore implements Datastore {
  readonly #records: KeyValueStore
  readonly #prefix: string
  readonly #changes: GroupQueue<KeyValueChange>

  constructor(records: KeyValueStore, prefix: string) {
    this.#records = records
    this.#prefix = prefix
    this.#changes = new GroupQueue((changes) => records.batch(changes))
  }

  async has(key: Key, { signal }: AbortOptions = {}): Promise<boolean> {
    signal?.throwIfAborted()
    return (await named('has', this.#records.get(this.#textOf(key)))) !== undefined
  }

  async get(key: Key, { signal }: AbortOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const value = await named('get', this.#records.get(this.#textOf(key)))
    if (value !== undefined) return value
    throw storeError('get', new CairnError('NOT_FOUND', `Cannot find ${key.toString()}: the store lacks it`))
  }

  async put(key: Key, value: Uint8Array, { signal }: AbortOptions = {}): Promise<Key> {
    signal?.throwIfAborted()
    await named('put', this.#changes.add([{ key: this.#textOf(key), value }]))
    return key
  }

  async delete(key: Key, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await named('delete', this.#changes.add([{ key: this.#textOf(key), value: undefined }]))
  }

  async *putMany(source: Source<Pair>, { signal }: AbortOptions = {}): AsyncGenerator<Key, void, undefined> {
    yield* mapAhead(source, {
      start: ({ key, value }) => this.put(key, value, { signal }),
      bytesOf: ({ value }) => value.length,
      signal,
    })
  }

  async *getMany(source: Source<Key>, { signal }: AbortOptions = {}): AsyncGenerator<Pair, void, undefined> {
    yield* mapAhead(source, {
      start: async (key) => ({ key, value: await this.get(key, { signal }) }),
      bytesOf: () => VALUE_BYTES_EXPECTED,
      signal,
    })
  }

  async *deleteMany(source: Source<Key>, { signal }: AbortOptions = {}): AsyncGenerator<Key, void, undefined> {
    yield* mapAhead(source, {
      start: async (key) => {
        await this.delete(key, { signal })
        return key
      },
      bytesOf: (key) => key.uint8Array().length,
      signal,
    })
  }

  batch(): Batch {
    let changes: KeyValueChange[] = []
    return {
      put: (key, value) => {
        changes.push({ key: this.#textOf(key), value })
      },
      delete: (key) => {
        changes.push({ key: this.#textOf(key), value: undefined })
      },
      commit: async ({ signal }: AbortOptions = {}) => {
        signal?.throwIfAborted()
        const committed = changes
        changes = []
        await named('put', this.#changes.add(committed))
      },
    }
  }

  query(query: Query, options: AbortOptions = {}): AsyncGenerator<Pair, void, undefined> {
    return select(this.#list(prefixOf(query), options), query)
  }

  queryKeys(query: KeyQuery, options: AbortOptions = {}): AsyncGenerator<Key, void, undefined> {
    return select(this.#listKeys(prefixOf(query), options), query)
  }

  async *#list(prefix: string, { signal }: AbortOptions): AsyncGenerator<Pair, void, undefined> {
    signal?.throwIfAborted()
    // All keys begin with a slash, and so does what tells this namespace from one whose name goes on.
    if (!prefix.startsWith('/')) return
    const start = this.#prefix + textOf(new TextEncoder().encode(prefix))
    try {
      for await (const [text, value] of this.#records.list(start)) {
        yield { key: keyOf(text.slice(this.#prefix.length)), value }
        signal?.throwIfAborted()
      }
    } catch (cause) {
      throw storeError('get', cause)
    }
  }

  async *#listKeys(prefix: string, options: AbortOptions): AsyncGenerator<Key, void, undefined> {
    for await (const { key } of this.#list(prefix, options)) yield key
  }

  #textOf(key: Key): string {
    return this.#prefix + textOf(key.uint8Array())
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function keyOf(text: string): Key {
  return new Key(Uint8Array.from(Buffer.from(text, 'latin1')), false)
}

function prefixOf({ prefix }: KeyQuery | Query): string {
  return prefix === undefined || prefix === '' ? '/' : prefix
}
