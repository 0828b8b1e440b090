// CIDs as text and as map keys. Facts: the CID specification, multibase table.
import { base16, base16upper } from 'multiformats/bases/base16'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64, base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import { Digest } from 'multiformats/hashes/digest'
import { CairnError } from '../errors.ts'
import { CID_BYTES_MAX, CID_TEXT_MAX } from '../limits.ts'
import { checkMultihash } from './hash.ts'

const DECODER = base32.decoder
  .or(base58btc.decoder)
  .or(base36.decoder)
  .or(base16.decoder)
  .or(base64url.decoder)
  .or(base64.decoder)
  .or(base32upper.decoder)
  .or(base36upper.decoder)
  .or(base16upper.decoder)

/**
 * Reads a CID in any base that IPFS clients send (base58btc for v0; b, k, z, f, u, m, B, K, F prefixes for v1).
 *
 * @throws INVALID when it does not parse, else as `checkMultihash`
 */
export function parseCid(text: string): CID {
  const cid = readCid(text)
  checkMultihash(cid)
  return cid
}

/** Like {@link parseCid}, whatever its hash function: a link may name what this version cannot check. @throws INVALID */
export function readCid(text: string): CID {
  if (text.length > CID_TEXT_MAX) throw new CairnError('INVALID', `Cannot read a CID of ${text.length} characters`)
  try {
    const isV0 = text.length === 46 && text.startsWith('Qm')
    const parsed = isV0 ? CID.parse(text) : CID.parse(text, DECODER)
    if (!isV0 && parsed.version === 0) throw new Error('CIDv0 takes no multibase prefix')
    // What `parse` gives would print as `text` from now on, its padding and case included.
    return CID.decode(parsed.bytes)
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot read "${text}" as a CID: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * A CID as text: v0 in base58btc, v1 in base32. Unlike `cid.toString()` it leaves no cache behind, which takes 1.7 kB for
 * each CID that lives on: this is for lists of any length.
 */
export function formatCid(cid: CID): string {
  return cid.version === 0 ? base58btc.baseEncode(cid.multihash.bytes) : base32.encode(cid.bytes)
}

/**
 * Reads a binary CID that fills `bytes` exactly.
 *
 * @throws INVALID when it does not parse, else as `checkMultihash`
 */
export function decodeCid(bytes: Uint8Array): CID {
  let cid: CID
  try {
    if (bytes.length > CID_BYTES_MAX) throw new Error(`at most ${CID_BYTES_MAX} are one`)
    cid = CID.decode(bytes)
    if (cid.bytes.length !== bytes.length) throw new Error('CIDv0 takes no prefix')
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot read ${bytes.length} bytes as a CID: ${reasonOf(cause)}`, { cause })
  }
  checkMultihash(cid)
  return cid
}

/**
 * As `CID.decode`, and several times as fast for nearly all CIDs there are: of version 1, with a codec of one byte and a whole
 * sha2-256. The CID is a view of `bytes`, which must not change.
 */
export function viewCid(bytes: Uint8Array): CID {
  const [version, codec = 0, hash, digestBytes] = bytes
  if (bytes.length !== 36 || version !== 1 || codec >= 0x80 || hash !== 0x12 || digestBytes !== 32)
    return CID.decode(bytes)
  // Views of a Buffer would be Buffers, which compare as another type.
  const plain = bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  return new CID(1, codec, new Digest(hash, digestBytes, plain.subarray(4), plain.subarray(2)), plain)
}

/** Key of the block that a CID names, for maps and sets: equal for all CIDs with the same multihash. Not for display. */
export function blockKey(cid: CID): string {
  return multihashKey(cid.multihash.bytes)
}

/** Like {@link blockKey}, from the bytes of the multihash. */
export function multihashKey(multihash: Uint8Array): string {
  return Buffer.from(multihash.buffer, multihash.byteOffset, multihash.byteLength).toString('latin1')
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
