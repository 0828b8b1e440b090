// The log: every block under a rising sequence number, so that LevelDB never rewrites what it wrote (see
// docs/decisions/002-log-in-leveldb.md). It is the truth about what is stored: all its batches are synced.
import { randomBytes } from 'node:crypto'
import { CairnError } from '@cairn/core'
import { openDatabase, type Database, type Entry } from './database.ts'
import { LOG_BATCH_BYTES, LOG_TABLE_BYTES } from './limits.ts'
import { decodeHeader, decodeLogKey, encodeHeader, encodeLogKey, HEADER_KEY, type Location } from './record.ts'

/** Where the block of a multihash is. */
export interface Placed {
  readonly multihash: Uint8Array
  readonly location: Location
}

/** A block to be written. */
export interface LogRecord extends Placed {
  readonly bytes: Uint8Array
}

/**
 * What an acknowledged write survives: `sync` the loss of power, `none` only the death of the process, since the system
 * writes it to the disk some time later.
 */
export type Durability = 'sync' | 'none'

const FORMAT_VERSION = 1

/**
 * Opens the log in folder `path`, which is made if need be.
 *
 * @throws UNSUPPORTED for a log of a newer version, CORRUPT when it is damaged, else as `openDatabase`
 */
export async function openBlockLog(path: string, durability: Durability = 'sync'): Promise<BlockLog> {
  const database = await openDatabase(path, { tableBytes: LOG_TABLE_BYTES })
  try {
    return new BlockLog(database, { id: await openHeader(database, path), durability })
  } catch (error) {
    await database.close()
    throw error
  }
}

async function openHeader(database: Database, path: string): Promise<Uint8Array> {
  const stored = await database.get(HEADER_KEY)
  if (stored !== undefined) {
    const { version, id } = decodeHeader(stored)
    if (version === FORMAT_VERSION) return id
    throw new CairnError(
      'UNSUPPORTED',
      `Cannot open ${path}: it has format ${version}, this version knows ${FORMAT_VERSION}`,
    )
  }
  for await (const _ of database.pages(HEADER_KEY)) {
    throw new CairnError('CORRUPT', `Cannot open ${path}: it holds blocks but no header`)
  }
  const id = Uint8Array.from(randomBytes(16))
  await database.batch([{ key: HEADER_KEY, value: encodeHeader({ version: FORMAT_VERSION, id }) }], { sync: true })
  return id
}

/** An open log. */
export class BlockLog {
  /** Random bytes that name this log, for the index that is derived from it. */
  readonly id: Uint8Array
  readonly #database: Database
  readonly #isSynced: boolean
  /** Beyond all records that were written, and before all that will be: a key out of order would make tables overlap. */
  #endSequence = 1

  constructor(database: Database, { id, durability }: { readonly id: Uint8Array; readonly durability: Durability }) {
    this.#database = database
    this.#isSynced = durability === 'sync'
    this.id = id
  }

  /** Bytes of the blocks in their order, `undefined` for a place that is `undefined` or empty by now. */
  async read(places: readonly (Placed | undefined)[]): Promise<(Uint8Array | undefined)[]> {
    const known = places.filter((place) => place !== undefined)
    const values = (await this.#database.getMany(known.map(logKey))).values()
    return places.map((place) => (place === undefined ? undefined : values.next().value))
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

  /** Resolves once the records at `places` are deleted on disk, all or none. @throws as `Database.batch` */
  async remove(places: readonly Placed[]): Promise<void> {
    await this.#database.batch(
      places.map((place) => ({ key: logKey(place) })),
      { sync: true },
    )
  }

  /** All records from `sequence` on, in its order, in pages. */
  async *scan(sequence: number): AsyncGenerator<Placed[], void, undefined> {
    for await (const page of this.#database.pages(encodeLogKey(Math.max(sequence, 1), new Uint8Array())))
      yield page.map(placed)
  }

  /** About the bytes that the records from sequence `start` to before `end` take in tables, deleted ones included. */
  async approximateBytes(start: number, end: number): Promise<number> {
    return this.#database.approximateBytes(...range(start, end))
  }

  /** About the bytes of the whole log on disk. */
  async diskBytes(): Promise<number> {
    return this.#database.diskBytes()
  }

  /** Rewrites the tables of sequences `start` to before `end`, so that what was deleted there frees its space. */
  async compact(start: number, end: number): Promise<void> {
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

  async close(): Promise<void> {
    await this.#database.close()
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

function logKey({ multihash, location }: Placed): Uint8Array {
  return encodeLogKey(location.sequence, multihash)
}

function range(start: number, end: number): [start: Uint8Array, end: Uint8Array] {
  return [encodeLogKey(start, new Uint8Array()), encodeLogKey(end, new Uint8Array())]
}

function placed([key, value]: Entry): Placed {
  const { sequence, multihash } = decodeLogKey(key)
  return { multihash, location: { sequence, size: value.length } }
}
