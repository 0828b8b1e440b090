// The blocks of a sharded directory, from all of its entries at once. The tree depends on the names alone: where two or
// more of them share a bucket, a shard below takes them. Source: boxo ipld/unixfs/hamt.
import { CairnError } from '../errors.ts'
import { bucketOf, checkFanout, encodeShardData, hashName, levelsOf, linkPrefix, type NameHash } from './hamt-shard.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import { treeNode, type DirectoryEntry, type TreeNode } from './tree-node.ts'

/**
 * The blocks of a sharded directory, each before the one that links it; the last one is the root. Names must differ.
 *
 * @throws INVALID or LIMIT for a `shardFanout` out of range, LIMIT for two names whose hashes are the same
 */
export function* hamtNodes(
  entries: readonly DirectoryEntry[],
  settings: ImportSettings,
): Generator<TreeNode, void, void> {
  checkFanout(settings.shardFanout)
  const hashed = entries.map((entry) => ({ entry, hash: hashName(entry.name) }))
  yield* shardNodes(hashed, { level: 0, settings })
}

interface HashedEntry {
  readonly entry: DirectoryEntry
  readonly hash: NameHash
}

interface Position {
  /** Shards above. */
  readonly level: number
  readonly settings: ImportSettings
}

/** The blocks of the shard that holds `entries`, which is the last one and also returned. */
function* shardNodes(
  entries: readonly HashedEntry[],
  { level, settings }: Position,
): Generator<TreeNode, TreeNode, void> {
  const fanout = settings.shardFanout
  if (level === levelsOf(fanout)) {
    throw new CairnError(
      'LIMIT',
      `Cannot shard names of one hash: ${entries.map(({ entry }) => entry.name).join(', ')}`,
    )
  }
  const buckets = Map.groupBy(entries, ({ hash }) => bucketOf(hash, level, fanout))
  const filled = [...buckets].toSorted(([a], [b]) => a - b)
  const links: DirectoryEntry[] = []
  for (const [bucket, inside] of filled) {
    const prefix = linkPrefix(bucket, fanout)
    const [first] = inside
    if (first !== undefined && inside.length === 1) {
      links.push({ ...first.entry, name: prefix + first.entry.name })
    } else {
      const { block, tsize } = yield* shardNodes(inside, { level: level + 1, settings })
      links.push({ name: prefix, cid: block.cid, tsize })
    }
  }
  const data = encodeShardData(
    filled.map(([bucket]) => bucket),
    fanout,
  )
  const node = treeNode(data, links, settings)
  yield node
  return node
}
