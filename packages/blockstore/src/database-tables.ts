// The tables of a LevelDB database, looked at before LevelDB reads them: it trusts what it reads, and a damaged table can
// end the process or hide what is sound. A table that is not sound is written again without what is damaged.
import { mkdir, open, readdir, readFile, rename, stat, writeFile, type FileHandle } from 'node:fs/promises'
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
  const sizes = await Promise.all(tables.map(async (name) => (await stat(join(path, name))).size))
  const depth = sizes.reduce((sum, size) => sum + size, 0) > bytesMax ? 'ends' : check
  const damaged: DamagedTable[] = []
  for (const [index, name] of tables.entries()) {
    const bytes = live?.get(Number.parseInt(name, 10)) ?? sizes[index] ?? 0
    if (bytes !== sizes[index] || !(await isSound(join(path, name), depth))) damaged.push({ name, bytes })
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
      await rename(join(path, name), join(keptIn, name))
      await rename(part, join(path, name))
    }
  } catch (cause) {
    throw systemError(`repair ${path}`, cause)
  }
  return { kind: 'repaired', path, keptIn }
}

async function isSound(path: string, check: TableCheck): Promise<boolean> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    const reason = systemError(`read ${path}`, cause)
    if (!isCairnError(reason, 'NOT_FOUND')) throw reason
    return undefined // a compaction took it away meanwhile
  })
  if (file === undefined) return true
  try {
    // Most tables are sound, and of those little has to be read.
    return (
      (check !== 'all' && isSoundTable(await outlineOf(file, check), check)) || isSoundTable(await wholeOf(file), check)
    )
  } catch (cause) {
    throw systemError(`read ${path}`, cause)
  } finally {
    await file.close()
  }
}

/** The table with nothing read but its end, where its indexes are, and if `keys` are asked for the ends of its data blocks. */
async function outlineOf(file: FileHandle, check: TableCheck): Promise<Uint8Array> {
  const { size } = await file.stat()
  const table = Buffer.alloc(size)
  const read = async (start: number, end: number): Promise<void> => {
    const from = Math.max(start, 0)
    await file.read(table, from, Math.min(end, size) - from, from)
  }
  await read(size - END_BYTES, size)
  if (check === 'ends') return table
  for (const block of dataBlocksOf(table) ?? []) {
    const end = block.offset + block.size + BLOCK_END_BYTES
    if (block.size <= 2 * BLOCK_HEAD_BYTES) await read(block.offset, end)
    else {
      await read(block.offset, block.offset + BLOCK_HEAD_BYTES)
      await read(end - 2 * BLOCK_END_BYTES, end)
    }
  }
  return table
}

async function wholeOf(file: FileHandle): Promise<Uint8Array> {
  const { size } = await file.stat()
  const table = Buffer.alloc(size)
  await file.read(table, 0, size, 0)
  return table
}

/** Bytes that the indexes and the filter of most tables take. A table where they take more is read whole. */
const END_BYTES = 64 * 1024

/** Bytes in which every entry of a data block begins: LevelDB ends a block with the entry that makes it 4 KiB or more. */
const BLOCK_HEAD_BYTES = 4096 + 256

/** More bytes than a data block has behind its last value. */
const BLOCK_END_BYTES = 1024
