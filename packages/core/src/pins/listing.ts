// A listing: all CIDs below one root, packed in records of bounded size. What is below a root never changes, so a listing
// stays true; it is derived and may be deleted at any time. It counts only when its head is there, which is written last
// and names the records that belong to it. Format: docs/formats/pins.md.
import type { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { CairnError, isCairnError } from '../errors.ts'
import type { KeyValueChange, KeyValueStore } from '../interfaces.ts'
import { LISTING_BATCH_BYTES, LISTING_RECORD_BYTES, LISTING_RECORDS_MAX } from '../limits.ts'
import type { ReadRecord } from './change-queue.ts'
import { pinKey, PIN_PREFIX } from './pin-record.ts'

/** Keys of listings begin with this. */
export const LISTING_PREFIX = 'below/'

/** The first record of a listing, and the last one written. */
export interface ListingHead {
  /** Number of records beside it, and the build whose they are. */
  readonly records: number
  readonly build: string
  /** Bytes of all CIDs, in the records and here: what tells that some were lost. */
  readonly bytes: number
  /** The CIDs after those in the records; all of them when there are none. */
  readonly packed: Uint8Array
}

const VERSION = 1
const BUILD_BYTES = 8
/** Version (1), number of records (4), bytes of all CIDs (8), build (8). */
const HEAD_BYTES = 13 + BUILD_BYTES

/** The root as it stands in keys of pins and listings alike, whose orders therefore agree. */
export function rootText(root: CID): string {
  return pinKey(root).slice(PIN_PREFIX.length)
}

/** Key of the head of a listing. */
export function headKey(root: string): string {
  return LISTING_PREFIX + root
}

/** Prefix of the records of one build. */
export function buildPrefix(root: string, build: string): string {
  return `${LISTING_PREFIX}${root}/${build}/`
}

/** Root, and build of a record that is not a head, in a key of a listing. */
export function parseListingKey(key: string): { readonly root: string; readonly build: string | undefined } {
  const [root = '', build] = key.slice(LISTING_PREFIX.length).split('/', 2)
  return { root, build }
}

/** The head in a record, or `undefined` when it is no head that this version can read: then the listing is made anew. */
export function decodeHead(value: Uint8Array | undefined): ListingHead | undefined {
  if (value === undefined || value.length < HEAD_BYTES || value[0] !== VERSION) return undefined
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const records = view.getUint32(1)
  if (records > LISTING_RECORDS_MAX) return undefined
  return {
    records,
    bytes: Number(view.getBigUint64(5)),
    build: Buffer.from(value.subarray(13, HEAD_BYTES)).toString('hex'),
    packed: value.subarray(HEAD_BYTES),
  }
}

/** What removes the listing of `root`, if there is one, with all its records. */
export async function listingRemoval(root: string, read: ReadRecord): Promise<readonly KeyValueChange[]> {
  const value = await read(headKey(root))
  if (value === undefined) return []
  const { records, build } = decodeHead(value) ?? { records: 0, build: '' }
  const keys = [headKey(root), ...Array.from({ length: records }, (_, index) => recordKey(root, build, index))]
  return keys.map((key) => ({ key, value: undefined }))
}

/** A listing that is being made. Its records go to the store as they fill; without its head nobody believes them. */
export class ListingDraft {
  readonly root: string
  readonly #store: KeyValueStore
  readonly #build: string
  #packed: Uint8Array[] = []
  #packedBytes = 0
  #full: KeyValueChange[] = []
  #records = 0
  #recordBytes = 0

  /** `build` is 8 bytes in hex that no other draft for this root has. */
  constructor(root: string, { store, build }: { readonly store: KeyValueStore; readonly build: string }) {
    this.root = root
    this.#store = store
    this.#build = build
  }

  /** Number of records beside the head so far. */
  get records(): number {
    return this.#records
  }

  /** Adds a CID; awaiting it bounds the memory. */
  async add({ bytes }: CID): Promise<void> {
    if (this.#packedBytes + bytes.length > LISTING_RECORD_BYTES) {
      this.#full.push({ key: recordKey(this.root, this.#build, this.#records++), value: concat(this.#packed) })
      this.#recordBytes += this.#packedBytes
      this.#packed = []
      this.#packedBytes = 0
      if (this.#full.length * LISTING_RECORD_BYTES >= LISTING_BATCH_BYTES) await this.#store.batch(this.#full.splice(0))
    }
    this.#packed.push(bytes)
    this.#packedBytes += bytes.length
  }

  /** The CIDs that are not in a full record: those of the head. */
  rest(): Uint8Array {
    return concat(this.#packed)
  }

  /** What completes the listing; to be applied in one batch. */
  changes(): readonly KeyValueChange[] {
    const head = new Uint8Array(HEAD_BYTES)
    head[0] = VERSION
    const view = new DataView(head.buffer)
    view.setUint32(1, this.#records)
    view.setBigUint64(5, BigInt(this.#recordBytes + this.#packedBytes))
    head.set(Buffer.from(this.#build, 'hex'), 13)
    return [...this.#full, { key: headKey(this.root), value: concat([head, ...this.#packed]) }]
  }

  /** Removes the records of a draft that is not to become a listing. */
  async discard(): Promise<void> {
    if (this.#records === 0) return
    const keys = Array.from({ length: this.#records }, (_, index) => recordKey(this.root, this.#build, index))
    try {
      await this.#store.batch(keys.map((key) => ({ key, value: undefined })))
    } catch (error) {
      // Nobody believes records without a head, and a later process removes them: why the draft failed matters more.
      if (!isCairnError(error)) throw error
    }
  }
}

/** Numbers have eight digits in hex, so that keys sort as they count. */
function recordKey(root: string, build: string, index: number): string {
  if (index >= LISTING_RECORDS_MAX) throw new CairnError('LIMIT', `Cannot list what is below ${root}: it is too much`)
  return buildPrefix(root, build) + index.toString(16).padStart(8, '0')
}
