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
 * @throws as `filledBuckets` and `nameInBucket`
 */
export function decodeShard({ cid, data, links }: UnixFSNode, path?: ShardPath): Shard {
  const { fanout, filled } = filledBuckets({ cid, data, links: links.length }, path)
  const shardLinks = links.map(({ Name, Hash, Tsize = 0 }, index) => {
    const bucket = filled[index] ?? fanout
    return { bucket, name: nameInBucket(Name, { cid, bucket, fanout }), cid: Hash, tsize: Tsize }
  })
  return { cid, fanout, buckets: path?.buckets ?? [], links: shardLinks }
}

/** A node that may be a shard, its links only counted. */
interface ShardHead {
  readonly cid: CID
  readonly data: UnixFSData
  readonly links: number
}

/**
 * The buckets of a shard that have a link, in the order of the links, from what its message says.
 *
 * @throws UNSUPPORTED for another hash function, LIMIT for a fanout or depth above what is possible, INVALID when the
 * node is no shard or contradicts itself or its path
 */
export function filledBuckets(
  { cid, data, links }: ShardHead,
  path?: ShardPath,
): { readonly fanout: number; readonly filled: readonly number[] } {
  const { type, hashType, fanout = 0 } = data
  const depth = path?.buckets.length ?? 0
  if (type !== 'hamt-shard') throw refusal(cid, `it is a ${type}`)
  if (hashType !== HASH_TYPE) throw refusal(cid, `its hash function is ${hashType}`, 'UNSUPPORTED')
  checkFanout(fanout)
  if (path !== undefined && fanout !== path.fanout)
    throw refusal(cid, `it has ${fanout} buckets, its parent ${path.fanout}`)
  if (depth >= levelsOf(fanout)) throw refusal(cid, `it is ${depth} levels down`, 'LIMIT')
  if (path !== undefined && links === 0) throw refusal(cid, 'it is empty')
  if (data.data.length * 8 > fanout) throw refusal(cid, `its bit field has ${data.data.length} bytes`)
  const filled = decodeBitField(data.data)
  if (filled.length !== links) throw refusal(cid, `it has ${links} links for ${filled.length} buckets`)
  return { fanout, filled }
}

/** Where the name of a link stands. */
interface BucketPlace {
  readonly cid: CID
  readonly bucket: number
  readonly fanout: number
}

/** The name of the entry in a bucket from that of its link; `undefined` for a shard. @throws INVALID without the prefix */
export function nameInBucket(linkName = '', { cid, bucket, fanout }: BucketPlace): string | undefined {
  const prefix = linkPrefix(bucket, fanout)
  if (!linkName.startsWith(prefix)) throw refusal(cid, `link "${linkName}" stands for bucket ${prefix}`)
  return linkName === prefix ? undefined : linkName.slice(prefix.length)
}

function refusal(cid: CID, reason: string, code: ErrorCode = 'INVALID'): CairnError {
  return new CairnError(code, `Cannot read ${cid} as part of a sharded directory: ${reason}`, { cid })
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
