// A CAR in a file as a reader of blocks: by its own index if it has one, else by one that is made when it is opened. An
// index is a hint: every block is proven, and an index that cannot be read counts as none.
import type { CID } from 'multiformats/cid'
import { identityBlock, verifyBlock, type Block } from '../block/block.ts'
import { blockKey } from '../block/cid.ts'
import { checkMultihash } from '../block/hash.ts'
import { CairnError, isCairnError } from '../errors.ts'
import type { AbortOptions, BlockReader, RandomAccess } from '../interfaces.ts'
import { BLOCK_BYTES_MAX, CAR_CID_BYTES_MAX, CAR_HEADER_BYTES_MAX } from '../limits.ts'
import { buildCarIndex } from './build-index.ts'
import { openCarIndex, type CarIndex } from './car-index.ts'
import { decodeHeader, decodeV2Header, PRAGMA_BYTES, V2_HEADER_BYTES, type CarHeader } from './header.ts'
import type { ReadCarOptions } from './read-car.ts'
import { leadingCid } from './section.ts'
import { decodeVarint, VARINT_BYTES_MAX } from './varint.ts'

/**
 * Opens a CAR for reading at any place. One that has no index is read through once, without its blocks.
 *
 * @throws INVALID for what is no CAR, UNSUPPORTED for another version, CORRUPT for one that is cut off, LIMIT above a bound
 */
export async function openCarFile(
  source: RandomAccess,
  { blockBytesMax = BLOCK_BYTES_MAX, signal }: ReadCarOptions & AbortOptions = {},
): Promise<CarFile> {
  const outer = await readHeader(source, 0)
  const isV2 = outer.version === 2 && outer.end === PRAGMA_BYTES
  const places = isV2
    ? decodeV2Header(await readExactly(source, PRAGMA_BYTES, V2_HEADER_BYTES))
    : { dataOffset: 0, dataBytes: source.size, indexOffset: 0 }
  const { dataOffset, dataBytes, indexOffset } = places
  if (dataOffset + dataBytes > source.size) throw cutOff(source.size)
  const inner = isV2 ? await readHeader(source, dataOffset) : outer
  if (inner.version !== 1) throw new CairnError('UNSUPPORTED', `Cannot read the CAR: its version is ${inner.version}`)
  const place = { dataOffset, dataBytes, firstSection: inner.end - dataOffset }
  const own = indexOffset === 0 ? undefined : await openCarIndex(source, indexOffset).catch(noIndex)
  const index = own ?? (await openCarIndex(inMemory(await buildCarIndex(source, place, { signal })), 0))
  return new CarFile(inner.roots, { source, index, dataOffset, dataEnd: dataOffset + dataBytes, blockBytesMax })
}

interface CarFileParts {
  readonly source: RandomAccess
  readonly index: CarIndex
  readonly dataOffset: number
  readonly dataEnd: number
  readonly blockBytesMax: number
}

/** See {@link openCarFile}. */
export class CarFile implements BlockReader {
  /** As the file says; they need not be in it. */
  readonly roots: readonly CID[]
  readonly #parts: CarFileParts

  constructor(roots: readonly CID[], parts: CarFileParts) {
    this.roots = roots
    this.#parts = parts
  }

  /** @throws NOT_FOUND for a block that the index lacks, CORRUPT for one that is not where the index says, else as `verifyBlock` */
  async get(cid: CID, { signal }: AbortOptions = {}): Promise<Block> {
    signal?.throwIfAborted()
    checkMultihash(cid)
    const known = identityBlock(cid)
    if (known !== undefined) return known
    const { source, index, dataOffset, dataEnd, blockBytesMax } = this.#parts
    const offset = await index.find(cid)
    if (offset === undefined) throw new CairnError('NOT_FOUND', `Cannot find block ${cid}: the CAR lacks it`, { cid })
    const at = dataOffset + offset
    const head = at < dataEnd ? await source.read(at, VARINT_BYTES_MAX + CAR_CID_BYTES_MAX) : new Uint8Array(0)
    const { value: length, length: before } = elsewhere(cid, () => decodeVarint(head))
    const { cid: found, length: cidBytes } = elsewhere(cid, () => leadingCid(head.subarray(before, before + length)))
    const bytes = length - cidBytes
    if (blockKey(found) !== blockKey(cid) || at + before + length > dataEnd) throw misplaced(cid)
    if (bytes > blockBytesMax)
      throw new CairnError(
        'LIMIT',
        `Cannot read block ${cid}: it has ${bytes} bytes, at most ${blockBytesMax} are allowed`,
      )
    signal?.throwIfAborted()
    return verifyBlock(cid, await readExactly(source, at + before + cidBytes, bytes))
  }
}

interface PlacedHeader extends CarHeader {
  /** Of the header, in bytes of the file. */
  readonly end: number
}

async function readHeader(source: RandomAccess, offset: number): Promise<PlacedHeader> {
  const { value: bytes, length } = decodeVarint(await source.read(offset, VARINT_BYTES_MAX))
  if (bytes > CAR_HEADER_BYTES_MAX)
    throw new CairnError('LIMIT', `Cannot read the CAR: its header is said to have ${bytes} bytes`)
  return { ...decodeHeader(await readExactly(source, offset + length, bytes)), end: offset + length + bytes }
}

async function readExactly(source: RandomAccess, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await source.read(offset, length)
  if (bytes.length < length) throw cutOff(offset + bytes.length)
  return bytes
}

function noIndex(error: unknown): undefined {
  if (!isCairnError(error)) throw error
}

function inMemory(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) }
}

/** What is not a section is not the block either. */
function elsewhere<Value>(cid: CID, decode: () => Value): Value {
  try {
    return decode()
  } catch (cause) {
    throw isCairnError(cause) ? misplaced(cid, cause) : cause
  }
}

function misplaced(cid: CID, cause?: unknown): CairnError {
  return new CairnError('CORRUPT', `Cannot read block ${cid}: it is not where the index of the CAR says`, {
    cid,
    cause,
  })
}

function cutOff(offset: number): CairnError {
  return new CairnError('CORRUPT', `Cannot read the CAR at byte ${offset}: it ends where more must follow`)
}
