// The index of a CAR, searched where it lies: it may be larger than the memory, and it may be anybody's, so all that is
// believed of it is where to look. Forms: go-car's IndexSorted (0x0400: tables by width of entry) and MultihashIndexSorted
// (0x0401, see build-index.ts).
import type { CID } from 'multiformats/cid'
import { CairnError } from '../errors.ts'
import type { RandomAccess } from '../interfaces.ts'
import { CAR_INDEX_TABLES_MAX, CAR_PAGE_BYTES } from '../limits.ts'
import { MULTIHASH_INDEX_CODE, OFFSET_BYTES } from './build-index.ts'
import { decodeVarint, VARINT_BYTES_MAX } from './varint.ts'

/** Code of an index whose entries have digests alone. */
const DIGEST_INDEX_CODE = 0x0400

/** Entries of one width, in the order of their digests. */
interface IndexTable {
  /** Hash function, `undefined` where the index does not tell. */
  readonly hash: number | undefined
  readonly width: number
  /** Of the first entry in the source. */
  readonly offset: number
  readonly entries: number
}

/** Says where blocks are. */
export class CarIndex {
  readonly #source: RandomAccess
  readonly #tables: readonly IndexTable[]

  constructor(source: RandomAccess, tables: readonly IndexTable[]) {
    this.#source = source
    this.#tables = tables
  }

  /** Where the section of the block should be, from the beginning of the CARv1; `undefined` when it has no entry. */
  async find({ multihash: { code, digest } }: CID): Promise<number | undefined> {
    for (const table of this.#tables) {
      if (table.width !== digest.length + OFFSET_BYTES || (table.hash ?? code) !== code) continue
      const found = await this.#search(table, digest)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Halves the table until a page is left, which is read as a whole. */
  async #search({ width, offset, entries }: IndexTable, digest: Uint8Array): Promise<number | undefined> {
    let [first, end] = [0, entries]
    while ((end - first) * width > CAR_PAGE_BYTES) {
      const middle = first + Math.floor((end - first) / 2)
      const entry = await this.#source.read(offset + middle * width, digest.length)
      if (Buffer.compare(entry, digest) > 0) end = middle
      else first = middle
    }
    const page = await this.#source.read(offset + first * width, (end - first) * width)
    for (let at = 0; at + width <= page.length; at += width) {
      if (Buffer.compare(page.subarray(at, at + digest.length), digest) !== 0) continue
      return Number(new DataView(page.buffer, page.byteOffset + at + digest.length).getBigUint64(0, true))
    }
    return undefined
  }
}

/**
 * Reads what an index at `offset` of `source` says of itself.
 *
 * @throws INVALID for another form, UNSUPPORTED for another kind, LIMIT for more tables than can be
 */
export async function openCarIndex(source: RandomAccess, offset: number): Promise<CarIndex> {
  const { value: kind, length } = decodeVarint(await source.read(offset, VARINT_BYTES_MAX))
  if (kind !== DIGEST_INDEX_CODE && kind !== MULTIHASH_INDEX_CODE) {
    throw new CairnError('UNSUPPORTED', `Cannot read the index of a CAR: its kind is 0x${kind.toString(16)}`)
  }
  const reader = new IndexReader(source, offset + length)
  const groups = kind === MULTIHASH_INDEX_CODE ? await reader.number(4) : 1
  const tables: IndexTable[] = []
  for (let group = 0; group < groups; group++) {
    const hash = kind === MULTIHASH_INDEX_CODE ? await reader.number(8) : undefined
    const widths = await reader.number(4)
    if (tables.length + widths + (groups - group) > CAR_INDEX_TABLES_MAX)
      throw new CairnError('LIMIT', 'Cannot read the index of a CAR: it is said to have too many tables')
    for (let table = 0; table < widths; table++) tables.push({ hash, ...(await reader.table()) })
  }
  return new CarIndex(source, tables)
}

class IndexReader {
  readonly #source: RandomAccess
  #at: number

  constructor(source: RandomAccess, at: number) {
    this.#source = source
    this.#at = at
  }

  /** An unsigned number of so many bytes, little-endian. */
  async number(width: 4 | 8): Promise<number> {
    const bytes = await this.#source.read(this.#at, width)
    if (bytes.length < width) throw invalid('it is cut off')
    this.#at += width
    const view = new DataView(bytes.buffer, bytes.byteOffset, width)
    return width === 4 ? view.getUint32(0, true) : Number(view.getBigUint64(0, true))
  }

  /** Passes over one table and says where it is. */
  async table(): Promise<Omit<IndexTable, 'hash'>> {
    const [width, bytes] = [await this.number(4), await this.number(8)]
    const offset = this.#at
    if (width <= OFFSET_BYTES || bytes % width !== 0) throw invalid(`a table of it has ${bytes} bytes of ${width} each`)
    if (bytes > this.#source.size - offset) throw invalid('it is cut off')
    this.#at += bytes
    return { width, offset, entries: bytes / width }
  }
}

function invalid(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot read the index of a CAR: ${reason}`)
}
