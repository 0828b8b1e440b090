// One LevelDB database with Cairn's errors, and the rule that keeps its acknowledgements true: after a failed write
// it is read-only until it is opened again, which `reopen` does. LevelDB goes on after a torn write, but then what
// follows it in LevelDB's own log is dropped at the next recovery, although it was synced.
import { CairnError, isCairnError } from '@cairn/core'
import { untabledBytes } from '../disk-room.ts'
import { databaseError } from './database-error.ts'
import { replaceFolder } from '../files/database-files.ts'
import {
  openLevel,
  repairLevel,
  WATCH,
  type DatabaseSettings,
  type NativeLevel,
  type OpenedLevel,
} from './native-level.ts'
import { mendTables, stripTables, type DamagedTable } from '../files/database-tables.ts'
import type { TableWatch } from '../files/table-watch.ts'
import { plain, scanPages, type Entry, type RangesOf } from './scan.ts'

/** One change of a batch; a change without `value` deletes the key. */
export interface Change {
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** Key before all others that Cairn uses, but for one that is of no size. */
const FIRST_KEY = new Uint8Array([0x00])
/** Key after all others that Cairn uses. */
const LAST_KEY = new Uint8Array(64).fill(0xff)

/**
 * Opens the database in folder `path`, which is made if need be. One that is damaged so that it does not open is
 * repaired first.
 *
 * @throws LOCKED, CORRUPT when a repair does not help or is not wanted, LIMIT for a full disk or too many open files,
 * DENIED, UNAVAILABLE
 */
export async function openDatabase(path: string, settings: DatabaseSettings): Promise<Database> {
  return new Database(await openLevel(path, settings), settings)
}

/** An open LevelDB database. */
export class Database {
  readonly #path: string
  readonly #settings: DatabaseSettings
  /** `undefined` when it could not be opened again; each use tries. */
  #level: NativeLevel | undefined
  #watch: TableWatch
  #failure: CairnError | undefined
  #droppedBytes: number
  /** Calls of LevelDB that run. */
  #users = 0
  #left: (() => void) | undefined
  #isClosed = false
  /** While it is opened again; whoever comes then waits. */
  #reopening: Promise<void> | undefined

  constructor({ level, watch, droppedBytes }: OpenedLevel, settings: DatabaseSettings) {
    this.#path = level.location
    this.#level = level
    this.#watch = watch
    this.#droppedBytes = droppedBytes
    this.#settings = settings
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key])
    return value
  }

  /** Values in the order of `keys`, from one moment. @throws CORRUPT when any of them cannot be read */
  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    // Typed as all there; a miss is `undefined` in LevelDB's binding.
    const values: (Uint8Array | undefined)[] = await this.#read((level) => level.getMany([...keys]), atKeys(keys))
    return values.map((value) => value && plain(value))
  }

  /** Like `getMany`, but what lies in a damaged table is `undefined` and keeps none of the others away. */
  async getReadable(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    try {
      return await this.getMany(keys)
    } catch (error) {
      if (!isCairnError(error, 'CORRUPT')) throw error
      if (keys.length <= 1) return keys.map(() => undefined)
      const half = Math.ceil(keys.length / 2)
      return [...(await this.getReadable(keys.slice(0, half))), ...(await this.getReadable(keys.slice(half)))]
    }
  }

  /** Whether each of `keys` is there, without its value. In a damaged table nothing is. */
  async hasMany(keys: readonly Uint8Array[]): Promise<boolean[]> {
    return this.#read((level) => level.hasMany([...keys]), atKeys(keys))
  }

  /**
   * Applies all changes or none. With `sync` it resolves once they are on disk, together with all earlier batches
   * that are in the same of LevelDB's log files, and only those.
   *
   * @throws LIMIT for a full disk, CORRUPT when LevelDB met damage as it rewrote tables, UNAVAILABLE otherwise; after
   * that every batch fails until the database is opened again
   */
  async batch(changes: readonly Change[], options: { readonly sync: boolean }): Promise<void> {
    this.checkWritable()
    const operations = changes.map(({ key, value }) =>
      value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const),
    )
    try {
      await this.#use((level) => level.batch(operations, options))
    } catch (cause) {
      // What an attempt to open it again said has its code already.
      this.#failure ??= isCairnError(cause) ? cause : databaseError(`Cannot write to ${this.#path}`, cause)
      throw this.#failure
    }
  }

  /** Bytes of LevelDB's own log that were left out when it was opened last. */
  get droppedBytes(): number {
    return this.#droppedBytes
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

  /**
   * Records with `from <= key` in key order, as they are now, in pages bounded by bytes and number.
   *
   * With `onDamage`, which is called once at the end, records in damaged tables are left out; without it, damage that
   * was met on the way is thrown as CORRUPT in place of the last page.
   */
  async *pages(from: Uint8Array, onDamage?: () => void): AsyncGenerator<Entry[], void, undefined> {
    yield* scanPages((operation, ranges) => this.#read(operation, ranges), from, onDamage)
  }

  /** Moves what was written so far into tables, which LevelDB syncs. A failure of that shows in the next batch. */
  async flush(): Promise<void> {
    await this.compact(LAST_KEY, LAST_KEY)
  }

  /** Rewrites the tables between two keys without what is deleted there. */
  async compact(start: Uint8Array, end: Uint8Array): Promise<void> {
    await this.#read(
      (level) => level.compactRange(start, end),
      (watch) => [watch.compacted(start, end)],
    )
  }

  /** About how many bytes of tables lie between two keys; what is not in a table yet counts as nothing. */
  async approximateBytes(start: Uint8Array, end: Uint8Array): Promise<number> {
    return this.#read((level) => level.approximateSize(start, end), atKeys([start, end]))
  }

  /** About the bytes of all tables. */
  async diskBytes(): Promise<number> {
    return (await this.approximateBytes(FIRST_KEY, LAST_KEY)) + (await untabledBytes(this.#path))
  }

  /**
   * Closes and opens it again, so that it takes batches once more; whoever uses it meanwhile waits. Damage that stopped
   * writing is repaired. With `from`, it becomes the database in that folder, which ends as this one's.
   *
   * @throws as `openDatabase`. Each use tries again then
   */
  async reopen(options: ReopenOptions = {}): Promise<void> {
    while (this.#reopening !== undefined) await this.#reopening
    await this.#reopenNow(options)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#reopening
    await this.#level?.close()
    await this.#watch.save()
  }

  /** Whether tables are damaged so that LevelDB could stumble over them; all are looked at. */
  async hasDamagedTables(): Promise<boolean> {
    return (await this.#watch.damagedNow()).length > 0
  }

  /** Begins at once, so that no two run. */
  async #reopenNow({ from, damaged = [], isSuspect = false }: ReopenOptions): Promise<void> {
    if (this.#isClosed) throw new CairnError('UNAVAILABLE', `Cannot open ${this.#path} again: it is closed`)
    const isDamaged = this.#failure?.code === 'CORRUPT'
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#reopening = promise
    try {
      if (this.#users > 0) await new Promise<void>((done) => (this.#left = done))
      const level = this.#level
      this.#level = undefined
      await level?.close()
      await this.#watch.save()
      if (from !== undefined) {
        await replaceFolder(this.#path, from)
      } else if (isDamaged && this.#settings.repairs !== false) {
        await repairLevel(this.#path, this.#settings.onRecovery)
      } else if (damaged.length > 0) {
        await this.#mendTables(damaged)
      }
      const { watch: before = WATCH } = this.#settings
      const settings = { ...this.#settings, watch: isSuspect ? { ...before, isSuspect } : before }
      const { level: again, watch, droppedBytes } = await openLevel(this.#path, settings)
      this.#level = again
      this.#watch = watch
      this.#droppedBytes = droppedBytes
      this.#failure = undefined
      this.#settings.onRecovery?.({ kind: 'reopened', path: this.#path })
    } finally {
      this.#reopening = undefined
      resolve()
    }
  }

  /** What is damaged is left out of them; LevelDB has to be closed. */
  async #mendTables(damaged: readonly DamagedTable[]): Promise<void> {
    const { repairs, onRecovery, watch = WATCH } = this.#settings
    if (repairs === false) return stripTables(this.#path, damaged, watch.check)
    const repaired = await mendTables(this.#path, damaged, watch.check)
    onRecovery?.(repaired)
  }

  /** Runs `operation`, which reads no tables but those that may hold keys of `ranges`. */
  async #use<T>(operation: (level: NativeLevel) => Promise<T>, ranges?: RangesOf): Promise<T> {
    while (this.#reopening !== undefined) await this.#reopening
    if (this.#level === undefined) {
      await this.reopen()
      return this.#use(operation, ranges)
    }
    const watch = this.#watch
    let damaged: readonly DamagedTable[] = []
    // It is not opened again between the look and the read.
    this.#users++
    try {
      if (ranges !== undefined && watch.isNeeded) damaged = await watch.damagedIn(ranges(watch))
      if (damaged.length === 0) return await operation(this.#level)
    } finally {
      if (--this.#users === 0) this.#left?.()
    }
    await this.#takeOut(damaged, watch)
    return this.#use(operation, ranges)
  }

  /** Takes damage out of tables that `watch` found. @throws CORRUPT where there is no repair, and what is left can be read then */
  async #takeOut(damaged: readonly DamagedTable[], watch: TableWatch): Promise<void> {
    while (this.#reopening !== undefined) await this.#reopening
    // Whoever else met it may have been first.
    if (this.#watch === watch) await this.#reopenNow({ damaged })
    if (this.#settings.repairs === false)
      throw new CairnError('CORRUPT', `Cannot read ${this.#path}: its table ${damaged[0]?.name} is damaged`)
  }

  async #read<T>(operation: (level: NativeLevel) => Promise<T>, ranges?: RangesOf): Promise<T> {
    try {
      return await this.#use(operation, ranges)
    } catch (cause) {
      if (isCairnError(cause)) throw cause
      throw databaseError(`Cannot read ${this.#path}`, cause)
    }
  }
}

/** How a database is opened again. */
interface ReopenOptions {
  /** Folder of a database that takes its place. */
  readonly from?: string
  /** Tables from which damage is taken out. */
  readonly damaged?: readonly DamagedTable[]
  /** Looks at all tables, whatever is remembered of them. */
  readonly isSuspect?: boolean
}

function atKeys(keys: readonly Uint8Array[]): RangesOf {
  return () => keys.map((key) => [key, key] as const)
}
