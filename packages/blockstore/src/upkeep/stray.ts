// Records of the log to which the index does not point: left by a crash or by damage, of the log or of the index.
import { equals } from 'uint8arrays/equals'
import type { BlockIndex } from '../log/block-index.ts'
import type { BlockLog, LogRecord, Placed } from '../log/block-log.ts'
import type { Claims } from '../sweep/claims.ts'
import type { Healer } from './healer.ts'
import { cidOf, proves } from './proof.ts'

/** The store that they are in. */
export interface StrayParts {
  readonly log: BlockLog
  readonly index: BlockIndex
  readonly healer: Healer
  readonly claims: Claims
  /** Sequence from which on records may not be in the index yet. */
  readonly settledSequence: () => number
}

/**
 * Enters a sound record that the index lacks, has as damaged, or has in a place where there is none. A block too many is
 * taken by the next collection; one too few is lost. The one that runs has not met it there, and leaves it alone.
 */
export function mend({ log, index, healer, claims, settledSequence }: StrayParts, record: LogRecord): Promise<boolean> {
  return healer.run(async () => {
    const { sequence } = record.location
    if (sequence >= settledSequence()) return false
    const [place] = await healer.entriesInTurn([record.multihash])
    const isElsewhere = place !== undefined && place.location.sequence !== sequence
    const [isThere = false, isThereElsewhere = false] = await log.hasMany(isElsewhere ? [record, place] : [record])
    if (!isThere || isThereElsewhere || (place !== undefined && !isElsewhere && place.location.isDamaged !== true))
      return false
    // One whose key is damaged may be met on a walk and yet not be found by it, for LevelDB's filter has the key as it was.
    if ((await log.read([record]))[0] === undefined) return false
    // Counted already, if wrongly placed.
    if (isElsewhere && place.location.isDamaged !== true) await index.remove([place])
    await index.mend([record])
    claims.touch(sequence)
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

/**
 * Whether the key of an index entry is damaged rather than the record that it names: under its sequence, which is given
 * once, the log has another block, and a sound one. Not when the log has its own one there as well, which is met on a walk
 * although no read finds it: then the key of that record is damaged.
 */
export async function isMistaken(log: BlockLog, { multihash, location: { sequence } }: Placed): Promise<boolean> {
  let isOther = false
  for await (const page of log.scan(sequence)) {
    for (const record of page) {
      if (record.location.sequence !== sequence) return isOther
      if (equals(record.multihash, multihash)) return false
      const cid = cidOf(record)
      isOther ||= cid !== undefined && proves(cid, record.bytes)
    }
  }
  return isOther
}
