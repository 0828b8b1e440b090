// Reads CAR files as streams, versions 1 and 2, and proves every block. What a stranger wrote is bounded before it is
// held. Source: ipld.io, CARv1 and CARv2; bounds in limits.ts.
import type { CID } from 'multiformats/cid'
import { verifyBlock, type Block } from '../block/block.ts'
import { CairnError, isCairnError } from '../errors.ts'
import { BLOCK_BYTES_MAX, CAR_CID_BYTES_MAX, CAR_HEADER_BYTES_MAX } from '../limits.ts'
import { ByteSource } from './byte-source.ts'
import { decodeHeader, decodeV2Header, PRAGMA_BYTES, V2_HEADER_BYTES, type CarHeader } from './header.ts'
import { leadingCid } from './section.ts'

/** What the file says of itself. Roots need not be in it. */
export interface CarHeaderEvent {
  readonly kind: 'header'
  readonly version: 1 | 2
  readonly roots: readonly CID[]
}

/** A proven block. Blocks come in any order, may repeat, and none need be there. */
export interface CarBlockEvent {
  readonly kind: 'block'
  readonly block: Block
  /** Bytes of the file before the end of this block's section. */
  readonly endOffset: number
}

/** How to read a CAR. */
export interface ReadCarOptions {
  /** Bytes of the largest block that is taken; 2 MiB by default. */
  readonly blockBytesMax?: number
}

/**
 * The header of a CAR, and then its blocks. The stream is read to its end, and closed when the reading ends early.
 * Messages tell the byte at which the file is bad.
 *
 * @throws INVALID for what is no CAR, UNSUPPORTED for another version or a hash function unknown here, LIMIT above a
 * bound, CORRUPT for a file that is cut off and for bytes that do not hash to their CID, else as `verifyBlock`
 */
export async function* readCar(
  content: AsyncIterable<Uint8Array>,
  { blockBytesMax = BLOCK_BYTES_MAX }: ReadCarOptions = {},
): AsyncGenerator<CarHeaderEvent | CarBlockEvent> {
  const source = new ByteSource(content)
  let start = 0
  try {
    const outer = await readHeader(source)
    const inner = outer.version === 2 ? await enterV2(source) : outer
    if (inner.version !== 1) throw new CairnError('UNSUPPORTED', `its version is ${inner.version}`)
    yield { kind: 'header', version: outer.version === 2 ? 2 : 1, roots: inner.roots }
    for (start = source.offset; !(await source.isAtEnd()); start = source.offset) {
      const block = await readSection(source, blockBytesMax)
      yield { kind: 'block', block, endOffset: source.offset }
    }
    // What a CARv2 has after its data: padding and an index, which nobody has to trust.
    await source.drain()
  } catch (error) {
    throw isCairnError(error) ? located(error, start) : error
  } finally {
    await source.close()
  }
}

async function readHeader(source: ByteSource): Promise<CarHeader> {
  const length = await source.varint()
  if (length === 0) throw new CairnError('INVALID', 'it has no header')
  if (length > CAR_HEADER_BYTES_MAX) {
    throw new CairnError(
      'LIMIT',
      `its header is said to have ${length} bytes, at most ${CAR_HEADER_BYTES_MAX} are allowed`,
    )
  }
  return decodeHeader(await source.take(length))
}

/** Goes to the data of a CARv2, whose pragma was read, and gives the header there. */
async function enterV2(source: ByteSource): Promise<CarHeader> {
  if (source.offset !== PRAGMA_BYTES) throw new CairnError('INVALID', 'it begins like a CARv2 of another form')
  const { dataOffset, dataBytes } = decodeV2Header(await source.take(V2_HEADER_BYTES))
  await source.skip(dataOffset - source.offset)
  source.endAt(dataOffset + dataBytes)
  return readHeader(source)
}

async function readSection(source: ByteSource, blockBytesMax: number): Promise<Block> {
  const length = await source.varint()
  if (length > blockBytesMax + CAR_CID_BYTES_MAX) throw tooLarge(length, blockBytesMax)
  const section = await source.take(length)
  const { cid, length: cidBytes } = leadingCid(section)
  if (length - cidBytes > blockBytesMax) throw tooLarge(length - cidBytes, blockBytesMax)
  return verifyBlock(cid, section.subarray(cidBytes))
}

function tooLarge(bytes: number, blockBytesMax: number): CairnError {
  return new CairnError('LIMIT', `a block is said to have ${bytes} bytes, at most ${blockBytesMax} are allowed`)
}

function located(error: CairnError, offset: number): CairnError {
  const reason = error.message.replace(/^Cannot [^:]*: /, '')
  const block = error.cid === undefined ? '' : ` (block ${error.cid})`
  return new CairnError(error.code, `Cannot read the CAR at byte ${offset}${block}: ${reason}`, {
    cause: error,
    cid: error.cid,
  })
}
