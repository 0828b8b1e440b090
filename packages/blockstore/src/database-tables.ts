// The tables of a LevelDB database, looked at before LevelDB reads them: it trusts what it reads, and a damaged table can
// end the process or hide what is sound. A table that is not sound is written again without what is damaged.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCairnError, systemError } from '@cairn/core'
import { doubtFiles, freeFolder, manifestOf, probeLock } from './database-files.ts'
import type { RepairedEvent } from './recovery-event.ts'
import { dataBlocksOf, isSoundTable, mendTable, type TableCheck } from './table-file.ts'

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
  const names = await readdir(path).catch((): string[] => [])
  const tables = names.filter((name) => /^\d+\.(ldb|sst)$/.test(name) && live?.has(Number.parseInt(name, 10)) !== false)
  const sizes = tables.map((name) => statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0)
  const depth = sizes.reduce((sum, size) => sum + size, 0) > bytesMax ? 'ends' : check
  const look = new TableLook(sizes.reduce((max, size) => Math.max(max, size), 0))
  const damaged: DamagedTable[] = []
  for (const [index, name] of tables.entries()) {
    const bytes = live?.get(Number.parseInt(name, 10)) ?? sizes[index] ?? 0
    if (bytes !== sizes[index] || !look.isSound(join(path, name), depth)) damaged.push({ name, bytes })
    // A look takes microseconds where little is read, and a whole table milliseconds.
    if (index % 64 === 63) await new Promise((resolve) => setImmediate(resolve))
  }
  return damaged
}

/** Writes `tables` of the database in `path` again without what is damaged, and keeps the old ones beside it. */
export async function mendTables(
  path: string,
  tables: readonly DamagedTable[],
  check: TableCheck,
): Promise<RepairedEvent> {
  await probeLock(path)
  await doubtFiles(path)
  const keptIn = await freeFolder(path)
  try {
    await mkdir(keptIn)
    for (const { name, bytes } of tables) {
      const file = await readFile(join(path, name))
      const part = join(path, `${name}.part`)
      await writeFile(part, mendTable(file, bytes, check), { flush: true })
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

  /** Whether the table in the file `path` is sound; one that a compaction took away meanwhile is. */
  isSound(path: string, check: TableCheck): boolean {
    let file: number | undefined
    try {
      file = openSync(path, 'r')
      const table = this.#buffer.subarray(0, fstatSync(file).size)
      // Most tables are sound, and of those little has to be read.
      if (check !== 'all') {
        this.#readOutline(file, table, check)
        if (isSoundTable(table, check)) return true
      }
      this.#read(file, table, [0, table.length])
      return isSoundTable(table, check)
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
