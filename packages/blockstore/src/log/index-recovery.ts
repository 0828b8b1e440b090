// Opens an index so that it covers its whole log: what was written after the last checkpoint is read from the log, and
// an index that is missing, damaged or of another log is made anew. The old one, as far as it can be read, then tells
// which blocks the log has lost.
import { rename, rm } from 'node:fs/promises'
import { CairnError, isCairnError, multihashKey } from '@cairn/core'
import { equals } from 'uint8arrays/equals'
import { BlockIndex, openIndexDatabase, readCheckpoint } from './block-index.ts'
import { FIRST_SEQUENCE, type BlockLog, type Placed } from './block-log.ts'
import { exists, replacedPath, replaceFolder } from '../files/database-files.ts'
import { loadIndex } from './index-load.ts'
import { nameLost } from './lost-blocks.ts'
import { decodeLogKey } from './record.ts'
import { RecordPrints } from './record-prints.ts'
import type { OnRecovery } from '../recovery-event.ts'

/** An index that covers its log, and the first sequence number that is free. */
export interface CompleteIndex {
  readonly index: BlockIndex
  readonly nextSequence: number
}

/** What an index is made from. */
export interface IndexSource {
  /** Folder of the index. */
  readonly path: string
  readonly log: BlockLog
  readonly onRecovery?: OnRecovery | undefined
}

/**
 * Opens the index in folder `path` and completes it from `log`.
 *
 * @throws LOCKED, LIMIT, DENIED, UNAVAILABLE
 */
export async function openBlockIndex(source: IndexSource): Promise<CompleteIndex> {
  const { path, log } = source
  await settleFolders(path)
  const old = await openSound(path, log.id)
  try {
    if (old !== undefined && !old.isDamaged && !(await log.isDoubtful()) && (await hasItsEnd(old, log))) {
      const nextSequence = await finish(old, log).catch(unlessCorrupt)
      if (nextSequence !== undefined) return { index: old, nextSequence }
    }
    const nextSequence = await makeAnew(source, { old })
    if (old !== undefined) await old.reopen({ from: newPath(path) })
    else await replaceFolder(path, newPath(path))
    const index = old ?? (await openSound(path, log.id))
    if (index === undefined) throw new CairnError('CORRUPT', `Cannot open ${path}: it does not keep what is written`)
    await log.trust()
    return { index, nextSequence }
  } catch (error) {
    await old?.close()
    throw error
  }
}

/** Whether the log has the last record that was entered into `index`: a log that was cut off cleanly does not show it. */
async function hasItsEnd(index: BlockIndex, log: BlockLog): Promise<boolean> {
  const last = await index.lastAdded().catch(unlessCorrupt)
  const [isThere = true] = last === undefined ? [] : await log.hasKeys([last])
  return isThere
}

/** Ends a delete that was interrupted, and completes `index`. */
async function finish(index: BlockIndex, log: BlockLog): Promise<number> {
  const keys = await index.lastDeleted()
  if (keys.length > 0) {
    await log.removeKeys(keys)
    await index.forgetLastDeleted()
  }
  const nextSequence = await complete(index, log)
  // Where they were the log's end, a block put again would get such a key, and go with them at the open after a power loss.
  return keys.reduce((next, key) => Math.max(next, (decodeLogKey(key)?.sequence ?? 0) + 1), nextSequence)
}

/** Name of the log that the index in folder `path` was made from, if that can be read. */
export async function recallLogId(path: string): Promise<Uint8Array | undefined> {
  const index = await openSound(path, undefined)
  await index?.close()
  return index?.stored.id
}

/**
 * Makes the index anew while the old one goes on being read, and then takes its place. Runs in a turn.
 *
 * @param below sequence from which on records are not acknowledged yet: their writers enter them
 * @throws LIMIT, DENIED, UNAVAILABLE; the old one stays in place then
 */
export async function remakeIndex(source: IndexSource, old: BlockIndex, below: number): Promise<void> {
  await makeAnew(source, { old, below })
  await old.reopen({ from: newPath(source.path) })
  await source.log.trust()
}

/** Enters what `index` lacks of the log up to `below`, and gives the first sequence number that is free. */
export async function complete(index: BlockIndex, log: BlockLog, options: ScanOptions = {}): Promise<number> {
  const { below = Infinity, onPage, onDamage } = options
  const { sequence: start, totals } = index.stored
  let nextSequence = start
  // One page is entered while the next one is read.
  let entered: Promise<unknown> = Promise.resolve()
  try {
    for await (const records of log.scan(start, onDamage)) {
      const page = records.filter(({ location }) => location.sequence < below)
      await entered
      entered = totals === undefined ? index.add(page, []) : addUncounted(index, page)
      entered.catch(() => undefined)
      nextSequence = Math.max(nextSequence, (page.at(-1)?.location.sequence ?? 0) + 1)
      onPage?.(page.length)
      if (page.length < records.length) break
    }
  } finally {
    await entered
  }
  if (totals === undefined) await index.recount()
  if (totals === undefined || nextSequence > start) await index.checkpoint(nextSequence)
  return nextSequence
}

interface ScanOptions {
  readonly below?: number | undefined
  /** Told how many records were read. */
  readonly onPage?: (records: number) => void
  readonly onDamage?: () => void
}

/** The index in `path`, if it can be read and was made from the log called `id`; of any log when none is named. */
async function openSound(path: string, id: Uint8Array | undefined): Promise<BlockIndex | undefined> {
  const database = (await exists(path)) ? await openIndexDatabase(path).catch(unlessCorrupt) : undefined
  if (database === undefined) return undefined
  try {
    const checkpoint = await readCheckpoint(database)
    if (checkpoint !== undefined && (id === undefined || equals(checkpoint.id, id))) {
      return new BlockIndex(database, checkpoint)
    }
  } catch (error) {
    if (!isCairnError(error, 'CORRUPT')) {
      await database.close()
      throw error
    }
  }
  await database.close()
  return undefined
}

/** Makes a new index of the log beside the folder that it is for, and gives the first sequence number that is free. */
async function makeAnew(
  { path, log, onRecovery }: IndexSource,
  { old, below }: { readonly old: BlockIndex | undefined; readonly below?: number },
): Promise<number> {
  await rm(newPath(path), { recursive: true, force: true })
  const checkpoint = { id: log.id, sequence: FIRST_SEQUENCE }
  const index = new BlockIndex(await openIndexDatabase(newPath(path)), checkpoint)
  try {
    let blocks = 0
    let isWhole = true
    const prints = old === undefined ? undefined : new RecordPrints()
    const nextSequence = await loadIndex(index, log, {
      below,
      prints,
      onPage: (records) => onRecovery?.({ kind: 'index', blocks: (blocks += records), isDone: false, isWhole }),
      onDamage: () => (isWhole = false),
    })
    const lostSequence =
      old === undefined || prints === undefined ? 0 : await nameLost(old, index, { log, prints, onRecovery })
    // An empty store that was never there is no recovery.
    if (old !== undefined || blocks > 0) onRecovery?.({ kind: 'index', blocks, isDone: true, isWhole })
    // What is lost keeps its sequence.
    const freeSequence = Math.max(nextSequence, old?.stored.sequence ?? 0, lostSequence + 1)
    await index.checkpoint(freeSequence)
    await index.close()
    return freeSequence
  } catch (error) {
    await index.close()
    // On a full disk it would take the room that the next attempt needs.
    await rm(newPath(path), { recursive: true, force: true })
    throw error
  }
}

async function addUncounted(index: BlockIndex, page: readonly Placed[]): Promise<void> {
  await index.add(page, await uncounted(index, page))
}

/**
 * Those of `page`, records from the checkpoint on, that the totals lack. An entry with a lower sequence is counted: below
 * the checkpoint, or when its own record was read. Any other one survived the crash, and its record comes yet.
 */
async function uncounted(index: BlockIndex, page: readonly Placed[]): Promise<Placed[]> {
  const before = await index.locate(page.map(({ multihash }) => multihash))
  const seen = new Set<string>()
  return page.filter(({ multihash, location }, at) => {
    const key = multihashKey(multihash)
    if (seen.has(key)) return false
    seen.add(key)
    const entry = before[at]
    return entry === undefined || entry.location.sequence >= location.sequence
  })
}

/** Ends a `replaceFolder` that was interrupted. A new index that is not whole has no checkpoint, and is made anew again. */
async function settleFolders(path: string): Promise<void> {
  if (!(await exists(path)) && (await exists(newPath(path)))) await rename(newPath(path), path)
  // What is left over would pass for the index when that is gone.
  for (const left of [newPath(path), replacedPath(path)]) await rm(left, { recursive: true, force: true })
}

function newPath(path: string): string {
  return `${path}.new`
}

function unlessCorrupt(error: unknown): undefined {
  if (!isCairnError(error, 'CORRUPT')) throw error
}
