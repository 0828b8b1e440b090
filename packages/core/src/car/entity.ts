// What an export of one entity holds: of a file its blocks, or those that hold a range of its bytes; of a directory its
// node or all its shards, but not its entries. Source: ipfs/specs, trustless-gateway.md, dag-scope and entity-bytes.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { DAG_PB_CODE, RAW_CODE } from '../block/codec.ts'
import { traverse, type ReadAheadOptions, type Step } from '../dag/traverse.ts'
import { NEVER_SEEN, type SeenKeys } from '../dag/seen-blocks.ts'
import { nodeKey, walk } from '../dag/walk.ts'
import { directoryPart, type ShardPlace } from '../directory/directory-listing.ts'
import { CairnError, isCairnError } from '../errors.ts'
import type { BlockReader } from '../interfaces.ts'
import { fileSize, isFile } from '../unixfs/read.ts'
import { decodeUnixFS, type UnixFSNode } from '../unixfs/unixfs-node.ts'

/** Bytes of a file, both ends included; a negative number counts from the end of the file. */
export interface EntityBytes {
  readonly from: number
  /** The last byte of the file when absent. */
  readonly to?: number | undefined
}

/** Reads `from:to`, where `to` may be `*`. @throws INVALID */
export function parseEntityBytes(text: string): EntityBytes {
  const [, from, to] = /^(-?\d{1,15}):(\*|-?\d{1,15})$/.exec(text) ?? []
  if (from === undefined || to === undefined) {
    throw new CairnError(
      'INVALID',
      `Cannot use "${text}" as a range of bytes: it must be FROM:TO, as 0:1023, 100:* or -50:*`,
    )
  }
  return { from: Number(from), to: to === '*' ? undefined : Number(to) }
}

/** Which blocks of an entity. */
export interface EntityOptions extends ReadAheadOptions {
  readonly range?: EntityBytes | undefined
  /** Every block as often as it is linked. */
  readonly repeats?: boolean
}

/**
 * The blocks of the entity at `cid`, parents first, children in order; a block that several parts share may come again.
 * `range` counts for files only.
 *
 * @throws INVALID for a range without a byte of the file and for a file whose sizes contradict each other, else as
 * `BlockReader.get`, `walk` and `directoryPart`
 */
export async function* entityBlocks(
  reader: BlockReader,
  cid: CID,
  { range, repeats = false, readAhead, signal }: EntityOptions = {},
): AsyncGenerator<Block> {
  const root = await reader.get(cid, { signal })
  const node = unixfsOf(root)
  if (node?.data.type === 'hamt-shard') {
    yield* traverse([shardStep(reader, { cid })], { signal, readAhead })
  } else if (node === undefined || !isFile(node)) {
    yield root
  } else if (range === undefined) {
    for await (const { block } of walk(reader, cid, { signal, readAhead, ...(repeats && { seen: NEVER_SEEN }) }))
      if (block !== undefined) yield block
  } else {
    const part = partOf(node, range)
    const whole = { cid, at: 0, size: fileSize(node) }
    if (part.end === part.start) yield root
    else
      yield* traverse([fileStep({ reader, part, entered: repeats ? NEVER_SEEN : new Set() }, whole)], {
        signal,
        readAhead,
      })
  }
}

/** The node of a UnixFS block, `undefined` for any other block. */
function unixfsOf(block: Block): UnixFSNode | undefined {
  if (block.cid.code !== DAG_PB_CODE && block.cid.code !== RAW_CODE) return undefined
  try {
    return decodeUnixFS(block)
  } catch (error) {
    if (isCairnError(error, 'INVALID')) return undefined
    throw error
  }
}

function shardStep(reader: BlockReader, place: Pick<ShardPlace, 'cid'> | ShardPlace): Step<Block> {
  return {
    run: async (options) => {
      const block = await reader.get(place.cid, options)
      const { shards } = directoryPart(decodeUnixFS(block), 'buckets' in place ? place : undefined)
      return { value: block, bytes: block.bytes.length, next: shards.values().map((shard) => shardStep(reader, shard)) }
    },
  }
}

/** Bytes from `start` up to and without `end`. */
interface Part {
  readonly start: number
  readonly end: number
}

interface FileWalk {
  readonly reader: BlockReader
  readonly part: Part
  /** Nodes that lie in the part as a whole and were entered: what is below them has come. */
  readonly entered: SeenKeys
}

/** A node of a file, the byte at which it begins, and its bytes as its parent says. */
interface FilePlace {
  readonly cid: CID
  readonly at: number
  readonly size: number
}

function fileStep(walking: FileWalk, { cid, at, size }: FilePlace): Step<Block> {
  const { reader, part, entered } = walking
  return {
    bytes: cid.code === RAW_CODE ? size : undefined,
    run: async (options) => {
      const block = await reader.get(cid, options)
      const node = decodeUnixFS(block)
      if (!isFile(node) || fileSize(node) !== size)
        throw new CairnError('INVALID', `Cannot read ${cid}: it is no file of ${size} bytes, as its parent says`, {
          cid,
        })
      function* next(): Generator<Step<Block>> {
        // A node that the part cuts holds different blocks of it each time, but there are two at most on each level.
        if (part.start <= at && at + size <= part.end) {
          if (entered.has(nodeKey(cid))) return
          entered.add(nodeKey(cid))
        }
        for (const child of childrenIn(node, { cid, at, size }, part))
          if (!entered.has(nodeKey(child.cid))) yield fileStep(walking, child)
      }
      return { value: block, bytes: block.bytes.length, next: next() }
    },
  }
}

/** Children of a node that hold a byte of the part. */
function* childrenIn({ data, links }: UnixFSNode, { at }: FilePlace, part: Part): Generator<FilePlace> {
  let start = at + data.data.length
  for (const [index, { Hash }] of links.entries()) {
    const size = data.blockSizes[index] ?? 0
    if (start >= part.end) return
    if (size > 0 && start + size > part.start) yield { cid: Hash, at: start, size }
    start += size
  }
}

function partOf(node: UnixFSNode, { from, to = -1 }: EntityBytes): Part {
  const size = fileSize(node)
  const start = from < 0 ? Math.max(0, size + from) : from
  const end = Math.min(size, (to < 0 ? size + to : to) + 1)
  if (start < end) return { start, end }
  if (size === 0 && from <= 0) return { start: 0, end: 0 }
  throw new CairnError(
    'INVALID',
    `Cannot export bytes ${from} to ${to} of ${node.cid}: it has ${size} bytes, and none of these`,
    {
      cid: node.cid,
    },
  )
}
