// The key-value store over LevelDB: key = UTF-8 text, value = the bytes as they are, every batch synced unless told otherwise.
import { CairnError, Turns, type KeyValueChange, type KeyValueStore } from '@cairn/core'
import { equals } from 'uint8arrays/equals'
import { BatchCount, COUNT_KEY } from './batch-count.ts'
import { doubtFiles, exists, isDoubtful, requireFiles, trustFiles } from '../files/database-files.ts'
import { openDatabase, type Change, type Database } from '../database/database.ts'
import { requireDiskRoom } from '../disk-room.ts'
import type { Durability } from '../durability.ts'
import { Gate } from '../gate.ts'
import { CHECKED_TABLE_BYTES, INDEX_TABLE_BYTES } from '../limits.ts'
import type { OnRecovery } from '../recovery-event.ts'
import { decodeText, encodeText } from './text-key.ts'

/**
 * Opens the key-value store in folder `path`, which is made if need be.
 *
 * @throws LOCKED when another process has it open, CORRUPT when it is damaged, LIMIT for a full disk, DENIED, UNAVAILABLE
 */
export async function openLevelKeyValueStore(
  path: string,
  settings: LevelKeyValueStoreSettings = {},
): Promise<LevelDatabaseStore> {
  const { onRecovery, durability = 'sync', wasThere = false } = settings
  if (wasThere && !(await exists(path))) {
    // First, so that a store that is made anew and then killed is doubted as well.
    await doubtFiles(path)
    await BatchCount.forget(path)
    onRecovery?.({ kind: 'cut', path, batches: undefined })
  }
  const database = await openDatabase(path, {
    tableBytes: INDEX_TABLE_BYTES,
    onRecovery,
    watch: { check: 'all', bytesMax: CHECKED_TABLE_BYTES, isSuspect: false },
  })
  try {
    // What is not synced may be lost with the power, and nobody was promised more.
    const count = durability === 'sync' ? await BatchCount.open(path, database, onRecovery) : undefined
    return new LevelKeyValueStore(database, { path, count })
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Settings of {@link openLevelKeyValueStore}. */
export interface LevelKeyValueStoreSettings {
  /** `sync` by default. */
  readonly durability?: Durability | undefined
  /** There was such a store: where it is missing, its records are lost. */
  readonly wasThere?: boolean
  /** Told of damage that was found, and of what was done about it. */
  readonly onRecovery?: OnRecovery | undefined
}

/** A key-value store that knows when it was damaged. */
export interface LevelDatabaseStore extends KeyValueStore {
  /** Whether records may be lost since the last `trust`, because the database was damaged. Outlives the process. */
  isDoubtful(): Promise<boolean>
  /** Accepts that. */
  trust(): Promise<void>
}

class LevelKeyValueStore implements LevelDatabaseStore {
  readonly #path: string
  readonly #database: Database
  /** Absent for a store that does not sync. */
  readonly #count: BatchCount | undefined
  readonly #gate: Gate
  /** LevelDB takes batches that wait for nothing in any order; here the later call wins. */
  readonly #turns = new Turns()
  /** How often the database was opened again: what lists it then would go on in records of another moment. */
  #reopenings = 0

  constructor(database: Database, { path, count }: { readonly path: string; readonly count: BatchCount | undefined }) {
    this.#path = path
    this.#database = database
    this.#count = count
    this.#gate = new Gate(path)
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#gate.run(() => this.#database.get(encodeText(key)))
  }

  batch(changes: readonly KeyValueChange[]): Promise<void> {
    return this.#gate.run(async () => {
      const encoded = changes.map(encodeChange)
      if (encoded.length > 0) await this.#turns.run(() => this.#write(encoded))
    })
  }

  async *list(prefix: string): AsyncGenerator<[key: string, value: Uint8Array], void, undefined> {
    const start = encodeText(prefix)
    const reopenings = this.#reopenings
    for await (const page of this.#gate.each(this.#database.pages(start))) {
      if (this.#reopenings !== reopenings)
        throw new CairnError(
          'UNAVAILABLE',
          `Cannot go on listing ${this.#path}: it was opened again meanwhile; list again`,
        )
      const found = page.filter(([key]) => startsWith(key, start) && !equals(key, COUNT_KEY))
      yield* found.map(([key, value]): [string, Uint8Array] => [decodeText(key), value])
      if (found.length < page.length) return
    }
  }

  async #write(changes: readonly Change[]): Promise<void> {
    if (!this.#database.isWritable) {
      // Opening takes room and files; a database that was closed and does not open again could not even be read.
      await requireDiskRoom(this.#path, 0)
      await requireFiles(this.#path)
      this.#reopenings++
      await this.#database.reopen()
    }
    const counted = this.#count === undefined ? changes : [...changes, this.#count.next()]
    await this.#database.batch(counted, { sync: this.#count !== undefined })
    await this.#count?.note()
  }

  isDoubtful(): Promise<boolean> {
    return isDoubtful(this.#path)
  }

  trust(): Promise<void> {
    return trustFiles(this.#path)
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      await this.#database.close()
      await this.#count?.close()
    })
  }
}

function encodeChange({ key, value }: KeyValueChange): Change {
  return value === undefined ? { key: encodeText(key) } : { key: encodeText(key), value }
}

function startsWith(key: Uint8Array, start: Uint8Array): boolean {
  return equals(key.subarray(0, start.length), start)
}
