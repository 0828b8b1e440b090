// A section of a CAR: varint length of what follows, a CID that says itself where it ends, and the block's bytes.
import { CID } from 'multiformats/cid'
import { CairnError } from '../errors.ts'
import { CAR_CID_BYTES_MAX } from '../limits.ts'
import { encodeVarint, varintLength } from './varint.ts'

/** A CID at the beginning of some bytes, and how many of them it takes. */
export interface LeadingCid {
  readonly cid: CID
  readonly length: number
}

/**
 * Reads the CID that a section begins with. Its hash is not looked at.
 *
 * @throws INVALID when there is none, or it is not written the one way that a CID is
 */
export function leadingCid(section: Uint8Array): LeadingCid {
  try {
    // So much is enough, and a copy of it does not keep the section when only the CID is kept.
    const [cid, rest] = CID.decodeFirst(section.slice(0, CAR_CID_BYTES_MAX))
    const length = Math.min(section.length, CAR_CID_BYTES_MAX) - rest.length
    if (length !== canonicalLength(cid)) throw new Error('a number in it is longer than needed')
    return { cid, length }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CairnError('INVALID', `Cannot read a section: it begins with no CID (${reason})`, { cause })
  }
}

/** All of a block's section that stands before its bytes. */
export function sectionPrefix(cid: CID, blockBytes: number): Uint8Array {
  const length = encodeVarint(cid.bytes.length + blockBytes)
  const prefix = new Uint8Array(length.length + cid.bytes.length)
  prefix.set(length)
  prefix.set(cid.bytes, length.length)
  return prefix
}

function canonicalLength({ version, code, multihash }: CID): number {
  const prefix = version === 0 ? 0 : varintLength(version) + varintLength(code)
  return prefix + varintLength(multihash.code) + varintLength(multihash.size) + multihash.size
}
