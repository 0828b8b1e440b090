// Records of the log to which the index does not point: left by a crash or by damage, of the log or of the index.
import { isCairnError } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { BlockIndex } from './block-index.ts'
import type { BlockLog, LogRecord, Placed } from './block-log.ts'
import { proven } from './block-reader.ts'
import type { Healer } from './healer.ts'
import { storedBlock } from './stored-block.ts'

/** The store that they are in. */
export interface StrayParts {
  readonly log: BlockLog
  readonly index: BlockIndex
  readonly healer: Healer
  /** Sequence from which on records may not be in the index yet. */
  readonly settledSequence: () => number
}

/**
 * Enters a sound record that the index lacks, has as damaged, or has in a place where there is none. A block too many is
 * taken by the next collection; one too few is lost.
 */
export function mend({ log, index, healer, settledSequence }: StrayParts, record: LogRecord): Promise<boolean> {
  return healer.run(async () => {
    const { sequence } = record.location
    if (sequence >= settledSequence()) return false
    const [place] = await healer.entriesInTurn([record.multihash])
    const isElsewhere = place !== undefined && place.location.sequence !== sequence
    const [isThere = false, isThereElsewhere = false] = await log.hasMany(isElsewhere ? [record, place] : [record])
    if (!isThere || isThereElsewhere || (place !== undefined && !isElsewhere && place.location.isDamaged !== true))
      return false
    // Counted already, if wrongly placed.
    if (isElsewhere && place.location.isDamaged !== true) await index.remove([place])
    await index.mend([record])
    return true
  })
}

/** Removes a record whose block has a later one, or that is damaged and nothing that is known. */
export function drop({ log, healer, settledSequence }: StrayParts, record: LogRecord): Promise<boolean> {
  return healer.run(async () => {
    const { sequence } = record.location
    if (sequence >= settledSequence()) return false
    const [place] = await healer.entriesInTurn([record.multihash])
    if (place?.location.sequence === sequence) return false
    const [isThere = false] = place === undefined ? [] : await log.hasMany([place])
    const cid = cidOf(record)
    const isNeeded = place === undefined ? cid !== undefined && proves(cid, record.bytes) : !isThere
    if (!isNeeded) await log.remove([record])
    return !isNeeded
  })
}

/** Whether `bytes` are those of `cid`. */
export function proves(cid: CID, bytes: Uint8Array): boolean {
  try {
    return proven(cid, bytes) !== undefined
  } catch (error) {
    if (isCairnError(error, 'UNSUPPORTED')) return false // no such block was ever stored
    throw error
  }
}

/** The CID of the block at a place, or `undefined` when its multihash is damaged. */
export function cidOf({ multihash, location }: Placed): CID | undefined {
  try {
    return storedBlock(multihash, location.size).cid
  } catch {
    return undefined
  }
}
