// Keeps LevelDB from damaged tables, over which it ends the process. Opening looks at tables that are new or changed; all that
// it did not look at closely is looked at before the first read that may touch it. What is sound is remembered.
import { join } from 'node:path'
import { TABLE_AGE_MIN_MS } from '../limits.ts'
import { manifestOf } from './database-files.ts'
import { tablesIn, type DamagedTable, type FoundTable } from './database-tables.ts'
import type { Manifest } from './manifest.ts'
import { isSoundTable, type TableCheck } from './table-file.ts'
import { TableLook } from './table-look.ts'
import { readTableMemory, writeTableMemory, type SeenTable, type TableMemory } from './table-memory.ts'
import { TableRanges, type KeyRange } from './table-ranges.ts'

/** How tables are watched. */
export interface WatchSettings {
  /** How closely each is looked at before it is read. With `all`, opening also looks again at what is remembered. */
  readonly check: Exclude<TableCheck, 'ends'>
  /** Bytes that opening reads for that; beyond them, it looks at the ends of new tables only. */
  readonly bytesMax: number
  /** All of them at once, whatever is remembered: they may be what ended the processes before. */
  readonly isSuspect: boolean
}

/** The tables of a database that is being opened, or open. */
export class TableWatch {
  readonly #path: string
  readonly #settings: WatchSettings
  readonly #look = new TableLook()
  readonly #pause = new Pause(this.#look)
  #memory: TableMemory
  #isMemoryNew = false
  /** Those that were not looked at closely yet. */
  #unseen = new TableRanges<FoundTable>([])

  private constructor(path: string, settings: WatchSettings, memory: TableMemory) {
    this.#path = path
    this.#settings = settings
    this.#memory = memory
  }

  /** Looks at the tables in `path` before LevelDB does, and gives those that are damaged. */
  static async open(
    path: string,
    settings: WatchSettings,
  ): Promise<{ readonly watch: TableWatch; readonly damaged: readonly DamagedTable[] }> {
    const memory = settings.isSuspect ? new Map<number, SeenTable>() : await readTableMemory(path)
    const watch = new TableWatch(path, settings, memory)
    const damaged = await watch.#begin()
    await watch.save()
    return { watch, damaged }
  }

  /** Whether a read may touch a table that was not looked at. */
  get isNeeded(): boolean {
    return this.#unseen.size > 0
  }

  /** The damaged ones among the tables that may hold a key of `ranges` and were not looked at yet. */
  async damagedIn(ranges: readonly KeyRange[]): Promise<DamagedTable[]> {
    const found = new Set<FoundTable>()
    for (const range of ranges) {
      for (const table of this.#unseen.overlapping(range)) {
        if (found.has(table)) continue
        await this.#pause.ifDue()
        // Somebody else may have looked meanwhile.
        if (!this.#unseen.has(table)) continue
        if (this.#isSound(table, this.#settings.check)) this.#unseen.remove(table)
        else found.add(table)
      }
    }
    return [...found]
  }

  /** The keys of all tables that a compaction between two keys may read. */
  compacted(from: Uint8Array, to: Uint8Array): KeyRange {
    return this.#unseen.compacted([from, to])
  }

  /** Bytes that were read of tables so far. */
  get readBytes(): number {
    return this.#look.readBytes
  }

  /** The damaged ones among all tables that there are now, looked at again. */
  async damagedNow(): Promise<DamagedTable[]> {
    const { tables } = await this.#list()
    const found: DamagedTable[] = []
    for (const table of tables) {
      await this.#pause.ifDue()
      if (this.#isSound(table, this.#settings.check)) this.#unseen.remove(table)
      else found.push(table)
    }
    return found
  }

  /** Remembers what was found sound, for the next process. */
  async save(): Promise<void> {
    if (!this.#isMemoryNew) return
    this.#isMemoryNew = false
    await writeTableMemory(this.#path, this.#memory)
  }

  async #begin(): Promise<DamagedTable[]> {
    const { check, bytesMax, isSuspect } = this.#settings
    const { tables, manifest } = await this.#list()
    const known = this.#known(tables)
    const damaged: DamagedTable[] = []
    const unseen: FoundTable[] = []
    for (const table of this.#inOrder(tables, known)) {
      const isNew = !known.has(table.number)
      const depth = isSuspect || this.#look.readBytes < bytesMax ? check : isNew ? 'ends' : undefined
      if (depth !== check) unseen.push(table)
      if (depth === undefined) continue
      await this.#pause.ifDue()
      if (!this.#isSound(table, depth)) damaged.push(table)
    }
    // What opening looks at each time need not be remembered.
    if (check === 'all' && unseen.length === 0) this.#isMemoryNew = false
    if (check === 'keys') unseen.push(...tables.filter(({ number }) => known.get(number)?.check === check))
    this.#unseen = new TableRanges(unseen.map((table) => ({ table, range: manifest?.ranges.get(table.number) })))
    return damaged
  }

  /** Those to be looked at: new ones, then those that were not looked at closely, then for `all` the others, as it was long ago. */
  #inOrder(tables: readonly FoundTable[], known: TableMemory): FoundTable[] {
    const { check } = this.#settings
    const byNumber = new Map(tables.map((table) => [table.number, table]))
    const isNew = tables.filter(({ number }) => !known.has(number))
    const remembered = [...known].flatMap(([number, seen]) => {
      const table = byNumber.get(number)
      return table === undefined ? [] : [{ table, isClose: seen.check === check }]
    })
    const ends = remembered.filter(({ isClose }) => !isClose)
    const close = check === 'all' ? remembered.filter(({ isClose }) => isClose) : []
    return [...isNew, ...[...ends, ...close].map(({ table }) => table)]
  }

  /** What is remembered of tables that are as they were. */
  #known(tables: readonly FoundTable[]): TableMemory {
    const byNumber = new Map(tables.map((table) => [table.number, table]))
    const known = [...this.#memory].filter(([number, seen]) => {
      const table = byNumber.get(number)
      return table?.fileBytes === seen.bytes && table.changedUs === seen.changedUs
    })
    this.#memory = new Map(known)
    return new Map(known)
  }

  #isSound(table: FoundTable, check: TableCheck): boolean {
    const { name, number, bytes, changedUs } = table
    const lookedUs = (Date.now() - TABLE_AGE_MIN_MS) * 1000
    const isSound = this.#look.isSound(join(this.#path, name), bytes, {
      check,
      isSound: (file) => isSoundTable(file, check),
    })
    this.#memory.delete(number)
    // A file that changed just now may change again in the same tick of the clock.
    if (isSound && changedUs < lookedUs) this.#memory.set(number, { bytes, changedUs, check })
    this.#isMemoryNew = true
    return isSound
  }

  async #list(): Promise<{
    readonly tables: readonly FoundTable[]
    readonly manifest: Manifest | undefined
  }> {
    const manifest = await manifestOf(this.#path)
    const found = await tablesIn(this.#path, manifest?.tables)
    return { tables: found.filter(({ number }) => manifest?.tables.has(number) !== false), manifest }
  }
}

/** Lets others work now and then, also when many look at once: all that want to look wait for a pause. */
class Pause {
  readonly #look: TableLook
  #tables = 0
  #readBytes = 0
  #resting: Promise<void> | undefined

  constructor(look: TableLook) {
    this.#look = look
  }

  async ifDue(): Promise<void> {
    while (this.#resting !== undefined) await this.#resting
    // A look takes microseconds where little is read, and a whole table milliseconds.
    if (++this.#tables < 64 && this.#look.readBytes - this.#readBytes < PAUSE_BYTES) return
    this.#tables = 0
    this.#readBytes = this.#look.readBytes
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#resting = promise
    setImmediate(() => {
      this.#resting = undefined
      resolve()
    })
    await promise
  }
}

/** Bytes read without a pause: some milliseconds. */
const PAUSE_BYTES = 4 * 1024 * 1024
