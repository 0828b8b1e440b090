// Whether stored bytes are still those of their block.
import { isCairnError, verifyBlock, type Block } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { Placed } from '../log/block-log.ts'
import { storedBlock } from '../stored-block.ts'

/**
 * The block, or `undefined` when `bytes` are not its own or there are none, or when `cid` is of a form that is never stored:
 * what is in the place of such a one has a damaged key.
 */
export function proven(cid: CID, bytes: Uint8Array | undefined): Block | undefined {
  try {
    return bytes && verifyBlock(cid, bytes)
  } catch (error) {
    if (isCairnError(error)) return undefined
    throw error
  }
}

/** Whether `bytes` are those of `cid`. */
export function proves(cid: CID, bytes: Uint8Array): boolean {
  return proven(cid, bytes) !== undefined
}

/** The CID of the block at a place, or `undefined` when its multihash is damaged. */
export function cidOf({ multihash, location }: Placed): CID | undefined {
  try {
    return storedBlock(multihash, location.size).cid
  } catch {
    return undefined
  }
}
