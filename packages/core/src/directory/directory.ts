// Directories and symlinks as blocks. A directory is one block while its estimate is small, and a HAMT above that.
import { fromString } from 'uint8arrays/from-string'
import { CairnError } from '../errors.ts'
import { BLOCK_BYTES_MAX } from '../limits.ts'
import { hamtNodes } from './hamt-builder.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import { treeNode, type DirectoryEntry, type TreeNode } from './tree-node.ts'

/** Bytes of a plain directory's Data field: tag, length, and the message of nothing but its type. */
const DATA_FIELD_BYTES = 4

/**
 * The blocks of a directory, each shard before the one that links it; the last one is the root. Entries may come in any
 * order.
 *
 * @throws INVALID for a name that is empty, `.`, `..` or holds `/` or NUL, CONFLICT for one that stands twice, LIMIT
 * when sharding is off and the block would be too large, else as `hamtNodes`
 */
export function* directoryNodes(
  entries: readonly DirectoryEntry[],
  settings: ImportSettings,
): Generator<TreeNode, void, void> {
  const sorted = sortedByName(entries)
  if (isSharded(sorted, settings)) yield* hamtNodes(sorted, settings)
  else yield plainNode(sorted, settings)
}

/** The block of a symbolic link, whose target is kept as it is. */
export function symlinkNode(target: string, settings: ImportSettings): TreeNode {
  return treeNode({ type: 'symlink', data: fromString(target), blockSizes: [] }, [], settings)
}

/** Whether the estimate is above the bound. An empty directory is always plain, as in Kubo. Source: IPIP-499. */
function isSharded(
  entries: readonly DirectoryEntry[],
  { directoryBytesMax, directoryEstimate }: ImportSettings,
): boolean {
  if (directoryBytesMax === 0 || entries.length === 0) return false
  const bytes = directoryEstimate === 'block' ? blockBytes(entries) : nameAndCidBytes(entries)
  return bytes > directoryBytesMax
}

function plainNode(entries: readonly DirectoryEntry[], settings: ImportSettings): TreeNode {
  if (blockBytes(entries) > BLOCK_BYTES_MAX) {
    throw new CairnError('LIMIT', `Cannot put ${entries.length} entries into one block, and sharding is off`)
  }
  return treeNode({ type: 'directory', data: new Uint8Array(0), blockSizes: [] }, entries, settings)
}

/** The estimate `links`. */
function nameAndCidBytes(entries: readonly DirectoryEntry[]): number {
  return entries.reduce((sum, { name, cid }) => sum + Buffer.byteLength(name) + cid.bytes.length, 0)
}

/** The estimate `block`: exactly the bytes of the plain block, which may be far too large to be made. */
function blockBytes(entries: readonly DirectoryEntry[]): number {
  return entries.reduce((sum, { name, cid, tsize }) => {
    const link = fieldBytes(cid.bytes.length) + fieldBytes(Buffer.byteLength(name)) + 1 + varintBytes(tsize)
    return sum + fieldBytes(link)
  }, DATA_FIELD_BYTES)
}

/** Bytes of a protobuf field that holds `length` bytes, its tag of one byte included. */
function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest /= 128) bytes++
  return bytes
}

/** Entries by the bytes of their names in UTF-8, which is not the order of JavaScript's strings. */
function sortedByName(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
  const keyed = entries.map((entry) => ({ entry, key: Buffer.from(checkedName(entry.name)) }))
  keyed.sort((a, b) => Buffer.compare(a.key, b.key))
  for (const [index, { entry, key }] of keyed.entries()) {
    if (keyed[index + 1]?.key.equals(key) === true) {
      throw new CairnError('CONFLICT', `Cannot make a directory with two entries named "${entry.name}"`)
    }
  }
  return keyed.map(({ entry }) => entry)
}

function checkedName(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new CairnError('INVALID', `Cannot use ${JSON.stringify(name)} as the name of a directory entry`)
  }
  return name
}
