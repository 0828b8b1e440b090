// A Block is bytes proven to hash to their CID. Only this file makes one, so the compiler keeps unproven bytes out of
// every store, message and file. Bytes of a Block are never changed.
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { CairnError } from '../errors.ts'
import { BLOCK_BYTES_MAX } from '../limits.ts'
import { DAG_PB_CODE } from './codec.ts'
import { checkMultihash, hashByCode, hashByName, IDENTITY_CODE, type HashName } from './hash.ts'

declare const proven: unique symbol

/** Bytes with the CID that they are proven to have. Made by {@link createBlock} and {@link verifyBlock} only. */
export interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
  readonly [proven]: true
}

/** Form of the CID that a new block gets. */
export interface CidForm {
  /** Multicodec code of the content. */
  readonly codec: number
  /** Hash function; `sha2-256` by default. */
  readonly hash?: HashName
  /** CID version, 1 by default. Version 0 needs dag-pb and sha2-256. */
  readonly cidVersion?: 0 | 1
}

/**
 * Hashes `bytes`, which the block owns from now on, into a block.
 *
 * @throws LIMIT above 2 MiB, INVALID when version 0 is asked for with another codec or hash
 */
export function createBlock(bytes: Uint8Array, form: CidForm): Block {
  const { codec, hash = 'sha2-256', cidVersion = 1 } = form
  if (bytes.length > BLOCK_BYTES_MAX) {
    throw new CairnError('LIMIT', `Cannot make a block of ${bytes.length} bytes: at most ${BLOCK_BYTES_MAX} are allowed`)
  }
  if (cidVersion === 0 && (codec !== DAG_PB_CODE || hash !== 'sha2-256')) {
    throw new CairnError('INVALID', 'Cannot make a CIDv0: it needs dag-pb and sha2-256')
  }
  const { code, digestBytes, digest } = hashByName(hash)
  const multihash = createDigest(code, digest(bytes, digestBytes))
  return brand(CID.create(cidVersion, codec, multihash), bytes)
}

/**
 * Proves that `bytes`, which the block owns from now on, belong to `cid`.
 *
 * @throws CORRUPT when they do not, UNSUPPORTED when the hash function is not known here, else as `checkMultihash`
 */
export function verifyBlock(cid: CID, bytes: Uint8Array): Block {
  checkMultihash(cid)
  const { code, digest } = cid.multihash
  const actual = code === IDENTITY_CODE ? bytes : hashByCode(code).digest(bytes, digest.length)
  if (!equalBytes(actual, digest)) {
    throw new CairnError('CORRUPT', `Cannot use the bytes of ${cid}: they hash to something else`, { cid })
  }
  return brand(cid, bytes)
}

/** The block inside an identity CID, or `undefined` when `cid` is of another kind. */
export function identityBlock(cid: CID): Block | undefined {
  return cid.multihash.code === IDENTITY_CODE ? verifyBlock(cid, cid.multihash.digest) : undefined
}

/** The same proven bytes under another CID of the same multihash (version or codec differ). */
export function relabelBlock(block: Block, cid: CID): Block {
  if (!equalBytes(block.cid.multihash.bytes, cid.multihash.bytes)) {
    throw new TypeError(`${cid} and ${block.cid} name different blocks`)
  }
  return block.cid.equals(cid) ? block : brand(cid, block.bytes)
}

function brand(cid: CID, bytes: Uint8Array): Block {
  return { cid, bytes } as Block
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
