// Opening LevelDB in a folder, and what of it is not in its binding for browsers.
import { CairnError, isCairnError } from '@cairn/core'
import { Level } from 'level'
import { databaseError } from './database-error.ts'
import {
  doubtFiles,
  droppedBytes,
  isDoubtful,
  probeLock,
  repairFiles,
  trustFiles,
  wouldDropBytes,
  wouldLoseFiles,
} from '../files/database-files.ts'
import { mendTables, readyTables } from '../files/database-tables.ts'
import { CACHE_BYTES, OPEN_TABLES_MAX } from '../limits.ts'
import type { OnRecovery } from '../recovery-event.ts'
import { TableWatch, type WatchSettings } from '../files/table-watch.ts'

/** LevelDB with what only the native one has. */
export interface NativeLevel extends Level<Uint8Array, Uint8Array> {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>
}

/** How a database is opened. */
export interface DatabaseSettings {
  /** Bytes collected in memory before a table is written. */
  readonly tableBytes: number
  /** Told of a repair, of records that LevelDB dropped, and of opening again. */
  readonly onRecovery?: OnRecovery | undefined
  /** Whether a damaged database is repaired; true by default. What can be made anew is not worth it. */
  readonly repairs?: boolean
  /** How tables are looked at before LevelDB reads them; their keys, all of them at once, by default. */
  readonly watch?: WatchSettings
}

/** How tables are watched by default. */
export const WATCH: WatchSettings = { check: 'keys', bytesMax: Infinity, isSuspect: false }

/** What opening gave. */
export interface OpenedLevel {
  readonly level: NativeLevel
  /** To be asked before each read. */
  readonly watch: TableWatch
  /** Bytes of LevelDB's own log that it could not read and left out. */
  readonly droppedBytes: number
}

/** Opens LevelDB in folder `path`, after a repair if nothing else helps. @throws as `openDatabase` */
export async function openLevel(path: string, settings: DatabaseSettings): Promise<OpenedLevel> {
  const { repairs = true, onRecovery } = settings
  if (await wouldLoseFiles(path)) {
    if (!repairs) throw new CairnError('CORRUPT', `Cannot open ${path}: its CURRENT or MANIFEST is damaged`)
    await repairLevel(path, onRecovery)
  }
  const doubt = repairs && (await doubtBefore(path))
  let watch = await watchTables(path, settings)
  const level = await open(path, settings).catch(async (error: unknown) => {
    if (!repairs || !isCairnError(error, 'CORRUPT')) throw error
    await repairLevel(path, onRecovery)
    // Its tables are others now.
    watch = await watchTables(path, settings)
    return open(path, settings)
  })
  const bytes = await droppedBytes(path)
  if (bytes > 0) {
    if (repairs) await doubtFiles(path)
    onRecovery?.({ kind: 'dropped', path, bytes })
  } else if (doubt) {
    await trustFiles(path)
  }
  return { level, watch, droppedBytes: bytes }
}

/** Lets LevelDB repair the database in `path`, as the last step; what it would stumble over is taken away first. */
export async function repairLevel(path: string, onRecovery: OnRecovery | undefined): Promise<void> {
  const readied = await readyTables(path)
  if (readied !== undefined) onRecovery?.(readied)
  // Not within the call, which is left out with all that is in it when nobody listens.
  const repaired = await repairFiles(path)
  onRecovery?.(repaired)
}

/** Notes, before LevelDB drops records of its own log, that they are lost: LevelDB tells of it once. Gives whether it is news. */
async function doubtBefore(path: string): Promise<boolean> {
  if (!(await wouldDropBytes(path)) || (await isDoubtful(path))) return false
  // Of a database that somebody has open, that one tells.
  await probeLock(path)
  await doubtFiles(path)
  return true
}

async function watchTables(path: string, settings: DatabaseSettings): Promise<TableWatch> {
  const { repairs = true, watch: watchSettings = WATCH, onRecovery } = settings
  const { watch, damaged } = await TableWatch.open(path, watchSettings)
  if (damaged.length === 0) return watch
  if (!repairs) throw new CairnError('CORRUPT', `Cannot open ${path}: its table ${damaged[0]?.name} is damaged`)
  const repaired = await mendTables(path, damaged, watchSettings.check)
  onRecovery?.(repaired)
  return watch
}

async function open(path: string, { tableBytes }: DatabaseSettings): Promise<NativeLevel> {
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
  return level
}

function isNative(level: Level<Uint8Array, Uint8Array>): level is NativeLevel {
  return 'compactRange' in level && 'approximateSize' in level
}
