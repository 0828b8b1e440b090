// Makes the index of a CARv1: one pass over its sections, whose blocks are passed over unread. The form is that of go-car's
// MultihashIndexSorted (0x0401): varint codec; int32 number of hash functions; for each u64 code, int32 number of widths; for
// each u32 width, u64 bytes of all entries, and the entries, sorted: digest, u64 offset of the section. All little-endian.
import type { CID } from 'multiformats/cid'
import { checkMultihash, IDENTITY_CODE } from '../block/hash.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, RandomAccess } from '../interfaces.ts'
import { CAR_CID_BYTES_MAX, CAR_INDEX_BYTES_MAX, CAR_PAGE_BYTES } from '../limits.ts'
import { leadingCid } from './section.ts'
import { decodeVarint, encodeVarint, VARINT_BYTES_MAX } from './varint.ts'

/** Code of an index whose entries are grouped by hash function. */
export const MULTIHASH_INDEX_CODE = 0x0401

/** Bytes of the offset in an entry. */
export const OFFSET_BYTES = 8

/** Where the sections of a CARv1 lie in a file. */
export interface SectionsPlace {
  /** Of the CARv1. */
  readonly dataOffset: number
  /** Of the first section, from the beginning of the CARv1. */
  readonly firstSection: number
  /** Of the CARv1. */
  readonly dataBytes: number
}

/**
 * The bytes of the index. Identity blocks are not in it.
 *
 * @throws LIMIT for more blocks than fit, CORRUPT for a file that is cut off, else as `leadingCid`
 */
export async function buildCarIndex(
  source: RandomAccess,
  place: SectionsPlace,
  { signal }: AbortOptions = {},
): Promise<Uint8Array> {
  const entries = new Entries()
  const pages = new Pages(source)
  const end = place.dataOffset + place.dataBytes
  for (let at = place.dataOffset + place.firstSection; at < end;) {
    signal?.throwIfAborted()
    const head = await pages.bytesAt(at, Math.min(VARINT_BYTES_MAX + CAR_CID_BYTES_MAX, end - at))
    const { value: bytes, length } = decodeVarint(head)
    const next = at + length + bytes
    if (next > end) throw new CairnError('CORRUPT', `Cannot read the CAR at byte ${at}: it ends where more must follow`)
    const { cid } = leadingCid(head.subarray(length, length + bytes))
    checkMultihash(cid)
    if (cid.multihash.code !== IDENTITY_CODE) entries.add(cid, at - place.dataOffset)
    at = next
  }
  return entries.encode()
}

/** Reads small things that follow each other, a page at a time. */
class Pages {
  readonly #source: RandomAccess
  #offset = 0
  #page: Uint8Array = new Uint8Array(0)

  constructor(source: RandomAccess) {
    this.#source = source
  }

  async bytesAt(offset: number, length: number): Promise<Uint8Array> {
    const isInPage = offset >= this.#offset && offset + length <= this.#offset + this.#page.length
    if (!isInPage) {
      this.#page = await this.#source.read(offset, Math.max(length, CAR_PAGE_BYTES))
      this.#offset = offset
    }
    return this.#page.subarray(offset - this.#offset, offset - this.#offset + length)
  }
}

/** Entries of one hash function and length of digest, packed. */
interface Table {
  readonly hash: number
  readonly width: number
  entries: Uint8Array
  bytes: number
}

class Entries {
  readonly #tables = new Map<string, Table>()
  #bytes = 0

  add({ multihash: { code, digest } }: CID, offset: number): void {
    const width = digest.length + OFFSET_BYTES
    if ((this.#bytes += width) > CAR_INDEX_BYTES_MAX) {
      throw new CairnError('LIMIT', `Cannot index the CAR: its index would have more than ${CAR_INDEX_BYTES_MAX} bytes`)
    }
    const key = `${code} ${width}`
    const table = this.#tables.get(key) ?? { hash: code, width, entries: new Uint8Array(64 * width), bytes: 0 }
    this.#tables.set(key, table)
    if (table.bytes === table.entries.length) {
      const larger = new Uint8Array(2 * table.bytes)
      larger.set(table.entries)
      table.entries = larger
    }
    table.entries.set(digest, table.bytes)
    viewOf(table.entries).setBigUint64(table.bytes + digest.length, BigInt(offset), true)
    table.bytes += width
  }

  encode(): Uint8Array {
    const tables = [...this.#tables.values()].toSorted((a, b) => a.hash - b.hash || a.width - b.width)
    const byHash = Map.groupBy(tables, ({ hash }) => hash)
    const parts = [encodeVarint(MULTIHASH_INDEX_CODE), number(byHash.size, 4)]
    for (const [hash, ofHash] of byHash) {
      parts.push(number(hash, 8), number(ofHash.length, 4))
      for (const table of ofHash) parts.push(number(table.width, 4), number(table.bytes, 8), sorted(table))
    }
    return new Uint8Array(Buffer.concat(parts))
  }
}

/** The entries in the order of their digests, repeated ones in that of their offsets. */
function sorted({ entries, bytes, width }: Table): Uint8Array {
  const view = viewOf(entries)
  const digestBytes = width - OFFSET_BYTES
  const order = Uint32Array.from({ length: bytes / width }, (_, index) => index)
  order.sort((a, b) => {
    const [atA, atB] = [a * width, b * width]
    const first = view.getUint32(atA) - view.getUint32(atB)
    if (first !== 0) return first
    const rest = Buffer.compare(entries.subarray(atA, atA + digestBytes), entries.subarray(atB, atB + digestBytes))
    return rest === 0 ? a - b : rest
  })
  const result = new Uint8Array(bytes)
  for (const [to, from] of order.entries()) result.set(entries.subarray(from * width, (from + 1) * width), to * width)
  return result
}

function number(value: number, width: 4 | 8): Uint8Array {
  const bytes = Buffer.alloc(width)
  if (width === 4) bytes.writeUInt32LE(value)
  else bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
