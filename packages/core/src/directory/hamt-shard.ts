// One node of a sharded directory (HAMT): where a name goes, and the node's form both ways. A bucket is chosen per level
// by the next bits of the name's hash, from the top. Source: ipfs/specs src/unixfs.md and boxo ipld/unixfs/hamt, which
// contradict each other; the bytes here are those of the published CIDs.
import type { CID } from 'multiformats/cid'
import { fromString } from 'uint8arrays/from-string'
import { CairnError, type ErrorCode } from '../errors.ts'
import { SHARD_FANOUT_MAX, SHARD_FANOUT_MIN } from '../limits.ts'
import { murmur3, type Word } from './murmur3.ts'
import type { UnixFSData, UnixFSNode } from '../unixfs/unixfs-node.ts'

/** Multicodec code of murmur3-x64-64, the one hash function of names. */
const HASH_TYPE = 0x22

/** Bits of a name's hash, and so of all levels together. */
const HASH_BITS = 64

/** Hash of a name: the first 64 bits of murmur3-x64-128 of its UTF-8 bytes. */
export type NameHash = Word

/** The way from the root of a sharded directory to one of its shards. */
export interface ShardPath {
  /** Buckets of each shard, the same in all of the tree. */
  readonly fanout: number
  /** The bucket taken in each shard from the root down; none for the root. */
  readonly buckets: readonly number[]
}

/** A filled bucket of a shard. */
export interface ShardLink {
  readonly bucket: number
  /** Name of the entry; `undefined` when the link leads to a shard below. */
  readonly name: string | undefined
  readonly cid: CID
  /** Cumulative bytes below the link, as its writer claims; 0 when it claims nothing. */
  readonly tsize: number
}

/** A decoded shard: its filled buckets in rising order. */
export interface Shard extends ShardPath {
  readonly cid: CID
  readonly links: readonly ShardLink[]
}

/** The hash that decides where `name` goes. */
export function hashName(name: string): NameHash {
  return murmur3(fromString(name))
}

/** Levels that a tree can have before the hash has no bits left. */
export function levelsOf(fanout: number): number {
  return Math.floor(HASH_BITS / bitsOf(fanout))
}

/** The bucket for a name of this hash in a shard that has `level` shards above it; `level` must be below `levelsOf`. */
export function bucketOf({ high, low }: NameHash, level: number, fanout: number): number {
  const bits = bitsOf(fanout)
  const end = (level + 1) * bits
  const mask = fanout - 1
  if (end <= 32) return (high >>> (32 - end)) & mask
  if (end - bits >= 32) return (low >>> (HASH_BITS - end)) & mask
  return ((high << (end - 32)) | (low >>> (HASH_BITS - end))) & mask
}

/** What stands before the name of every link of this bucket: upper-case hex, of the same width for all buckets. */
export function linkPrefix(bucket: number, fanout: number): string {
  return bucket.toString(16).toUpperCase().padStart(prefixLength(fanout), '0')
}

/** Passes for a power of two from 8 to 1024. @throws LIMIT above that, INVALID for anything else */
export function checkFanout(fanout: number): void {
  if (fanout > SHARD_FANOUT_MAX) {
    throw new CairnError('LIMIT', `Cannot use shards of ${fanout} buckets: at most ${SHARD_FANOUT_MAX} are allowed`)
  }
  if (!(fanout >= SHARD_FANOUT_MIN) || !Number.isInteger(Math.log2(fanout))) {
    throw new CairnError(
      'INVALID',
      `Cannot use shards of ${fanout} buckets: it is no power of two from ${SHARD_FANOUT_MIN}`,
    )
  }
}

/** The message of a shard with these filled buckets, in rising order. */
export function encodeShardData(buckets: readonly number[], fanout: number): UnixFSData {
  return { type: 'hamt-shard', data: encodeBitField(buckets), blockSizes: [], hashType: HASH_TYPE, fanout }
}

/**
 * Reads a node as the shard at the end of `path`, or as the root of a sharded directory. Names are not checked against
 * the path: see {@link isInPlace}.
 *
 * @throws UNSUPPORTED for another hash function, LIMIT for a fanout or depth above what is possible, INVALID when the
 * node is no shard or contradicts itself or its path
 */
export function decodeShard(node: UnixFSNode, path?: ShardPath): Shard {
  const { cid, data, links } = node
  const { type, hashType, fanout = 0 } = data
  const buckets = path?.buckets ?? []
  const refusal = (reason: string, code: ErrorCode = 'INVALID') =>
    new CairnError(code, `Cannot read ${cid} as part of a sharded directory: ${reason}`, { cid })
  if (type !== 'hamt-shard') throw refusal(`it is a ${type}`)
  if (hashType !== HASH_TYPE) throw refusal(`its hash function is ${hashType}`, 'UNSUPPORTED')
  checkFanout(fanout)
  if (path !== undefined && fanout !== path.fanout) throw refusal(`it has ${fanout} buckets, its parent ${path.fanout}`)
  if (buckets.length >= levelsOf(fanout)) throw refusal(`it is ${buckets.length} levels down`, 'LIMIT')
  if (path !== undefined && links.length === 0) throw refusal('it is empty')
  if (data.data.length * 8 > fanout) throw refusal(`its bit field has ${data.data.length} bytes`)
  const filled = decodeBitField(data.data)
  if (filled.length !== links.length) throw refusal(`it has ${links.length} links for ${filled.length} buckets`)
  const shardLinks = links.map(({ Name = '', Hash, Tsize = 0 }, index) => {
    const bucket = filled[index]
    const prefix = bucket === undefined ? '' : linkPrefix(bucket, fanout)
    if (bucket === undefined || !Name.startsWith(prefix)) throw refusal(`link "${Name}" stands for bucket ${prefix}`)
    const name = Name === prefix ? undefined : Name.slice(prefix.length)
    return { bucket, name, cid: Hash, tsize: Tsize }
  })
  return { cid, fanout, buckets, links: shardLinks }
}

/** Whether the hash of `name` leads to the bucket in which it stands. Where this holds for all, no name stands twice. */
export function isInPlace(name: string, { buckets, fanout }: ShardPath, bucket: number): boolean {
  const hash = hashName(name)
  return [...buckets, bucket].every((expected, level) => bucketOf(hash, level, fanout) === expected)
}

function bitsOf(fanout: number): number {
  return 31 - Math.clz32(fanout)
}

function prefixLength(fanout: number): number {
  return (fanout - 1).toString(16).length
}

/** A number of `fanout` bits, big-endian without leading zero bytes; bit i stands for bucket i. */
function encodeBitField(buckets: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(((buckets.at(-1) ?? -1) >> 3) + 1)
  for (const bucket of buckets) {
    const at = bytes.length - 1 - (bucket >> 3)
    bytes[at] = (bytes[at] ?? 0) | (1 << (bucket & 7))
  }
  return bytes
}

function decodeBitField(bytes: Uint8Array): number[] {
  const buckets: number[] = []
  for (let bucket = 0; bucket < bytes.length * 8; bucket++) {
    const byte = bytes[bytes.length - 1 - (bucket >> 3)] ?? 0
    if (((byte >> (bucket & 7)) & 1) === 1) buckets.push(bucket)
  }
  return buckets
}
