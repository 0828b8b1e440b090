// An entry of the index, as a block at its place.
import { CairnError, isCairnError } from '@cairn/core'
import type { Placed } from './block-log.ts'
import type { Entry } from '../database/scan.ts'
import { decodeLocation, isMultihash } from './record.ts'

/** The block of an entry. @throws CORRUPT when it is no entry of an index */
export function placed([multihash, value]: Entry): Placed {
  if (!isMultihash(multihash)) throw new CairnError('CORRUPT', 'Cannot read the index: a key is no multihash')
  return { multihash, location: decodeLocation(value) }
}

/** The block of an entry, or `undefined` when it is damaged. */
export function readable([multihash, value]: Entry): Placed | undefined {
  try {
    return placed([multihash, value])
  } catch (error) {
    if (isCairnError(error, 'CORRUPT')) return undefined
    throw error
  }
}
