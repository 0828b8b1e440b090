// Opens an index so that it covers its whole log: what was written after the last checkpoint is read from the log, and
// an index that is missing, damaged or of another log is made anew.
import { rm } from 'node:fs/promises'
import { isCairnError, multihashKey } from '@cairn/core'
import { equals } from 'uint8arrays/equals'
import { BlockIndex, openIndexDatabase, readCheckpoint } from './block-index.ts'
import type { BlockLog, Placed } from './block-log.ts'
import type { Database } from './database.ts'
import type { Checkpoint } from './record.ts'

/** An index that covers its log, and the first sequence number that is free. */
export interface CompleteIndex {
  readonly index: BlockIndex
  readonly nextSequence: number
}

/** Sequence of the first block of a log. */
const FIRST_SEQUENCE = 1

/** Opens the index in folder `path` and completes it from `log`. @throws LOCKED, LIMIT, DENIED, UNAVAILABLE, CORRUPT for the log */
export async function openBlockIndex(path: string, log: BlockLog): Promise<CompleteIndex> {
  const sound = await openSound(path, log.id)
  if (sound !== undefined) return complete(sound.database, sound.checkpoint, log)
  await rm(path, { recursive: true, force: true })
  return complete(await openIndexDatabase(path), { id: log.id, sequence: FIRST_SEQUENCE }, log)
}

interface SoundIndex {
  readonly database: Database
  readonly checkpoint: Checkpoint
}

/** The index in `path` with its checkpoint, if it can be read and was made from the log called `id`. */
async function openSound(path: string, id: Uint8Array): Promise<SoundIndex | undefined> {
  let database: Database | undefined
  try {
    database = await openIndexDatabase(path)
    const checkpoint = await readCheckpoint(database)
    if (checkpoint !== undefined && equals(checkpoint.id, id)) return { database, checkpoint }
    await database.close()
    return undefined
  } catch (error) {
    await database?.close()
    if (isCairnError(error, 'CORRUPT')) return undefined
    throw error
  }
}

// A block can be in the log twice when a crash came between the two halves of deleting it. The later record wins;
// the earlier one is garbage that nothing points to.
async function complete(database: Database, checkpoint: Checkpoint, log: BlockLog): Promise<CompleteIndex> {
  const index = new BlockIndex(database, checkpoint)
  let nextSequence = checkpoint.sequence
  try {
    for await (const page of log.scan(checkpoint.sequence)) {
      await index.add(page, checkpoint.totals === undefined ? [] : await uncounted(index, page))
      nextSequence = Math.max(nextSequence, ...page.map(({ location }) => location.sequence + 1))
    }
    if (checkpoint.totals === undefined) await index.recount()
    if (checkpoint.totals === undefined || nextSequence > checkpoint.sequence) await index.checkpoint(nextSequence)
    return { index, nextSequence }
  } catch (error) {
    await index.close()
    throw error
  }
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
