// The log: every block under a rising sequence number, so that LevelDB never rewrites what it wrote (see
// docs/decisions/002-log-in-leveldb.md). It is the truth about what is stored.
import { isCairnError } from '@cairn/core'
import { isDoubtful, trustFiles } from '../files/database-files.ts'
import { openDatabase, type Database } from '../database/database.ts'
import type { Entry } from '../database/scan.ts'
import type { Durability } from '../durability.ts'
import { CHECKED_LOG_BYTES, LOG_BATCH_BYTES, LOG_TABLE_BYTES } from '../limits.ts'
import { beginUse, endUse } from '../files/log-use.ts'
import { openHeader, type HeaderSettings } from './log-header.ts'
import { decodeLogKey, encodeLogKey, type Location } from './record.ts'
import { mergedBytes, stretchesOf, WHOLE_LOG, type LogStretch } from './log-stretches.ts'

/** Where the block of a multihash is. */
export interface Placed {
  readonly multihash: Uint8Array
  readonly location: Location
}

/** A block to be written. */
export interface LogRecord extends Placed {
  readonly bytes: Uint8Array
}

/** Stands in no key: blocks with an identity hash are never stored. */
const NO_MULTIHASH = new Uint8Array([0x00])

/** Sequence of the first block of a log. */
export const FIRST_SEQUENCE = 1

interface LogIdentity {
  readonly id: Uint8Array
  readonly path: string
  readonly durability: Durability
}

/** How a log is opened. */
export interface BlockLogSettings extends HeaderSettings {
  /** `sync` by default. */
  readonly durability?: Durability | undefined
}

/**
 * Opens the log in folder `path`, which is made if need be. A damaged one is repaired, see `openDatabase`, and gives what
 * can be read of it.
 *
 * @throws UNSUPPORTED for a log of a newer version, else as `openDatabase`
 */
export async function openBlockLog(path: string, settings: BlockLogSettings = {}): Promise<BlockLog> {
  const { durability = 'sync', onRecovery } = settings
  const { isSuspect } = await beginUse(path)
  const database = await openDatabase(path, {
    tableBytes: LOG_TABLE_BYTES,
    onRecovery,
    watch: { check: 'keys', bytesMax: CHECKED_LOG_BYTES, isSuspect },
  })
  try {
    const id = await openHeader(database, path, settings)
    return new BlockLog(database, { id, path, durability })
  } catch (error) {
    await database.close()
    throw error
  }
}

/** An open log. */
export class BlockLog {
  /** Random bytes that name this log, for the index that is derived from it. */
  readonly id: Uint8Array
  readonly #database: Database
  readonly #path: string
  readonly #isSynced: boolean
  /** Beyond all records that were written, and before all that will be: a key out of order would make tables overlap. */
  #endSequence = 1

  constructor(database: Database, { id, path, durability }: LogIdentity) {
    this.#database = database
    this.#path = path
    this.#isSynced = durability === 'sync'
    this.id = id
  }

  /**
   * Bytes of the blocks in their order, `undefined` for a place that is `undefined`, empty by now, or in a part of the log
   * that cannot be read.
   */
  async read(places: readonly (Placed | undefined)[]): Promise<(Uint8Array | undefined)[]> {
    const known = places.filter((place) => place !== undefined)
    const values = (await this.#database.getReadable(known.map(logKey))).values()
    return places.map((place) => (place === undefined ? undefined : values.next().value))
  }

  /** Whether there is a record at each of `places`, without reading it if that can be told. */
  async hasMany(places: readonly Placed[]): Promise<boolean[]> {
    return this.hasKeys(places.map(logKey))
  }

  /** Like `hasMany`, by the keys of the records. */
  async hasKeys(keys: readonly Uint8Array[]): Promise<boolean[]> {
    try {
      return await this.#database.hasMany(keys)
    } catch (error) {
      if (!isCairnError(error, 'CORRUPT')) throw error
      return (await this.#database.getReadable(keys)).map((bytes) => bytes !== undefined)
    }
  }

  /**
   * Writes `records`, whose sequence numbers rise, behind all that is there; `durable` settles once they are on disk.
   *
   * A group that fills a table is not synced in LevelDB's own log: the tables that it becomes are, and that log is
   * deleted before the system writes it, so the disk sees each byte once.
   *
   * @throws as `Database.batch`
   */
  async append(records: readonly LogRecord[]): Promise<{ readonly durable: Promise<void> }> {
    const bytes = records.reduce((sum, { location }) => sum + location.size, 0)
    const isLarge = bytes >= LOG_TABLE_BYTES
    for (const part of isLarge ? parts(records) : [records]) {
      this.#endSequence = (part.at(-1)?.location.sequence ?? 0) + 1
      await this.#database.batch(
        part.map((record) => ({ key: logKey(record), value: record.bytes })),
        { sync: this.#isSynced && !isLarge },
      )
    }
    return { durable: this.#isSynced && isLarge ? this.#flush() : Promise.resolve() }
  }

  /** Resolves once all that was acknowledged is on disk, also where an acknowledgement does not say so. @throws as `Database.batch` */
  async secure(): Promise<void> {
    if (!this.#isSynced) await this.#flush()
  }

  /** Deletes the records at `places`, all or none; with `sync` it resolves once that is on disk. @throws as `Database.batch` */
  async remove(places: readonly Placed[], options: { readonly sync: boolean } = { sync: true }): Promise<void> {
    await this.removeKeys(places.map(logKey), options)
  }

  /** Like `remove`, by the keys of the records. */
  async removeKeys(keys: readonly Uint8Array[], options: { readonly sync: boolean } = { sync: true }): Promise<void> {
    await this.#database.batch(
      keys.map((key) => ({ key })),
      options,
    )
  }

  /**
   * All records from `sequence` on, in its order, in pages. What cannot be read is left out, and `onDamage` called for it
   * at the end.
   */
  async *scan(sequence: number, onDamage: () => void = () => undefined): AsyncGenerator<LogRecord[], void, undefined> {
    const start = encodeLogKey(Math.max(sequence, FIRST_SEQUENCE), new Uint8Array())
    for await (const page of this.#database.pages(start, onDamage)) {
      const records = page.map(logRecord)
      yield records.filter((record) => record !== undefined)
      if (records.includes(undefined)) onDamage()
    }
  }

  /** The whole log by its tables, see `stretchesOf`. */
  async stretches(): Promise<readonly LogStretch[]> {
    const found = await stretchesOf(this.#path)
    if (found !== undefined) return found
    await this.#database.flush()
    return (await stretchesOf(this.#path)) ?? WHOLE_LOG
  }

  /** About the bytes that the records from sequence `start` to before `end` take in tables, deleted ones included. */
  async approximateBytes(start: number, end: number): Promise<number> {
    return this.#database.approximateBytes(...range(start, end))
  }

  /** About the bytes of the whole log on disk. */
  async diskBytes(): Promise<number> {
    return this.#database.diskBytes()
  }

  /** About the bytes that are there twice for a moment while `compact` works. */
  async compactingBytes(start: number, end: number): Promise<number> {
    // Deletions in memory count as well.
    await this.#database.flush()
    return mergedBytes(this.#path, start, end)
  }

  /** Rewrites the tables of sequences `start` to before `end`, so that what was deleted there frees its space. */
  async compact(start: number, end: number): Promise<void> {
    // LevelDB merges tables with what lies above them, and a table that holds a block together with its deletion has
    // nothing above it. Two deletions of nothing, at both ends and above all that there is, make it merge the whole range.
    await this.#database.flush()
    const ends = [encodeLogKey(start, NO_MULTIHASH), encodeLogKey(Math.max(end - 1, start), NO_MULTIHASH)]
    await this.#database.batch(
      ends.map((key) => ({ key })),
      { sync: false },
    )
    await this.#database.compact(...range(start, end))
  }

  /** @throws what the first failed write threw */
  checkWritable(): void {
    this.#database.checkWritable()
  }

  /** False once a write has failed. */
  get isWritable(): boolean {
    return this.#database.isWritable
  }

  /** Whether records may be lost that nobody has named yet: after a repair, also one of an earlier process. */
  isDoubtful(): Promise<boolean> {
    return isDoubtful(this.#path)
  }

  /** Ends that: what is lost is named. */
  trust(): Promise<void> {
    return trustFiles(this.#path)
  }

  /** Whether tables are damaged so that LevelDB could stumble over them; all are looked at. Reads little of large records. */
  async hasDamagedTables(): Promise<boolean> {
    return this.#database.hasDamagedTables()
  }

  /** Opens it again, after a failed write or, when tables are suspect, to mend those that are damaged. @throws as `openDatabase` */
  async reopen(options: { readonly isSuspect?: boolean } = {}): Promise<void> {
    await this.#database.reopen(options)
  }

  async close(): Promise<void> {
    await this.#database.close()
    await endUse(this.#path)
  }

  async #flush(): Promise<void> {
    await this.#database.flush()
    // A flush does not say that it failed, but LevelDB then refuses every batch. This one deletes nothing, at the log's end.
    await this.#database.batch([{ key: encodeLogKey(this.#endSequence, new Uint8Array()) }], { sync: false })
  }
}

/** `records` in their order, in parts of about {@link LOG_BATCH_BYTES}. */
function* parts(records: readonly LogRecord[]): Generator<readonly LogRecord[]> {
  let part: LogRecord[] = []
  let bytes = 0
  for (const record of records) {
    if (part.length > 0 && bytes + record.location.size > LOG_BATCH_BYTES) {
      yield part
      part = []
      bytes = 0
    }
    part.push(record)
    bytes += record.location.size
  }
  yield part
}

/** Key of the record at a place. */
export function logKey({ multihash, location }: Placed): Uint8Array {
  return encodeLogKey(location.sequence, multihash)
}

function range(start: number, end: number): [start: Uint8Array, end: Uint8Array] {
  return [encodeLogKey(start, new Uint8Array()), encodeLogKey(end, new Uint8Array())]
}

/** The record, or `undefined` for a key that is not one of a log: its table is damaged. */
function logRecord([key, bytes]: Entry): LogRecord | undefined {
  const decoded = decodeLogKey(key)
  if (decoded === undefined) return undefined
  return { multihash: decoded.multihash, location: { sequence: decoded.sequence, size: bytes.length }, bytes }
}
