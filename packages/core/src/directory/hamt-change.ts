// Changing a sharded directory: only the shards on the way to the names are read and written. A shard in which one entry
// is left gives it to the shard above, so that the tree is always the one that its names demand.
import type { CID } from 'multiformats/cid'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import { decodeUnixFS, type Metadata } from '../unixfs/unixfs-node.ts'
import { checkText, misplaced } from './directory-listing.ts'
import { EntryList } from './entry-list.ts'
import { hamtNodes } from './hamt-builder.ts'
import {
  bucketOf,
  decodeShard,
  encodeShardData,
  hashName,
  isInPlace,
  linkPrefix,
  type NameHash,
  type Shard,
  type ShardLink,
  type ShardPath,
} from './hamt-shard.ts'
import { treeNode, type DirectoryEntry, type TreeNode } from './tree-node.ts'

/** A name that gets another entry, or is removed: then `entry` is `undefined`. */
export interface DirectoryChange {
  readonly name: string
  readonly entry: Pick<DirectoryEntry, 'cid' | 'tsize'> | undefined
}

/** A change with the hash that says where it belongs. */
export interface HashedChange extends DirectoryChange {
  readonly hash: NameHash
}

/** Where shards come from. */
export interface Reading extends AbortOptions {
  readonly reader: BlockReader
}

/** How shards are read and written again. */
export interface Rewriting extends Reading {
  readonly settings: ImportSettings
  /** What the root says beside its links. */
  readonly metadata: Metadata
}

/** What is left in a bucket: an entry, or a shard when there is no name; `undefined` when nothing is. */
type Remainder = Pick<ShardLink, 'name' | 'cid' | 'tsize'> | undefined

/**
 * The new blocks of `shard` and below it, children first. Also gives what is left of it, to be linked from above; of a
 * root that has lost all entries there is no block.
 */
export async function* changeShard(
  shard: Shard,
  changes: readonly HashedChange[],
  rewriting: Rewriting,
): AsyncGenerator<TreeNode, Remainder, void> {
  const level = shard.buckets.length
  const left = new Map<number, Remainder>(shard.links.map((link) => [link.bucket, link]))
  for (const { bucket, inside } of byBucket(shard, changes)) {
    const link = left.get(bucket)
    left.set(bucket, yield* changeBucket({ shard, bucket, link }, inside, rewriting))
  }
  const filled = [...left].flatMap(([bucket, rest]) => (rest === undefined ? [] : [{ ...rest, bucket }]))
  const [only] = filled
  if (only === undefined || (level > 0 && filled.length === 1 && only.name !== undefined)) return only
  filled.sort((a, b) => a.bucket - b.bucket)
  const links = filled.map(({ bucket, name = '', cid, tsize }) => ({
    name: Buffer.from(linkPrefix(bucket, shard.fanout) + name),
    cid: cid.bytes,
    tsize,
  }))
  const buckets = filled.map(({ bucket }) => bucket)
  const { mode, mtime } = level === 0 ? rewriting.metadata : {}
  const node = treeNode({ ...encodeShardData(buckets, shard.fanout), mode, mtime }, links, rewriting.settings)
  yield node
  return { name: undefined, cid: node.block.cid, tsize: node.tsize }
}

/** The entries that now have the names of `changes`, from the shard and below it. */
export async function* replacedEntries(
  shard: Shard,
  changes: readonly HashedChange[],
  reading: Reading,
): AsyncGenerator<DirectoryEntry, void, void> {
  const links = new Map(shard.links.map((link) => [link.bucket, link]))
  for (const { bucket, inside } of byBucket(shard, changes)) {
    const link = links.get(bucket)
    if (link === undefined) continue
    if (link.name === undefined) {
      yield* replacedEntries(await readShard(link.cid, below(shard, bucket), reading), inside, reading)
    } else if (inside.some(({ name }) => name === link.name)) {
      yield { ...link, name: link.name }
    }
  }
}

/** Changes with their hashes. */
export function hashed(changes: readonly DirectoryChange[]): HashedChange[] {
  return changes.map((change) => ({ ...change, hash: hashName(change.name) }))
}

/** The entries after `changes`, of which the last one for a name counts. */
export function changed(entries: Iterable<DirectoryEntry>, changes: readonly DirectoryChange[]): DirectoryEntry[] {
  const byName = new Map<string, Pick<DirectoryEntry, 'cid' | 'tsize'>>()
  for (const { name, cid, tsize } of entries) byName.set(name, { cid, tsize })
  for (const { name, entry } of changes) {
    if (entry === undefined) byName.delete(name)
    else byName.set(name, entry)
  }
  return Array.from(byName, ([name, { cid, tsize }]) => ({ name, cid, tsize }))
}

/** The shard at the end of `path`. @throws as `BlockReader.get`, `decodeShard` and `checkText` */
export async function readShard(cid: CID, path: ShardPath, { reader, signal }: Reading): Promise<Shard> {
  const block = await reader.get(cid, { signal })
  const node = decodeUnixFS(block)
  checkText(block, node)
  return decodeShard(node, path)
}

/** The way to the shard below `bucket`. */
export function below({ fanout, buckets }: ShardPath, bucket: number): ShardPath {
  return { fanout, buckets: [...buckets, bucket] }
}

interface BucketPlace {
  readonly shard: Shard
  readonly bucket: number
  readonly link: Remainder
}

async function* changeBucket(
  { shard, bucket, link }: BucketPlace,
  changes: readonly HashedChange[],
  rewriting: Rewriting,
): AsyncGenerator<TreeNode, Remainder, void> {
  if (link !== undefined && link.name === undefined) {
    const inner = await readShard(link.cid, below(shard, bucket), rewriting)
    return yield* changeShard(inner, changes, rewriting)
  }
  if (link?.name !== undefined && !isInPlace(link.name, shard, bucket)) throw misplaced(shard.cid, link.name)
  const entries = changed(link?.name === undefined ? [] : [{ ...link, name: link.name }], changes)
  if (entries.length < 2) return entries[0]
  const list = new EntryList()
  for (const entry of entries) list.keep(entry)
  const { block, tsize } = yield* hamtNodes(list, { settings: rewriting.settings, level: shard.buckets.length + 1 })
  return { name: undefined, cid: block.cid, tsize }
}

/** The changes that meet in one bucket of the shard. */
function byBucket(
  { fanout, buckets }: ShardPath,
  changes: readonly HashedChange[],
): Iterable<{ readonly bucket: number; readonly inside: readonly HashedChange[] }> {
  const groups = Map.groupBy(changes, ({ hash }) => bucketOf(hash, buckets.length, fanout))
  return groups.entries().map(([bucket, inside]) => ({ bucket, inside }))
}
