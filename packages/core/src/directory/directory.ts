// Directories and symlinks as blocks. A directory is one block while its estimate is small, and a HAMT above that.
import { fromString } from 'uint8arrays/from-string'
import { CairnError } from '../errors.ts'
import { BLOCK_BYTES_MAX } from '../limits.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import type { Metadata } from '../unixfs/unixfs-node.ts'
import { isSharded, plainMessage, plainMessageBytes } from './directory-size.ts'
import { EntryList } from './entry-list.ts'
import { hamtNodes } from './hamt-builder.ts'
import { treeNode, type DirectoryEntry, type NodeLink, type TreeNode } from './tree-node.ts'

/**
 * The blocks of a directory, each shard before the one that links it; the last one is the root, which takes the
 * `metadata`. Entries may come in any order; of many, an {@link EntryList} takes the least memory.
 *
 * @throws INVALID for a name that is empty, `.`, `..` or holds `/` or NUL, CONFLICT for one that stands twice, LIMIT
 * when sharding is off and the block would be too large, else as `hamtNodes`
 */
export function* directoryNodes(
  entries: Iterable<DirectoryEntry> | EntryList,
  settings: ImportSettings,
  metadata: Metadata = {},
): Generator<TreeNode, void, void> {
  const list = entries instanceof EntryList ? entries : listOf(entries)
  if (isSharded(list.size, settings, metadata)) yield* hamtNodes(list, { settings, metadata })
  else yield plainNode(list, settings, metadata)
}

/** The block of a symbolic link, whose target is kept as it is. It has no permissions of its own. */
export function symlinkNode(target: string, settings: ImportSettings, { mtime }: Metadata = {}): TreeNode {
  return treeNode({ type: 'symlink', data: fromString(target), blockSizes: [], mtime }, [], settings)
}

function listOf(entries: Iterable<DirectoryEntry>): EntryList {
  const list = new EntryList()
  for (const entry of entries) list.add(entry)
  return list
}

function plainNode(list: EntryList, settings: ImportSettings, metadata: Metadata): TreeNode {
  if (list.size.linkBytes + plainMessageBytes(metadata) > BLOCK_BYTES_MAX) {
    throw new CairnError('LIMIT', `Cannot put ${list.length} entries into one block, and sharding is off`)
  }
  return treeNode(plainMessage(metadata), sortedLinks(list), settings)
}

/** Links in their order. @throws CONFLICT for a name that stands twice */
function sortedLinks(list: EntryList): NodeLink[] {
  const links = Array.from(list.sorted(), (index) => list.link(index))
  for (const [index, { name }] of links.entries()) {
    const next = links[index + 1]
    if (next !== undefined && Buffer.compare(name, next.name) === 0) {
      throw new CairnError('CONFLICT', `Cannot make a directory with two entries named "${Buffer.from(name)}"`)
    }
  }
  return links
}
