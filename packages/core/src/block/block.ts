// A Block is bytes proven to hash to their CID. Only this file makes one, so the compiler keeps unproven bytes out of
// every store, message and file. Bytes of a Block are never changed.
import { code as DAG_PB_CODE } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { CairnError } from '../errors.ts'
import { BLOCK_BYTES_MAX, DIGEST_BYTES_MAX, DIGEST_BYTES_MIN } from '../limits.ts'
import { checkMultihash, hashByCode, hashByName, IDENTITY_CODE, type HashName } from './hash.ts'

declare const proven: unique symbol

/** Bytes with the CID that they are proven to have. Made by the functions of this file only. */
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
  /** Bytes of the largest block that is allowed: 2 MiB, what every peer takes, by default. */
  readonly bytesMax?: number
}

/** All of a CID but its digest, as bitswap sends it along with a block. */
export interface CidPrefix {
  readonly version: 0 | 1
  /** Multicodec code of the content. */
  readonly codec: number
  /** Multicodec code of the hash function. */
  readonly hash: number
  /** Bytes of the digest; below the natural length of the function it is truncated. */
  readonly digestBytes: number
}

/**
 * Hashes `bytes`, which the block owns from now on, into a block.
 *
 * @throws LIMIT above `bytesMax`, INVALID when version 0 is asked for with another codec or hash
 */
export function createBlock(bytes: Uint8Array, form: CidForm): Block {
  const { codec, hash = 'sha2-256', cidVersion = 1, bytesMax = BLOCK_BYTES_MAX } = form
  if (bytes.length > bytesMax) {
    throw new CairnError('LIMIT', `Cannot make a block of ${bytes.length} bytes: at most ${bytesMax} are allowed`)
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

/**
 * Hashes `bytes`, which the block owns from now on, into the block that `prefix` describes: what a peer sent without
 * its digest. Every bound is checked before the hash is computed.
 *
 * @throws UNSUPPORTED when the hash function is not known here (identity included), LIMIT above 2 MiB or for a digest
 * longer than its function gives, INVALID for a digest below 20 bytes or a version 0 that is not dag-pb and sha2-256
 */
export function blockFromPrefix(prefix: CidPrefix, bytes: Uint8Array): Block {
  const { version, codec, hash, digestBytes } = prefix
  const { name, digest, digestBytes: naturalBytes, digestBytesMax } = hashByCode(hash)
  if (bytes.length > BLOCK_BYTES_MAX || digestBytes > digestBytesMax) {
    throw new CairnError(
      'LIMIT',
      `Cannot use ${bytes.length} bytes with a ${name} digest of ${digestBytes}: one is too long`,
    )
  }
  if (digestBytes < DIGEST_BYTES_MIN) {
    throw new CairnError(
      'INVALID',
      `Cannot use a digest of ${digestBytes} bytes: at least ${DIGEST_BYTES_MIN} are needed`,
    )
  }
  if (version === 0 && (codec !== DAG_PB_CODE || name !== 'sha2-256' || digestBytes !== naturalBytes)) {
    throw new CairnError('INVALID', 'Cannot make a CIDv0: it needs dag-pb and sha2-256')
  }
  return brand(CID.create(version, codec, createDigest(hash, digest(bytes, digestBytes))), bytes)
}

/**
 * A block whose CID holds `bytes` themselves, which it owns from now on. Nobody stores or sends such a block: whoever
 * has the CID has it.
 *
 * @throws LIMIT above 128 bytes
 */
export function inlineBlock(bytes: Uint8Array, codec: number): Block {
  if (bytes.length > DIGEST_BYTES_MAX) {
    throw new CairnError(
      'LIMIT',
      `Cannot put ${bytes.length} bytes into a CID: at most ${DIGEST_BYTES_MAX} are allowed`,
    )
  }
  return brand(CID.createV1(codec, createDigest(IDENTITY_CODE, bytes)), bytes)
}

/** Whether the CID of `block` holds its bytes, so that it is not stored. */
export function isInline({ cid }: Block): boolean {
  return cid.multihash.code === IDENTITY_CODE
}

/** The block inside an identity CID, or `undefined` when `cid` is of another kind. */
export function identityBlock(cid: CID): Block | undefined {
  return cid.multihash.code === IDENTITY_CODE ? verifyBlock(cid, cid.multihash.digest) : undefined
}

/**
 * The block without bytes, or the directory without entries, if that is what `cid` names. Some peers never send the first (boxo
 * answers DONT_HAVE for blocks of no length), so it has to be known by its hash. The second is in every repo of Kubo, and programs ask
 * a node for it to see whether it is alive.
 */
export function emptyBlock(cid: CID): Block | undefined {
  const { code, digest } = cid.multihash
  for (const { bytes, sha256 } of EMPTY) {
    const isKnownHash = code === sha256.code && digest.length === sha256.size
    const expected = isKnownHash ? sha256.digest : hashByCode(code).digest(bytes, digest.length)
    if (equalBytes(expected, digest)) return brand(cid, bytes)
  }
  return undefined
}

/** Bytes without content, with the hash that nearly all CIDs have, so that it is computed once. The second: UnixFS, Type = Directory. */
const EMPTY = [new Uint8Array(0), Uint8Array.of(0x0a, 0x02, 0x08, 0x01)].map((bytes) => ({
  bytes,
  sha256: createBlock(bytes, { codec: DAG_PB_CODE }).cid.multihash,
}))

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
