// One LevelDB database with Cairn's errors, and the rule that keeps its acknowledgements true: after a failed write
// it is read-only until it is opened again. LevelDB goes on after a torn write, but then what follows it in LevelDB's
// own log is dropped at the next recovery, although it was synced.
import { CairnError, type ErrorCode } from '@cairn/core'
import { Level } from 'level'
import { CACHE_BYTES, OPEN_TABLES_MAX, SCAN_BYTES, SCAN_RECORDS } from './limits.ts'

/** One change of a batch; a change without `value` deletes the key. */
export interface Change {
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** A stored record. */
export type Entry = [key: Uint8Array, value: Uint8Array]

/** What of {@link Level} is LevelDB's own and not in a browser. */
interface NativeLevel extends Level<Uint8Array, Uint8Array> {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>
}

/** Key after all others that Cairn uses. */
const LAST_KEY = new Uint8Array(64).fill(0xff)

/**
 * Opens the database in folder `path`, which is made if need be.
 *
 * @param tableBytes bytes collected in memory before a table is written
 * @throws LOCKED, CORRUPT, LIMIT for a full disk, DENIED, UNAVAILABLE
 */
export async function openDatabase(path: string, tableBytes: number): Promise<Database> {
  const level = new Level<Uint8Array, Uint8Array>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
    writeBufferSize: tableBytes,
    maxFileSize: tableBytes,
    maxOpenFiles: OPEN_TABLES_MAX,
    cacheSize: CACHE_BYTES,
  })
  if (!isNative(level)) throw new CairnError('UNSUPPORTED', `Cannot open ${path}: this platform has no LevelDB`)
  try {
    await level.open()
  } catch (cause) {
    throw databaseError(`Cannot open ${path}`, cause)
  }
  return new Database(level)
}

/** An open LevelDB database. */
export class Database {
  readonly #level: NativeLevel
  #failure: CairnError | undefined

  constructor(level: NativeLevel) {
    this.#level = level
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key])
    return value
  }

  /** Values in the order of `keys`, from one moment. */
  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    // Typed as all there; a miss is `undefined` in LevelDB's binding.
    const values: (Uint8Array | undefined)[] = await this.#level.getMany([...keys]).catch(this.#readFailed)
    return values.map((value) => value && plain(value))
  }

  /**
   * Applies all changes or none. With `sync` it resolves once they are on disk, together with all earlier batches
   * that are in the same of LevelDB's log files, and only those.
   *
   * @throws LIMIT for a full disk, UNAVAILABLE otherwise; after that every batch fails until the database is opened again
   */
  async batch(changes: readonly Change[], options: { readonly sync: boolean }): Promise<void> {
    this.checkWritable()
    const operations = changes.map(({ key, value }) =>
      value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const),
    )
    try {
      await this.#level.batch(operations, options)
    } catch (cause) {
      this.#failure ??= databaseError(`Cannot write to ${this.#level.location}`, cause)
      throw this.#failure
    }
  }

  /** False once a batch has failed. */
  get isWritable(): boolean {
    return this.#failure === undefined
  }

  /** @throws what the first failed batch threw */
  checkWritable(): void {
    if (this.#failure === undefined) return
    const { code, message } = this.#failure
    throw new CairnError(code, `${message} (it stays read-only until it is opened again)`, { cause: this.#failure })
  }

  /** Records with `from <= key` in key order, as they are now, in pages bounded by bytes and number. */
  async *pages(from: Uint8Array): AsyncGenerator<Entry[], void, undefined> {
    const iterator = this.#level.iterator({ gte: from, highWaterMarkBytes: SCAN_BYTES })
    try {
      for (;;) {
        const page: Entry[] = await iterator.nextv(SCAN_RECORDS).catch(this.#readFailed)
        if (page.length === 0) return
        yield page.map(([key, value]) => [plain(key), plain(value)])
      }
    } finally {
      await iterator.close()
    }
  }

  /** Moves what was written so far into tables, which LevelDB syncs. A failure of that shows in the next batch. */
  async flush(): Promise<void> {
    await this.compact(LAST_KEY, LAST_KEY)
  }

  /** Rewrites the tables between two keys without what is deleted there. */
  async compact(start: Uint8Array, end: Uint8Array): Promise<void> {
    await this.#level.compactRange(start, end).catch(this.#readFailed)
  }

  /** About how many bytes of tables lie between two keys; what is not in a table yet counts as nothing. */
  async approximateBytes(start: Uint8Array, end: Uint8Array): Promise<number> {
    return this.#level.approximateSize(start, end).catch(this.#readFailed)
  }

  async close(): Promise<void> {
    await this.#level.close()
  }

  readonly #readFailed = (cause: unknown): never => {
    throw databaseError(`Cannot read ${this.#level.location}`, cause)
  }
}

function isNative(level: Level<Uint8Array, Uint8Array>): level is NativeLevel {
  return 'compactRange' in level && 'approximateSize' in level
}

/** A plain Uint8Array over the memory of what the binding gives, a Buffer, so that Buffer's own methods never leak out. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function databaseError(action: string, cause: unknown): CairnError {
  const root = rootOf(cause)
  return new CairnError(codeOf(root), `${action}: ${root.message}`, { cause })
}

/** The error that LevelDB gave, below what `level` wraps around a failed open. */
function rootOf(cause: unknown): Error & { readonly code?: unknown } {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  return error.cause instanceof Error ? rootOf(error.cause) : error
}

// LevelDB reports the operating system's errors as text only.
function codeOf({ code, message }: Error & { readonly code?: unknown }): ErrorCode {
  if (code === 'LEVEL_LOCKED') return 'LOCKED'
  if (/no space left on device|disk quota exceeded/i.test(message)) return 'LIMIT'
  if (/permission denied|read-only file system|operation not permitted/i.test(message)) return 'DENIED'
  if (code === 'LEVEL_CORRUPTION' || /no such file|invalid argument/i.test(message)) return 'CORRUPT'
  return 'UNAVAILABLE'
}
