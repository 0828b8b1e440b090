// The two headers of CAR files. Version 1: a dag-cbor map `{ roots: [CID, …], version: 1 }`. Version 2: a fixed pragma
// that looks like such a map, then 40 bytes that say where a whole CARv1 lies in the file. Sources: ipld.io, CARv1 and CARv2.
// The map is read by hand: a general decoder would make an object for each byte of a hostile header.
import { encode } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import { decodeCid } from '../block/cid.ts'
import { CairnError } from '../errors.ts'
import { CAR_ROOTS_MAX } from '../limits.ts'

/** What the map at the beginning says. */
export interface CarHeader {
  readonly version: number
  readonly roots: readonly CID[]
}

/** Where the parts of a CARv2 lie, in bytes from its beginning. */
export interface CarV2Places {
  readonly dataOffset: number
  readonly dataBytes: number
  /** 0 when there is no index. */
  readonly indexOffset: number
}

/** Bytes of the pragma with its length, with which every CARv2 begins. */
export const PRAGMA_BYTES = 11

/** Bytes of the fixed header after the pragma: characteristics (16), data offset, data size, index offset (u64 LE each). */
export const V2_HEADER_BYTES = 40

/** Tag of a CID in dag-cbor. */
const CID_TAG = 42

/** The header of a CARv1 with these roots, without its length. */
export function encodeHeader(roots: readonly CID[]): Uint8Array {
  return encode({ roots, version: 1 })
}

/**
 * Reads the map at the beginning of a CAR.
 *
 * @throws INVALID for another form, LIMIT for too many roots, else as `decodeCid`
 */
export function decodeHeader(bytes: Uint8Array): CarHeader {
  const reader = new CborReader(bytes)
  const entries = reader.head(MAP)
  let [version, roots]: [number | undefined, CID[] | undefined] = [undefined, undefined]
  for (let entry = 0; entry < entries; entry++) {
    const key = Buffer.from(reader.bytes(TEXT)).toString('latin1')
    if (key === 'version' && version === undefined) version = reader.head(UINT)
    else if (key === 'roots' && roots === undefined) roots = reader.cids()
    else throw invalid('it has an unknown or repeated field')
  }
  if (version === undefined) throw invalid('it has no version')
  if (!reader.isAtEnd) throw invalid('something follows its map')
  if (version === 1 && roots === undefined) throw invalid('it has no list of roots')
  return { version, roots: roots ?? [] }
}

/** Reads the fixed header of a CARv2. @throws INVALID when a place lies where it cannot */
export function decodeV2Header(bytes: Uint8Array): CarV2Places {
  const view = new DataView(bytes.buffer, bytes.byteOffset, V2_HEADER_BYTES)
  const [dataOffset, dataBytes, indexOffset] = [u64(view, 16), u64(view, 24), u64(view, 32)]
  if (dataBytes === 0) throw invalid('it gives no size of its data, so it was never finished')
  if (dataOffset < PRAGMA_BYTES + V2_HEADER_BYTES || !Number.isSafeInteger(dataOffset + dataBytes)) {
    throw invalid(`its data is said to be ${dataBytes} bytes at ${dataOffset}`)
  }
  // An index is a hint: one that cannot be where it is said to be is as good as none.
  return { dataOffset, dataBytes, indexOffset: indexOffset < dataOffset + dataBytes ? 0 : indexOffset }
}

const UINT = 0
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5
const TAG = 6

/** Reads the few forms of CBOR that a header may have. */
class CborReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The number in the next item's head, whose major type must be `major`. In dag-cbor it takes no more bytes than it needs. */
  head(major: number): number {
    const [first = 0] = this.#take(1)
    const info = first & 0x1f
    if (first >> 5 !== major || info > 27) throw invalid('its map has another form')
    if (info < 24) return info
    const width = 2 ** (info - 24)
    const value = this.#take(width).reduce((sum, byte) => sum * 256 + byte, 0)
    if (value < (width === 1 ? 24 : 2 ** (4 * width))) throw invalid('a number in it is longer than needed')
    return value
  }

  /** The content of the next item, a view. */
  bytes(major: number): Uint8Array {
    return this.#take(this.head(major))
  }

  cids(): CID[] {
    const count = this.head(LIST)
    if (count > CAR_ROOTS_MAX) {
      throw new CairnError(
        'LIMIT',
        `Cannot read the header of a CAR: it has ${count} roots, at most ${CAR_ROOTS_MAX} are allowed`,
      )
    }
    return Array.from({ length: count }, () => {
      if (this.head(TAG) !== CID_TAG) throw invalid('a root of it is no CID')
      const tagged = this.bytes(BYTES)
      if (tagged[0] !== 0) throw invalid('a root of it is no CID')
      // A copy, or every root would keep the whole header.
      return decodeCid(tagged.slice(1))
    })
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw invalid('it is cut off')
    return this.#bytes.subarray(this.#at, (this.#at += count))
  }
}

function u64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true))
}

function invalid(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot read the header of a CAR: ${reason}`)
}
