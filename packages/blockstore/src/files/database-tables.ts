// The tables of a LevelDB database, looked at before LevelDB reads them: it trusts what it reads, and a damaged table can
// end the process or hide what is sound. A table that is not sound is written again without what is damaged.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCairnError, systemError } from '@cairn/core'
import { doubtFiles, freeFolder, manifestOf, probeLock } from './database-files.ts'
import type { RepairedEvent } from '../recovery-event.ts'
import { dataBlocksOf, isEmptyTable, isSoundTable, mendTable, type TableCheck } from './table-file.ts'

/** A table that is damaged. */
export interface DamagedTable {
  readonly name: string
  /** Bytes that LevelDB takes it to have. */
  readonly bytes: number
}

/**
 * The damaged ones among the tables in `path` that its MANIFEST names, or among all of them if it does not read.
 *
 * @param bytesMax with more bytes of tables than this, only the ends of each are looked at
 */
export async function damagedTables(path: string, check: TableCheck, bytesMax = Infinity): Promise<DamagedTable[]> {
  const live = (await manifestOf(path))?.tables
  const tables = (await tablesIn(path, live)).filter(({ number }) => live?.has(number) !== false)
  const depth = tables.reduce((sum, { fileBytes }) => sum + fileBytes, 0) > bytesMax ? 'ends' : check
  return unsound(path, tables, { check: depth, isSound: (table) => isSoundTable(table, depth) })
}

/** Writes `tables` of the database in `path` again without what is damaged, and keeps the old ones beside it. */
export async function mendTables(
  path: string,
  tables: readonly DamagedTable[],
  check: TableCheck,
): Promise<RepairedEvent> {
  return replaceTables(path, tables, (file, bytes) => mendTable(file, bytes, check))
}

/**
 * Readies the tables in `path` for LevelDB's repair, which reads all of them, named or not, and ends the process at one
 * without entries: mends those that are damaged, and moves away those in which nothing is left.
 */
export async function readyTables(path: string): Promise<RepairedEvent | undefined> {
  const tables = await tablesIn(path, (await manifestOf(path))?.tables)
  const unfit = await unsound(path, tables, {
    check: 'keys',
    isSound: (table) => isSoundTable(table, 'keys') && !isEmptyTable(table),
  })
  if (unfit.length === 0) return undefined
  return replaceTables(path, unfit, (file, bytes) => {
    const mended = mendTable(file, bytes, 'keys')
    return isEmptyTable(mended) ? undefined : mended
  })
}

/** A table in its folder. */
interface FoundTable extends DamagedTable {
  readonly number: number
  readonly fileBytes: number
}

/** All tables in `path`; `named` has the bytes of those that a MANIFEST names. */
async function tablesIn(path: string, named: ReadonlyMap<number, number> | undefined): Promise<FoundTable[]> {
  const names = await readdir(path).catch((): string[] => [])
  return names
    .filter((name) => /^\d+\.(ldb|sst)$/.test(name))
    .map((name) => {
      const number = Number.parseInt(name, 10)
      const fileBytes = statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0
      return { name, number, fileBytes, bytes: named?.get(number) ?? fileBytes }
    })
}

/** What makes a table sound. */
interface Test {
  /** How much of the table it needs. */
  readonly check: TableCheck
  readonly isSound: (table: Uint8Array) => boolean
}

/** Those of `tables` that have another size than they should, or do not pass `test`. */
async function unsound(path: string, tables: readonly FoundTable[], test: Test): Promise<DamagedTable[]> {
  const look = new TableLook(tables.reduce((max, { fileBytes }) => Math.max(max, fileBytes), 0))
  const found: DamagedTable[] = []
  for (const [index, { name, bytes, fileBytes }] of tables.entries()) {
    if (bytes !== fileBytes || !look.isSound(join(path, name), test)) found.push({ name, bytes })
    // A look takes microseconds where little is read, and a whole table milliseconds.
    if (index % 64 === 63) await new Promise((resolve) => setImmediate(resolve))
  }
  return found
}

/** Puts what `mend` makes of them in the place of `tables`, or nothing where that is `undefined`, and keeps the old ones. */
async function replaceTables(
  path: string,
  tables: readonly DamagedTable[],
  mend: (file: Uint8Array, bytes: number) => Uint8Array | undefined,
): Promise<RepairedEvent> {
  await probeLock(path)
  await doubtFiles(path)
  const keptIn = await freeFolder(path)
  try {
    await mkdir(keptIn)
    for (const { name, bytes } of tables) {
      const file = await readFile(join(path, name))
      const mended = mend(file, bytes)
      if (mended === undefined) {
        await rename(join(path, name), join(keptIn, name))
        continue
      }
      const part = join(path, `${name}.part`)
      await writeFile(part, mended, { flush: true })
      // A copy: if the table were gone at any moment, a crash then would lose what is sound in it.
      await writeFile(join(keptIn, name), file)
      await rename(part, join(path, name))
    }
  } catch (cause) {
    throw systemError(`repair ${path}`, cause)
  }
  return { kind: 'repaired', path, keptIn }
}

/**
 * Looks at tables one after the other, in one buffer and without waiting: opening a store looks at all of them, and a buffer
 * and some turns of the thread pool for each took a hundred times as long.
 */
class TableLook {
  readonly #buffer: Uint8Array
  /** What the buffer has of the table that is looked at. */
  readonly #filled: [start: number, end: number][] = []

  /** @param bytesMax bytes of the largest table */
  constructor(bytesMax: number) {
    this.#buffer = new Uint8Array(bytesMax)
  }

  /** Whether the table in the file `path` passes `test`; one that a compaction took away meanwhile does. */
  isSound(path: string, { check, isSound }: Test): boolean {
    let file: number | undefined
    try {
      file = openSync(path, 'r')
      const table = this.#buffer.subarray(0, fstatSync(file).size)
      // Most tables are sound, and of those little has to be read.
      if (check !== 'all') {
        this.#readOutline(file, table, check)
        if (isSound(table)) return true
      }
      this.#read(file, table, [0, table.length])
      return isSound(table)
    } catch (cause) {
      const reason = systemError(`read ${path}`, cause)
      if (isCairnError(reason, 'NOT_FOUND')) return true
      throw reason
    } finally {
      if (file !== undefined) closeSync(file)
      // Else the next table could pass for sound by what this one has in the same place.
      for (const [start, end] of this.#filled.splice(0)) this.#buffer.fill(0, start, end)
    }
  }

  /** Reads the end of a table, where its indexes are, and if `keys` are asked for the ends of its data blocks. */
  #readOutline(file: number, table: Uint8Array, check: TableCheck): void {
    this.#read(file, table, [table.length - END_BYTES, table.length])
    if (check === 'ends') return
    for (const block of dataBlocksOf(table) ?? []) {
      const end = block.offset + block.size + BLOCK_END_BYTES
      if (block.size <= 2 * BLOCK_HEAD_BYTES) this.#read(file, table, [block.offset, end])
      else {
        this.#read(file, table, [block.offset, block.offset + BLOCK_HEAD_BYTES])
        this.#read(file, table, [end - 2 * BLOCK_END_BYTES, end])
      }
    }
  }

  #read(file: number, table: Uint8Array, [from, to]: readonly [from: number, to: number]): void {
    const [start, end] = [Math.max(from, 0), Math.min(to, table.length)]
    this.#filled.push([start, end])
    for (let at = start; at < end;) {
      const bytesRead = readSync(file, table, at, end - at, at)
      if (bytesRead === 0) return
      at += bytesRead
    }
  }
}

/** Bytes that the indexes and the filter of most tables take. A table where they take more is read whole. */
const END_BYTES = 64 * 1024

/** Bytes in which every entry of a data block begins: LevelDB ends a block with the entry that makes it 4 KiB or more. */
const BLOCK_HEAD_BYTES = 4096 + 256

/** More bytes than a data block has behind its last value. */
const BLOCK_END_BYTES = 1024
