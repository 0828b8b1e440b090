// The blocks of a sharded directory, from all of its entries at once. The tree depends on the names alone: where two or
// more of them share a bucket, a shard below takes them. Entries are sorted by buckets level by level, as numbers in
// arrays, so that a million of them cost little. Source: boxo ipld/unixfs/hamt.
import { CairnError } from '../errors.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import type { Metadata } from '../unixfs/unixfs-node.ts'
import type { EntryList } from './entry-list.ts'
import { bucketOf, checkFanout, encodeShardData, levelsOf, linkPrefix } from './hamt-shard.ts'
import { murmur3 } from './murmur3.ts'
import { treeNode, type NodeLink, type TreeNode } from './tree-node.ts'

/** Which shards are built. */
export interface HamtForm {
  readonly settings: ImportSettings
  /** Shards above the topmost one that is built; 0, a whole directory, by default. */
  readonly level?: number
  /** What the topmost shard says beside its links; those below say nothing. */
  readonly metadata?: Metadata
}

/**
 * The blocks of a sharded directory, or of the part of it below one bucket, each before the one that links it; the last
 * one, which is also returned, is the topmost.
 *
 * @throws INVALID or LIMIT for a `shardFanout` out of range, INVALID for an empty name, CONFLICT for a name that stands twice, LIMIT for two names
 * whose hashes are the same
 */
export function* hamtNodes(
  list: EntryList,
  { settings, level = 0, metadata = {} }: HamtForm,
): Generator<TreeNode, TreeNode, void> {
  checkFanout(settings.shardFanout)
  const all = { start: 0, end: list.length, level, metadata }
  return yield* shardNodes(all, hashedEntries(list, settings.shardFanout), settings)
}

/** All entries with the hashes of their names, and where they are sorted: one place for all shards, as there are many. */
interface HashedEntries {
  readonly list: EntryList
  /** Indexes of the entries in the list, those of one shard next to each other. */
  readonly order: Uint32Array
  /** Both halves of each name's hash, by index in the list. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Where a part of the order is kept while it is sorted. */
  readonly unsorted: Uint32Array
  /** A number for each bucket of a shard. */
  readonly ends: Uint32Array
}

/** Entries that go into one shard. */
interface ShardPart {
  /** Where they stand in the order. */
  readonly start: number
  readonly end: number
  /** Shards above. */
  readonly level: number
  readonly metadata: Metadata
}

function* shardNodes(
  part: ShardPart,
  entries: HashedEntries,
  settings: ImportSettings,
): Generator<TreeNode, TreeNode, void> {
  const fanout = settings.shardFanout
  if (part.level === levelsOf(fanout)) throw inseparable(part, entries)
  sortByBucket(part, entries)
  const { list, order } = entries
  const buckets: number[] = []
  const links: NodeLink[] = []
  for (let { start } = part; start < part.end;) {
    const bucket = bucketOfEntry(order[start] ?? 0, part.level, entries)
    let end = start + 1
    while (end < part.end && bucketOfEntry(order[end] ?? 0, part.level, entries) === bucket) end++
    const prefix = Buffer.from(linkPrefix(bucket, fanout))
    buckets.push(bucket)
    if (end - start === 1) {
      const { name, cid, tsize } = list.link(order[start] ?? 0)
      links.push({ name: Buffer.concat([prefix, name]), cid, tsize })
    } else {
      const below = { start, end, level: part.level + 1, metadata: {} }
      const { block, tsize } = yield* shardNodes(below, entries, settings)
      links.push({ name: prefix, cid: block.cid.bytes, tsize })
    }
    start = end
  }
  const { mode, mtime } = part.metadata
  const node = treeNode({ ...encodeShardData(buckets, fanout), mode, mtime }, links, settings)
  yield node
  return node
}

function hashedEntries(list: EntryList, fanout: number): HashedEntries {
  const [order, high, low] = [new Uint32Array(list.length), new Uint32Array(list.length), new Uint32Array(list.length)]
  for (let index = 0; index < list.length; index++) {
    const { name } = list.link(index)
    // In a shard a link without a name leads to another shard.
    if (name.length === 0) throw new CairnError('INVALID', 'Cannot shard a directory with an entry that has no name')
    const hash = murmur3(name)
    order[index] = index
    high[index] = hash.high
    low[index] = hash.low
  }
  return { list, order, high, low, unsorted: new Uint32Array(list.length), ends: new Uint32Array(fanout) }
}

/** The bucket of an entry at a level. */
function bucketOfEntry(index: number, level: number, { high, low, ends }: HashedEntries): number {
  return bucketOf({ high: high[index] ?? 0, low: low[index] ?? 0 }, level, ends.length)
}

/** Sorts the entries of a shard by their buckets, those of one bucket in the order in which they stood. */
function sortByBucket({ start, end, level }: ShardPart, entries: HashedEntries): void {
  const { order, unsorted, ends } = entries
  // By counting: where each bucket ends follows from how many entries come before, and is filled from there down.
  ends.fill(0)
  for (let place = start; place < end; place++) {
    const index = order[place] ?? 0
    const bucket = bucketOfEntry(index, level, entries)
    ends[bucket] = (ends[bucket] ?? 0) + 1
    unsorted[place] = index
  }
  for (let bucket = 0, sum = start; bucket < ends.length; bucket++) ends[bucket] = sum += ends[bucket] ?? 0
  for (let place = end - 1; place >= start; place--) {
    const index = unsorted[place] ?? 0
    const bucket = bucketOfEntry(index, level, entries)
    const at = (ends[bucket] ?? 0) - 1
    ends[bucket] = at
    order[at] = index
  }
}

function inseparable({ start, end }: ShardPart, { list, order }: HashedEntries): CairnError {
  const names = Array.from(order.subarray(start, end), (index) => Buffer.from(list.link(index).name).toString())
  const [first, second] = names
  return first === second
    ? new CairnError('CONFLICT', `Cannot make a directory with two entries named "${first}"`)
    : new CairnError('LIMIT', `Cannot shard names of one hash: ${first}, ${second}`)
}
