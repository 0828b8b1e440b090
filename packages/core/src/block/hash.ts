// The hash functions that a CID may name, and the bounds on their digests.
// Rules: boxo verifcid/allowlist.go and verifcid/cid.go; codes: the multicodec table.
import { hash as hashOnce } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import type { CID } from 'multiformats/cid'
import { CairnError, type ErrorCode } from '../errors.ts'
import { DIGEST_BYTES_MAX, DIGEST_BYTES_MIN } from '../limits.ts'

/** Names of the hash functions that blocks can be made with, as in the multicodec table. */
export type HashName = 'sha2-256' | 'sha2-512' | 'sha3-256' | 'blake2b-256' | 'blake3'

/** One hash function: its multicodec code, the bytes of its natural digest, and how to compute it. */
export interface HashFunction {
  readonly name: HashName
  readonly code: number
  readonly digestBytes: number
  /** Bytes of the longest digest it can give; more than `digestBytes` only where the output is extendable. */
  readonly digestBytesMax: number
  readonly digest: (bytes: Uint8Array, digestBytes: number) => Uint8Array
}

/** Code of the identity "hash": the digest is the data. */
export const IDENTITY_CODE = 0x00

const openssl = (name: HashName, code: number, digestBytes: number): HashFunction => {
  const algorithm = name.replace(/^sha2-/, 'sha')
  return {
    name,
    code,
    digestBytes,
    digestBytesMax: digestBytes,
    digest: (bytes, length) => view(hashOnce(algorithm, bytes, 'buffer')).subarray(0, length),
  }
}

const FUNCTIONS: readonly HashFunction[] = [
  openssl('sha2-256', 0x12, 32),
  openssl('sha2-512', 0x13, 64),
  openssl('sha3-256', 0x16, 32),
  {
    name: 'blake2b-256',
    code: 0xb220,
    digestBytes: 32,
    digestBytesMax: 32,
    digest: (bytes, length) => blake2b(bytes, { dkLen: 32 }).subarray(0, length),
  },
  {
    name: 'blake3',
    code: 0x1e,
    digestBytes: 32,
    digestBytesMax: DIGEST_BYTES_MAX,
    digest: (bytes, length) => blake3(bytes, { dkLen: length }),
  },
]

/** Functions that boxo allows and this version lacks: valid CIDs that cannot be checked here. */
const ALLOWED_ELSEWHERE: readonly (readonly [from: number, to: number])[] = [
  [0x11, 0x11], // sha1, for git
  [0x14, 0x17], // sha3
  [0x19, 0x19], // shake-256
  [0x1a, 0x1d], // keccak
  [0x56, 0x56], // dbl-sha2-256
  [0xb214, 0xb240], // blake2b-160 … -512
  [0xb254, 0xb260], // blake2s-160 … -256
]

/** Names of all hash functions that blocks can be made with. */
export const HASH_NAMES: readonly HashName[] = FUNCTIONS.map((hash) => hash.name)

/** The function called `name`. @throws UNSUPPORTED with the names that exist */
export function hashByName(name: string): HashFunction {
  const found = FUNCTIONS.find((hash) => hash.name === name)
  if (found === undefined) {
    throw new CairnError('UNSUPPORTED', `Cannot hash with ${name}: known functions are ${HASH_NAMES.join(', ')}`)
  }
  return found
}

/**
 * Checks the multihash of `cid` before any I/O is spent on it.
 *
 * @throws DENIED for a function that no IPFS node accepts, INVALID for a digest shorter than 20 bytes or a version 0
 * without a whole sha2-256, LIMIT for a digest longer than 128 bytes or than its function can give
 */
export function checkMultihash(cid: CID): void {
  const fault = multihashFault(cid)
  if (fault === undefined) return
  const { code, size } = cid.multihash
  const max = FUNCTIONS.find((hash) => hash.code === code)?.digestBytesMax ?? DIGEST_BYTES_MAX
  const errors: Readonly<Record<MultihashFault, readonly [code: ErrorCode, why: string]>> = {
    unknown: ['DENIED', `hash function 0x${code.toString(16)} is not allowed`],
    short: ['INVALID', `its digest has ${size} bytes, at least ${DIGEST_BYTES_MIN} are needed`],
    version: ['INVALID', 'a CIDv0 has a sha2-256 digest of 32 bytes'],
    long: ['LIMIT', `its digest has ${size} bytes, at most ${max} are allowed`],
  }
  const [error, why] = errors[fault]
  throw new CairnError(error, `Cannot use ${cid}: ${why}`, { cid })
}

/** Whether `checkMultihash` has nothing to say; an error costs ten times as much as the rest, which counts for what strangers send. */
export function isMultihashAllowed(cid: CID): boolean {
  return multihashFault(cid) === undefined
}

type MultihashFault = 'unknown' | 'short' | 'version' | 'long'

function multihashFault({ version, multihash: { code, size } }: CID): MultihashFault | undefined {
  if (size > DIGEST_BYTES_MAX) return 'long'
  if (code === IDENTITY_CODE && version === 1) return undefined
  const known = FUNCTIONS.find((hash) => hash.code === code)
  if (known === undefined && !ALLOWED_ELSEWHERE.some(([from, to]) => code >= from && code <= to)) return 'unknown'
  if (size < DIGEST_BYTES_MIN) return 'short'
  if (version === 0 && (known?.name !== 'sha2-256' || size < known.digestBytes)) return 'version'
  return known !== undefined && size > known.digestBytesMax ? 'long' : undefined
}

/** The function of code `code`. @throws UNSUPPORTED when this version lacks it */
export function hashByCode(code: number): HashFunction {
  const found = FUNCTIONS.find((hash) => hash.code === code)
  if (found === undefined) {
    throw new CairnError('UNSUPPORTED', `Cannot hash with function 0x${code.toString(16)}: not known to this version`)
  }
  return found
}

/** A plain Uint8Array over a Buffer's memory, so that Buffer's own methods never leak out. */
function view(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
