// The files of a LevelDB database, looked at from outside: damage that LevelDB itself would pass over in silence, and
// the repair, which is the last step.
//
// LevelDB makes a new, empty database when its CURRENT is gone, and goes back to an older state when its MANIFEST ends
// early; either way it then deletes the tables that it does not know any more. So both are found before it opens.
import { access, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCairnError, systemError } from '@cairn/core'
import { Level } from 'level'
import { databaseError } from '../database/database-error.ts'
import { blankDamaged, hasDamaged } from './log-file.ts'
import { readManifest, type Manifest } from './manifest.ts'
import type { RepairedEvent } from '../recovery-event.ts'

/** Folder in a database into which LevelDB's repair moves what it replaces. */
const LOST = 'lost'

/** LevelDB's own repair, which its binding for browsers lacks. */
interface Repairer {
  repair(path: string): Promise<void>
}

/** Whether LevelDB would open the database in `path` without part of what its files hold, and delete that. */
export async function wouldLoseFiles(path: string): Promise<boolean> {
  if (!(await hasLostItsWay(path))) return false
  // A process that has it open changes its files while they are looked at; LevelDB's lock tells of it.
  await probeLock(path)
  return hasLostItsWay(path)
}

/** The MANIFEST of the database in `path`, or `undefined` when it has none that reads as one. */
export async function manifestOf(path: string): Promise<Manifest | undefined> {
  try {
    const name = (await readFile(join(path, 'CURRENT'), 'utf8')).trimEnd()
    return readManifest(await readFile(join(path, name)))
  } catch (error) {
    const reason = systemError(`read ${path}`, error)
    if (isCairnError(reason, 'LIMIT') || isCairnError(reason, 'DENIED')) throw reason
    return undefined // LevelDB says so
  }
}

/** A folder beside the database in `path` that is not there yet, for files that a repair replaces. */
export async function freeFolder(path: string): Promise<string> {
  let number = 1
  while (await exists(`${path}.replaced-${number}`)) number++
  return `${path}.replaced-${number}`
}

/** Puts the folder `from` in the place of `path`, if there is one. At every moment one of both is whole. @throws as `systemError` */
export async function replaceFolder(path: string, from: string): Promise<void> {
  const replaced = replacedPath(path)
  try {
    await rm(replaced, { recursive: true, force: true })
    if (await exists(path)) await rename(path, replaced)
    await rename(from, path)
    await rm(replaced, { recursive: true, force: true })
  } catch (cause) {
    throw systemError(`replace ${path}`, cause)
  }
}

/** Where a folder is that is being replaced. */
export function replacedPath(path: string): string {
  return `${path}.old`
}

/** Whether records of the database in `path` may be lost: set before a repair, and kept until `trustFiles`. */
export async function isDoubtful(path: string): Promise<boolean> {
  return exists(doubtOf(path))
}

/** Notes, durably, that records of the database in `path` may be lost. */
export async function doubtFiles(path: string): Promise<void> {
  const file = await open(doubtOf(path), 'w').catch((cause: unknown) => {
    throw systemError(`repair ${path}`, cause)
  })
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Ends the doubt: what is lost is known, or accepted. */
export async function trustFiles(path: string): Promise<void> {
  await rm(doubtOf(path), { force: true })
}

/**
 * Lets LevelDB repair the database in `path`. What it replaces (its own logs, manifests, damaged tables) it moves away,
 * and these files are kept beside the database: with its sound tables they are all there is to undo or study the repair.
 *
 * @throws as `databaseError`
 */
export async function repairFiles(path: string): Promise<RepairedEvent> {
  if (!isRepairer(Level)) throw new TypeError('this platform has no LevelDB')
  await doubtFiles(path)
  try {
    await blankLogs(path)
    await Level.repair(path)
  } catch (cause) {
    throw databaseError(`Cannot repair ${path}`, cause)
  }
  return { kind: 'repaired', path, keptIn: await keepReplaced(path) }
}

/** Blanks damaged records in LevelDB's own logs; where there are some, the log as it was is kept with what a repair replaces. */
async function blankLogs(path: string): Promise<void> {
  await probeLock(path)
  for (const name of await readdir(path)) {
    if (!/^\d+\.log$/.test(name)) continue
    const file = await readFile(join(path, name))
    const blanked = Uint8Array.from(file)
    if (blankDamaged(blanked) === 0) continue
    await mkdir(join(path, LOST), { recursive: true })
    await writeFile(join(path, LOST, `${name}.damaged`), file)
    await writeFile(join(path, name), blanked, { flush: true })
  }
}

/** Whether LevelDB would leave out records of its own log when it opens the database in `path`. */
export async function wouldDropBytes(path: string): Promise<boolean> {
  for (const name of await readdir(path).catch((): string[] => [])) {
    if (/^\d+\.log$/.test(name) && hasDamaged(await readLog(join(path, name)))) return true
  }
  return false
}

/** The bytes of a log, none when a process that has the database open took it away. */
async function readLog(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const reason = systemError(`read ${path}`, cause)
    if (isCairnError(reason, 'NOT_FOUND')) return new Uint8Array()
    throw reason
  }
}

/** Bytes that LevelDB left out of its own log when it opened the database in `path` just now. */
export async function droppedBytes(path: string): Promise<number> {
  // LevelDB says so nowhere else; each open begins this file anew.
  const text = await readFile(join(path, 'LOG'), 'utf8').catch(() => '')
  return [...text.matchAll(/: dropping (\d+) bytes; /g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0)
}

/** @throws LIMIT while this process cannot open as many files as opening a database takes */
export async function requireFiles(path: string): Promise<void> {
  const files = await Promise.allSettled(Array.from({ length: OPEN_FILES }, () => open(path, 'r')))
  for (const file of files) if (file.status === 'fulfilled') await file.value.close()
  for (const file of files) if (file.status === 'rejected') throw systemError(`open ${path} again`, file.reason)
}

/** Files that LevelDB opens when it opens a database, with room for tables. */
const OPEN_FILES = 16

/** A file beside the database, for what is in doubt is the database. */
function doubtOf(path: string): string {
  return `${path}.doubtful`
}

async function hasLostItsWay(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => [])
  if (!names.includes('CURRENT')) return names.some((name) => /\.(ldb|sst|log)$/.test(name))
  const logNumber = (await manifestOf(path))?.logNumber ?? 0
  if (logNumber === 0) return false
  // A log that is named is there: LevelDB makes it before it writes its name, and deletes it only after the next name.
  return !names.some((name) => /^\d+\.log$/.test(name) && Number.parseInt(name, 10) === logNumber)
}

/** @throws LOCKED when a process has it open */
export async function probeLock(path: string): Promise<void> {
  const probe = new Level(path, { createIfMissing: false, errorIfExists: true })
  try {
    await probe.open()
  } catch (cause) {
    const error = databaseError(`Cannot open ${path}`, cause)
    if (error.code === 'LOCKED') throw error
    // Any other way it says that the database exists, or does not: it is nobody's now.
  }
  await probe.close()
}

async function keepReplaced(path: string): Promise<string | undefined> {
  const replaced = join(path, LOST)
  const names = await readdir(replaced).catch(() => [])
  if (names.length === 0) return undefined
  const kept = await freeFolder(path)
  await rename(replaced, kept)
  return kept
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function isRepairer(level: object): level is Repairer {
  return 'repair' in level && typeof level.repair === 'function'
}
