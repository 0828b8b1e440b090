// How blocks look from outside, whatever keeps them.
import { IDENTITY_CODE, RAW_CODE, type StoredBlock } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { decode as decodeDigest } from 'multiformats/hashes/digest'

/** Whether the block is inside the CID: such blocks are always there and never stored. */
export function isIdentity(cid: CID): boolean {
  return cid.multihash.code === IDENTITY_CODE
}

/** The listing of a block of `size` bytes. */
export function storedBlock(multihash: Uint8Array, size: number): StoredBlock {
  return { cid: CID.createV1(RAW_CODE, decodeDigest(multihash)), size }
}
