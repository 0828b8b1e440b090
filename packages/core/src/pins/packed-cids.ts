// CIDs one after another in their binary form, which tells where each one ends: the value of a listing's records.
import { CID } from 'multiformats/cid'
import { DAG_PB_CODE } from '../block/codec.ts'
import { CairnError } from '../errors.ts'

/** Where one CID lies in packed bytes: from `start`, its multihash from `multihash`, to `end`. */
export interface PackedCid {
  readonly start: number
  readonly multihash: number
  readonly end: number
  readonly code: number
}

/** Bytes of a CIDv0: the multihash of a sha2-256 digest and nothing else. */
const V0_BYTES = 34

/** The CIDs in `packed`, in order. @throws CORRUPT for bytes that are something else */
export function* packedCids(packed: Uint8Array): Generator<PackedCid, void> {
  let at = 0
  while (at < packed.length) {
    const start = at
    if (packed[at] === 0x12 && packed[at + 1] === 0x20) {
      at += V0_BYTES
      if (at > packed.length) throw damaged()
      yield { start, multihash: start, end: at, code: DAG_PB_CODE }
      continue
    }
    if (varint() !== 1) throw damaged()
    const code = varint()
    const multihash = at
    varint()
    const digestBytes = varint()
    at += digestBytes
    if (at > packed.length) throw damaged()
    yield { start, multihash, end: at, code }
  }

  /** An unsigned varint; all in a CID stay below 2^53. */
  function varint(): number {
    let value = 0
    for (let factor = 1; factor <= 2 ** 42; factor *= 128) {
      const byte = packed[at++]
      if (byte === undefined) throw damaged()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw damaged()
  }
}

/** Key of the multihash at `place`, as `blockKey`. */
export function packedBlockKey(packed: Uint8Array, { multihash, end }: PackedCid): string {
  return Buffer.from(packed.buffer, packed.byteOffset + multihash, end - multihash).toString('latin1')
}

/** Key of the node at `place`, as `nodeKey`. */
export function packedNodeKey(packed: Uint8Array, place: PackedCid): string {
  return `${place.code} ${packedBlockKey(packed, place)}`
}

/** The CID at `place`, which keeps nothing of `packed`. */
export function packedCid(packed: Uint8Array, { start, end }: PackedCid): CID {
  return CID.decode(packed.slice(start, end))
}

/** Whether `digest` occurs in `packed`, perhaps by chance across two CIDs: rules most records out at a tenth of the cost. */
export function mayHoldDigest(packed: Uint8Array, digest: Uint8Array): boolean {
  return bufferOf(packed).includes(bufferOf(digest))
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function damaged(): CairnError {
  return new CairnError('CORRUPT', 'Cannot read packed CIDs: they are cut short or something else')
}
