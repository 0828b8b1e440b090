// A LevelDB table as a file: looked at without LevelDB, and written again without its damaged blocks, in the same number
// of bytes, so that LevelDB takes it for the table that its MANIFEST names. Format: doc/table_format.md of LevelDB: data
// blocks, filter, an index of filters, an index of data blocks, and a footer of fixed size that says where the indexes are.
import { blockEnds } from './block-ends.ts'
import { maskedCrc32c } from './crc32c.ts'
import { decompressSnappy } from './snappy.ts'
import {
  compareKeys,
  KEY_TAG_BYTES,
  possibleEnds,
  readBlock,
  readVarint,
  varint,
  writeBlock,
  type BlockEntry,
} from './table-block.ts'

/**
 * How closely a table is looked at. `ends`: footer, indexes and filter; `keys`: all but the bytes of values; `all`: every
 * checksum.
 */
export type TableCheck = 'ends' | 'keys' | 'all'

/** Where a block is in its file, without its trailer. */
export interface Handle {
  readonly offset: number
  readonly size: number
}

/** A data block, under a key that is none of its own keys' less and before all of the next block. */
interface DataBlock extends Handle {
  readonly bound: Uint8Array
}

const FOOTER_BYTES = 48
const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb)
/** Behind each block: how it is compressed (1 byte), and its checksum with that byte (4). */
const TRAILER_BYTES = 5
const UNCOMPRESSED = 0
/** Tag of the newest possible value, which stands before all others of its key. */
const NEWEST_TAG = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)

/** Whether LevelDB can read the table of bytes `file` without stumbling, and as far as `check` says also rightly. */
export function isSoundTable(file: Uint8Array, check: TableCheck): boolean {
  const blocks = indexOf(file)
  if (blocks === undefined || !hasSoundFilter(file)) return false
  return check === 'ends' || blocks.every((_, number) => isSoundData(file, blocks, { number, check }))
}

/** Whether a sound table holds nothing: LevelDB writes none such, but all of a table may have been too damaged to keep. */
export function isEmptyTable(file: Uint8Array): boolean {
  return (indexOf(file) ?? []).length === 0
}

/** Where the data blocks of a table are, if its index can be read. */
export function dataBlocksOf(file: Uint8Array): readonly Handle[] | undefined {
  return indexOf(file)
}

/** The table that `file` was, of `bytes` bytes, without the blocks that are not sound. */
export function mendTable(file: Uint8Array, bytes: number, check: TableCheck): Uint8Array {
  const indexed = indexOf(file)
  let blocks = indexed?.filter((_, number) => isSoundData(file, indexed, { number, check })) ?? findBlocks(file)
  for (;;) {
    const table = writeTable(file, bytes, blocks)
    if (table !== undefined) return table
    blocks = blocks.slice(0, -1)
  }
}

/** The data blocks as the table's index has them, or `undefined` when that is damaged. */
function indexOf(file: Uint8Array): DataBlock[] | undefined {
  const handle = footerOf(file)?.index
  const entries = handle && readIndex(file, handle)
  const blocks: DataBlock[] = []
  for (const { key, value } of entries ?? []) {
    const found = readHandle(value, 0)?.[0]
    const before = blocks.at(-1)
    if (found === undefined || !isInside(file, found)) return undefined
    if (before !== undefined && found.offset < before.offset + before.size + TRAILER_BYTES) return undefined
    blocks.push({ ...found, bound: key })
  }
  return entries && blocks
}

function readIndex(file: Uint8Array, handle: Handle): BlockEntry[] | undefined {
  const content = hasSoundSum(file, handle) ? contentOf(file, handle) : undefined
  return content && readBlock(content)
}

function footerOf(file: Uint8Array): { readonly filters: Handle; readonly index: Handle } | undefined {
  const footer = file.subarray(-FOOTER_BYTES)
  if (footer.length < FOOTER_BYTES || !MAGIC.every((byte, at) => footer[FOOTER_BYTES - 8 + at] === byte))
    return undefined
  const filters = readHandle(footer, 0)
  const index = filters && readHandle(footer, filters[1])
  if (filters === undefined || index === undefined) return undefined
  return isInside(file, filters[0]) && isInside(file, index[0]) ? { filters: filters[0], index: index[0] } : undefined
}

/** A damaged filter denies blocks that are there. */
function hasSoundFilter(file: Uint8Array): boolean {
  const handle = footerOf(file)?.filters
  if (handle === undefined || !hasSoundSum(file, handle)) return false
  const content = contentOf(file, handle)
  if (content === undefined) return false
  // One entry at most: a name, and where the filter is. Its keys have no tag, so that it is read here.
  const [name, nameEnd] = readVarint(content, 1) ?? [0, 0]
  const [, sizeEnd] = readVarint(content, nameEnd) ?? [0, 0]
  if (content.length <= 8) return true
  const filter = readHandle(content, sizeEnd + name)?.[0]
  return filter !== undefined && isInside(file, filter) && hasSoundSum(file, filter)
}

/** Whether a data block may be kept. */
function isSoundData(
  file: Uint8Array,
  blocks: readonly DataBlock[],
  { number, check }: { readonly number: number; readonly check: TableCheck },
): boolean {
  const block = blocks[number]
  if (block === undefined) return false
  if (check === 'all' || !isPlain(file, block)) return hasSoundSum(file, block)
  const content = contentOf(file, block)
  const ends = content && blockEnds(content)
  if (ends === undefined) return false
  const before = blocks[number - 1]?.bound
  return compareKeys(ends.last, block.bound) <= 0 && (before === undefined || compareKeys(before, ends.first) < 0)
}

/** The data blocks of a table without an index, from its start to the first that is damaged. */
function findBlocks(file: Uint8Array): DataBlock[] {
  const found: (Handle & { readonly first: Uint8Array; readonly last: Uint8Array })[] = []
  for (let offset = 0; ;) {
    const size = blockAt(file, offset)
    const entries = size === undefined ? undefined : readBlock(file.subarray(offset, offset + size))
    const [first, last] = [entries?.at(0)?.key, entries?.at(-1)?.key]
    const before = found.at(-1)?.last
    if (size === undefined || first === undefined || last === undefined) break
    if (before !== undefined && compareKeys(before, first) >= 0) break
    found.push({ offset, size, first, last })
    offset += size + TRAILER_BYTES
  }
  return found.map(({ offset, size, last }, number) => ({
    offset,
    size,
    bound: boundOf(last, found[number + 1]?.first),
  }))
}

function blockAt(file: Uint8Array, offset: number): number | undefined {
  for (const end of possibleEnds(file, offset)) {
    if (hasSoundSum(file, { offset, size: end - offset })) return end - offset
  }
  return undefined
}

/** A short key between two. */
function boundOf(last: Uint8Array, next: Uint8Array | undefined): Uint8Array {
  if (next === undefined) return last
  const user = next.subarray(0, -KEY_TAG_BYTES)
  const end = last.length - KEY_TAG_BYTES
  let same = 0
  while (same < end && same < user.length && last[same] === user[same]) same++
  return same < user.length ? Buffer.concat([user.subarray(0, same + 1), NEWEST_TAG]) : last
}

/** The table of `blocks`, or `undefined` when there is no room for its index. */
function writeTable(file: Uint8Array, bytes: number, blocks: readonly DataBlock[]): Uint8Array | undefined {
  const last = blocks.at(-1)
  const dataEnd = last === undefined ? 0 : last.offset + last.size + TRAILER_BYTES
  const index = withTrailer(
    writeBlock(blocks.map(({ bound, offset, size }) => ({ key: bound, value: encodeHandle(offset, size) }))),
  )
  const filters = withTrailer(writeBlock([]))
  const indexAt = bytes - FOOTER_BYTES - index.length
  const filtersAt = indexAt - filters.length
  if (filtersAt < dataEnd) return blocks.length === 0 ? new Uint8Array(0) : undefined
  const table = new Uint8Array(bytes)
  table.set(file.subarray(0, dataEnd))
  for (const { offset, size } of blocks)
    table.set(withTrailer(file.subarray(offset, offset + size), file[offset + size]), offset)
  table.set(filters, filtersAt)
  table.set(index, indexAt)
  table.set(
    [
      ...encodeHandle(filtersAt, filters.length - TRAILER_BYTES),
      ...encodeHandle(indexAt, index.length - TRAILER_BYTES),
    ],
    bytes - FOOTER_BYTES,
  )
  table.set(MAGIC, bytes - MAGIC.length)
  return table
}

function withTrailer(content: Uint8Array, compression = UNCOMPRESSED): Uint8Array {
  const bytes = Buffer.concat([content, Uint8Array.of(compression), new Uint8Array(4)])
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, content.length + 1)), content.length + 1)
  return bytes
}

function encodeHandle(offset: number, size: number): Uint8Array {
  return Uint8Array.from([...varint(offset), ...varint(size)])
}

function readHandle(bytes: Uint8Array, at: number): [handle: Handle, end: number] | undefined {
  const offset = readVarint(bytes, at)
  const size = offset && readVarint(bytes, offset[1])
  return offset && size && [{ offset: offset[0], size: size[0] }, size[1]]
}

function isInside(file: Uint8Array, { offset, size }: Handle): boolean {
  return offset + size + TRAILER_BYTES + FOOTER_BYTES <= file.length
}

function isPlain(file: Uint8Array, { offset, size }: Handle): boolean {
  return file[offset + size] === UNCOMPRESSED
}

function contentOf(file: Uint8Array, { offset, size }: Handle): Uint8Array | undefined {
  const stored = file.subarray(offset, offset + size)
  return file[offset + size] === UNCOMPRESSED ? stored : decompressSnappy(stored)
}

function hasSoundSum(file: Uint8Array, { offset, size }: Handle): boolean {
  const end = offset + size + TRAILER_BYTES
  if (end > file.length) return false
  const stored = new DataView(file.buffer, file.byteOffset + end - 4, 4).getUint32(0, true)
  return stored === maskedCrc32c(file.subarray(offset, end - 4))
}
