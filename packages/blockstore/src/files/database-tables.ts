// The tables of a LevelDB database, looked at before LevelDB reads them: it trusts what it reads, and a damaged table can
// end the process or hide what is sound. A table that is not sound is written again without what is damaged.
import { statSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemError } from '@cairn/core'
import { doubtFiles, freeFolder, manifestOf, probeLock } from './database-files.ts'
import type { RepairedEvent } from '../recovery-event.ts'
import { isEmptyTable, isSoundTable, mendTable, type TableCheck } from './table-file.ts'
import { TableLook } from './table-look.ts'

/** A table that is damaged. */
export interface DamagedTable {
  readonly name: string
  /** Bytes that LevelDB takes it to have. */
  readonly bytes: number
}

/** Writes `tables` of the database in `path` again without what is damaged, and keeps the old ones beside it. */
export async function mendTables(
  path: string,
  tables: readonly DamagedTable[],
  check: TableCheck,
): Promise<RepairedEvent> {
  return replaceTables(path, tables, (file, bytes) => mendTable(file, bytes, check))
}

/** Like `mendTables`, where what is in them can be made anew: nobody need know, and the old ones are not kept. */
export async function stripTables(path: string, tables: readonly DamagedTable[], check: TableCheck): Promise<void> {
  for (const { name, bytes } of tables) {
    try {
      await replaceTable(path, name, mendTable(await readFile(join(path, name)), bytes, check))
    } catch (cause) {
      throw systemError(`repair ${path}`, cause)
    }
  }
}

/**
 * Readies the tables in `path` for LevelDB's repair, which reads all of them, named or not, and ends the process at one
 * without entries: mends those that are damaged, and moves away those in which nothing is left.
 */
export async function readyTables(path: string): Promise<RepairedEvent | undefined> {
  const tables = await tablesIn(path, (await manifestOf(path))?.tables)
  const look = new TableLook()
  const isSound = (table: Uint8Array): boolean => isSoundTable(table, 'keys') && !isEmptyTable(table)
  const unfit = tables.filter(({ name, bytes }) => !look.isSound(join(path, name), bytes, { check: 'keys', isSound }))
  if (unfit.length === 0) return undefined
  return replaceTables(path, unfit, (file, bytes) => {
    const mended = mendTable(file, bytes, 'keys')
    return isEmptyTable(mended) ? undefined : mended
  })
}

/** A table in its folder. */
export interface FoundTable extends DamagedTable {
  readonly number: number
  readonly fileBytes: number
  /** Microseconds since 1970 of the last change of the file, or of what the system notes about it. */
  readonly changedUs: number
}

/** All tables in `path`; `named` has the bytes of those that a MANIFEST names. */
export async function tablesIn(path: string, named: ReadonlyMap<number, number> | undefined): Promise<FoundTable[]> {
  const names = await readdir(path).catch((): string[] => [])
  return names
    .filter((name) => /^\d+\.(ldb|sst)$/.test(name))
    .map((name) => {
      const number = Number.parseInt(name, 10)
      const { size: fileBytes, ctimeMs } = statSync(join(path, name), { throwIfNoEntry: false }) ?? GONE
      return {
        name,
        number,
        fileBytes,
        changedUs: Math.round(ctimeMs * 1000),
        bytes: named?.get(number) ?? fileBytes,
      }
    })
}

/** What a table has that was taken away while its folder was read. */
const GONE = { size: 0, ctimeMs: 0 }

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
      // A copy: if the table were gone at any moment, a crash then would lose what is sound in it.
      await writeFile(join(keptIn, name), file)
      await replaceTable(path, name, mended)
    }
  } catch (cause) {
    throw systemError(`repair ${path}`, cause)
  }
  return { kind: 'repaired', path, keptIn }
}

async function replaceTable(path: string, name: string, mended: Uint8Array): Promise<void> {
  const part = join(path, `${name}.part`)
  await writeFile(part, mended, { flush: true })
  await rename(part, join(path, name))
}
