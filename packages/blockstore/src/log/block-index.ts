// The index: multihash to place in the log, and the totals. It is derived from the log and may lag behind it on disk.
//
// What holds after a crash or a power loss: every record of the log below the checkpoint, except deleted ones, is
// indexed; later ones are read from the log at the next open. Entries are written without sync, so a checkpoint first
// moves them into tables (which LevelDB syncs) and is itself written, with sync, only after that: syncing the
// checkpoint alone would not cover entries in an older one of LevelDB's own logs. An entry never points to a record
// that is gone, because deleting syncs the index before the log is touched. The totals in the checkpoint count the blocks
// below its sequence: adding never changes them, and deleting changes them in the same batch.
import { CairnError, isCairnError } from '@cairn/core'
import { equals } from 'uint8arrays/equals'
import { openDatabase, type Change, type Database } from '../database/database.ts'
import { CHECKED_TABLE_BYTES, INDEX_TABLE_BYTES } from '../limits.ts'
import { logKey, type Placed } from './block-log.ts'
import { placed, readable } from './index-entry.ts'
import {
  CHECKPOINT_KEY,
  decodeCheckpoint,
  decodeLocation,
  decodeLogKeys,
  encodeCheckpoint,
  encodeLocation,
  encodeLogKeys,
  FIRST_MULTIHASH,
  LAST_ADDED_KEY,
  LAST_DELETE_KEY,
  type Checkpoint,
  type Totals,
} from './record.ts'

/** Opens the database of an index. @throws as `openDatabase` */
export function openIndexDatabase(path: string): Promise<Database> {
  return openDatabase(path, {
    tableBytes: INDEX_TABLE_BYTES,
    repairs: false,
    watch: { check: 'all', bytesMax: CHECKED_TABLE_BYTES, isSuspect: false },
  })
}

/** The checkpoint stored in `database`, if it has a sound one. */
export async function readCheckpoint(database: Database): Promise<Checkpoint | undefined> {
  const value = await database.get(CHECKPOINT_KEY)
  return value === undefined ? undefined : decodeCheckpoint(value)
}

/** An open index. Its changes are the caller's to serialise. */
export class BlockIndex {
  readonly #database: Database
  #checkpoint: Checkpoint
  #totals: Totals
  #isDamaged: boolean

  constructor(database: Database, checkpoint: Checkpoint) {
    this.#database = database
    this.#checkpoint = checkpoint
    this.#totals = checkpoint.totals ?? { blocks: 0, bytes: 0 }
    this.#isDamaged = database.droppedBytes > 0
  }

  get totals(): Totals {
    return this.#totals
  }

  /** First sequence number that the index may lack after a crash now, and the totals below it if they are known. */
  get stored(): Checkpoint {
    return this.#checkpoint
  }

  /** Whether opening or reading it has met damage, so that it has to be made anew. */
  get isDamaged(): boolean {
    return this.#isDamaged
  }

  /** Places of the blocks in their order, from one moment. Uses LevelDB's filters, so that a miss reads nothing. */
  async locate(multihashes: readonly Uint8Array[]): Promise<(Placed | undefined)[]> {
    return (await this.entries(multihashes)).map((place) => (place?.location.isDamaged === true ? undefined : place))
  }

  /** Like `locate`, with the places of damaged blocks. @throws CORRUPT when the index itself is damaged */
  async entries(multihashes: readonly Uint8Array[]): Promise<(Placed | undefined)[]> {
    return this.#noticing(async () => {
      const values = await this.#database.getMany(multihashes)
      return multihashes.map((multihash, index) => {
        const value = values[index]
        return value === undefined ? undefined : { multihash, location: decodeLocation(value) }
      })
    })
  }

  /** Enters blocks that are in the log, `fresh` of them for the first time; all of them when nothing is said. */
  async add(places: readonly Placed[], fresh: readonly Placed[] = places): Promise<void> {
    const changes: Change[] = places.map(({ multihash, location }) => ({
      key: multihash,
      value: encodeLocation(location),
    }))
    const last = places.at(-1)
    if (last !== undefined) changes.push({ key: LAST_ADDED_KEY, value: logKey(last) })
    await this.#database.batch(changes, { sync: false })
    this.#totals = sum(this.#totals, fresh, 1)
  }

  /** Enters `changes`, each an entry of its own, of an index that is being made; `fresh` of them are to be counted. */
  async load(changes: readonly Change[], fresh: Totals): Promise<void> {
    await this.#database.batch(changes, { sync: false })
    const { blocks, bytes } = this.#totals
    this.#totals = { blocks: blocks + fresh.blocks, bytes: bytes + fresh.bytes }
  }

  /** Enters blocks that the log is known to have lost. */
  async addLost(places: readonly Placed[]): Promise<void> {
    const changes = places.map(({ multihash, location }) => ({
      key: multihash,
      value: encodeLocation({ ...location, isDamaged: true }),
    }))
    await this.#database.batch(changes, { sync: false })
  }

  /** Key of the log record that was entered last, unless it was deleted: where it is missing, the log has lost its end. */
  async lastAdded(): Promise<Uint8Array | undefined> {
    return this.#noticing(() => this.#database.get(LAST_ADDED_KEY))
  }

  /** Takes blocks out, on disk, that were in the index, and notes which records of the log go with them. */
  async remove(places: readonly Placed[]): Promise<void> {
    const sound = places.filter(({ location }) => location.isDamaged !== true)
    const changes: Change[] = places.map(({ multihash }) => ({ key: multihash }))
    const keys = places.map(logKey)
    changes.push({ key: LAST_DELETE_KEY, value: encodeLogKeys(keys) })
    const lastAdded = await this.lastAdded()
    if (lastAdded !== undefined && keys.some((key) => equals(key, lastAdded))) changes.push({ key: LAST_ADDED_KEY })
    await this.#change(changes, { counted: sound, sign: -1 })
  }

  /** Keys of the log records that were to go with the last blocks taken out; a crash may have left them. */
  async lastDeleted(): Promise<Uint8Array[]> {
    const value = await this.#noticing(() => this.#database.get(LAST_DELETE_KEY))
    return value === undefined ? [] : decodeLogKeys(value)
  }

  /** Notes that they are gone. A loss of power may undo it. */
  async forgetLastDeleted(): Promise<void> {
    await this.#database.batch([{ key: LAST_DELETE_KEY }], { sync: false })
  }

  /** Notes that the records at `places`, which are in the index as sound, are damaged or gone. */
  async flag(places: readonly Placed[]): Promise<void> {
    const changes = places.map(({ multihash, location }) => ({
      key: multihash,
      value: encodeLocation({ ...location, isDamaged: true }),
    }))
    await this.#change(changes, { counted: places, sign: -1 })
  }

  /** Enters the places of blocks whose old entries are flagged, missing or wrong, below the checkpoint or above it. */
  async mend(places: readonly Placed[]): Promise<void> {
    const changes: Change[] = places.map(({ multihash, location: { sequence, size } }) => ({
      key: multihash,
      value: encodeLocation({ sequence, size }),
    }))
    // One of them may be what an unfinished delete has left.
    changes.push({ key: LAST_DELETE_KEY })
    await this.#change(changes, { counted: places, sign: 1 })
  }

  /** Makes all entries safe on disk and notes that they cover the log below `sequence`. */
  async checkpoint(sequence: number): Promise<void> {
    await this.#database.flush()
    const checkpoint = { id: this.#checkpoint.id, sequence, totals: this.#totals }
    await this.#database.batch([{ key: CHECKPOINT_KEY, value: encodeCheckpoint(checkpoint) }], { sync: true })
    this.#checkpoint = checkpoint
  }

  /** Counts the totals anew from all entries. */
  async recount(): Promise<void> {
    this.#totals = { blocks: 0, bytes: 0 }
    for await (const page of this.pages()) this.#totals = sum(this.#totals, page, 1)
  }

  /** All sound blocks in the order of their multihashes from `from` on, as they are now, in pages. */
  async *pages(from: Uint8Array = FIRST_MULTIHASH): AsyncGenerator<Placed[], void, undefined> {
    for await (const page of this.allPages(from)) yield page.filter(({ location }) => location.isDamaged !== true)
  }

  /** Like `pages`, with the places of damaged blocks. @throws CORRUPT when the index itself is damaged */
  async *allPages(from: Uint8Array = FIRST_MULTIHASH): AsyncGenerator<Placed[], void, undefined> {
    const pages = this.#database.pages(from)
    try {
      for (;;) {
        const page = await this.#noticing(async () => (await pages.next()).value?.map(placed))
        if (page === undefined) return
        yield page
      }
    } finally {
      await pages.return()
    }
  }

  /** All entries that can still be read, damaged blocks included. */
  async *readablePages(): AsyncGenerator<Placed[], void, undefined> {
    for await (const page of this.#database.pages(FIRST_MULTIHASH, () => undefined)) {
      yield page.map(readable).filter((place) => place !== undefined)
    }
  }

  /** About the bytes of the whole index on disk. */
  async diskBytes(): Promise<number> {
    return this.#database.diskBytes()
  }

  /** Rewrites the entries between two multihashes, so that what was deleted there frees its space. */
  async compact(first: Uint8Array, last: Uint8Array): Promise<void> {
    await this.#database.compact(first, last)
  }

  /** @throws what the first failed write threw */
  checkWritable(): void {
    this.#database.checkWritable()
  }

  /** False once a write has failed. */
  get isWritable(): boolean {
    return this.#database.isWritable
  }

  /**
   * Opens it again after a failed write, or takes over the index in folder `from`; a reader notices nothing.
   *
   * @throws CORRUPT when it is not an index of this log any more, else as `openDatabase`
   */
  async reopen(options: { readonly from?: string } = {}): Promise<void> {
    await this.#database.reopen(options)
    const checkpoint = await readCheckpoint(this.#database)
    if (checkpoint === undefined || !equals(checkpoint.id, this.#checkpoint.id)) {
      this.#isDamaged = true
      throw new CairnError('CORRUPT', 'Cannot use the index: it is not of this log')
    }
    this.#checkpoint = checkpoint
    this.#totals = checkpoint.totals ?? { blocks: 0, bytes: 0 }
    this.#isDamaged = this.#database.droppedBytes > 0
  }

  async close(): Promise<void> {
    await this.#database.close()
  }

  /** Changes entries, on disk; those of `counted` that lie below the checkpoint change its totals with them. */
  async #change(
    changes: readonly Change[],
    { counted, sign }: { readonly counted: readonly Placed[]; readonly sign: 1 | -1 },
  ): Promise<void> {
    const { id, sequence, totals } = this.#checkpoint
    const below = counted.filter(({ location }) => location.sequence < sequence)
    const checkpoint = { id, sequence, ...(totals && { totals: sum(totals, below, sign) }) }
    await this.#database.batch([...changes, { key: CHECKPOINT_KEY, value: encodeCheckpoint(checkpoint) }], {
      sync: true,
    })
    this.#checkpoint = checkpoint
    this.#totals = sum(this.#totals, counted, sign)
  }

  async #noticing<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (isCairnError(error, 'CORRUPT')) this.#isDamaged = true
      throw error
    }
  }
}

function sum({ blocks, bytes }: Totals, places: readonly Placed[], sign: 1 | -1): Totals {
  return {
    blocks: blocks + sign * places.length,
    bytes: places.reduce((total, { location }) => total + sign * location.size, bytes),
  }
}
