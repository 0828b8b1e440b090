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
  const part = { ...hashedEntries(list), level, metadata }
  return yield* shardNodes(part, list, settings)
}

/** Entries that go into one shard. */
interface ShardPart {
  /** Their indexes in the list. */
  readonly order: Uint32Array
  /** Both halves of each name's hash, by index in the list. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Shards above. */
  readonly level: number
  readonly metadata: Metadata
}

function* shardNodes(part: ShardPart, list: EntryList, settings: ImportSettings): Generator<TreeNode, TreeNode, void> {
  const fanout = settings.shardFanout
  if (part.level === levelsOf(fanout)) throw inseparable(part, list)
  const buckets: number[] = []
  const links: NodeLink[] = []
  for (const { bucket, order } of byBucket(part, fanout)) {
    const prefix = Buffer.from(linkPrefix(bucket, fanout))
    const [first] = order
    buckets.push(bucket)
    if (first !== undefined && order.length === 1) {
      const { name, cid, tsize } = list.link(first)
      links.push({ name: Buffer.concat([prefix, name]), cid, tsize })
    } else {
      const below = { ...part, order, level: part.level + 1, metadata: {} }
      const { block, tsize } = yield* shardNodes(below, list, settings)
      links.push({ name: prefix, cid: block.cid.bytes, tsize })
    }
  }
  const { mode, mtime } = part.metadata
  const node = treeNode({ ...encodeShardData(buckets, fanout), mode, mtime }, links, settings)
  yield node
  return node
}

function hashedEntries(list: EntryList): Pick<ShardPart, 'order' | 'high' | 'low'> {
  const order = new Uint32Array(list.length)
  const high = new Uint32Array(list.length)
  const low = new Uint32Array(list.length)
  for (let index = 0; index < list.length; index++) {
    const { name } = list.link(index)
    // In a shard a link without a name leads to another shard.
    if (name.length === 0) throw new CairnError('INVALID', 'Cannot shard a directory with an entry that has no name')
    const hash = murmur3(name)
    order[index] = index
    high[index] = hash.high
    low[index] = hash.low
  }
  return { order, high, low }
}

/** The filled buckets of a shard in rising order, each with its entries in the order in which they stood. */
function* byBucket(
  { order, high, low, level }: ShardPart,
  fanout: number,
): Generator<{ readonly bucket: number; readonly order: Uint32Array }> {
  const count = order.length
  // Bucket and place in one number, since numbers alone are sorted without a function.
  const keys = new Float64Array(count)
  for (let place = 0; place < count; place++) {
    const index = order[place] ?? 0
    keys[place] = bucketOf({ high: high[index] ?? 0, low: low[index] ?? 0 }, level, fanout) * count + place
  }
  keys.sort()
  for (let start = 0; start < count;) {
    const bucket = Math.floor((keys[start] ?? 0) / count)
    let end = start + 1
    while (end < count && (keys[end] ?? 0) < (bucket + 1) * count) end++
    yield { bucket, order: Uint32Array.from(keys.subarray(start, end), (key) => order[key - bucket * count] ?? 0) }
    start = end
  }
}

function inseparable({ order }: ShardPart, list: EntryList): CairnError {
  const names = [...order].map((index) => Buffer.from(list.link(index).name).toString())
  const [first, second] = names
  return first === second
    ? new CairnError('CONFLICT', `Cannot make a directory with two entries named "${first}"`)
    : new CairnError('LIMIT', `Cannot shard names of one hash: ${first}, ${second}`)
}
