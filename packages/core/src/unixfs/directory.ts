// Directories and symlinks as blocks.
import type { CID } from 'multiformats/cid'
import { fromString } from 'uint8arrays/from-string'
import { createBlock, type Block } from '../block/block.ts'
import { DAG_PB_CODE } from '../block/codec.ts'
import { CairnError } from '../errors.ts'
import { DIRECTORY_BYTES_MAX } from '../limits.ts'
import type { ImportSettings } from './profile.ts'
import { encodeUnixFS } from './unixfs-node.ts'

/** One name in a directory and what it points to. */
export interface DirectoryEntry {
  readonly name: string
  readonly cid: CID
  /** Cumulative bytes below the link, as its writer claims; 0 when it claims nothing. */
  readonly tsize: number
}

/** The root block of a directory or symlink with its cumulative size in bytes. */
export interface TreeNode {
  readonly block: Block
  readonly tsize: number
}

/**
 * The block of a plain directory; entries may come in any order.
 *
 * @throws INVALID for a name that is empty, `.`, `..` or holds `/` or NUL, CONFLICT for one that stands twice, LIMIT
 * when the directory would have to be sharded
 */
export function directoryNode(entries: readonly DirectoryEntry[], settings: ImportSettings): TreeNode {
  const { hash, cidVersion } = settings
  const links = sortedByName(entries).map(({ name, cid, tsize }) => ({ Name: name, Hash: cid, Tsize: tsize }))
  const bytes = encodeUnixFS({ type: 'directory', data: new Uint8Array(0), blockSizes: [] }, links)
  const estimate =
    settings.directoryEstimate === 'block'
      ? bytes.length
      : links.reduce((sum, link) => sum + fromString(link.Name).length + link.Hash.bytes.length, 0)
  if (estimate > DIRECTORY_BYTES_MAX) {
    throw new CairnError(
      'LIMIT',
      `Cannot make a directory of ${links.length} entries: above ${DIRECTORY_BYTES_MAX} bytes it needs sharding`,
    )
  }
  const block = createBlock(bytes, { codec: DAG_PB_CODE, hash, cidVersion })
  return { block, tsize: entries.reduce((sum, entry) => sum + entry.tsize, block.bytes.length) }
}

/** The block of a symbolic link, whose target is kept as it is. */
export function symlinkNode(target: string, { hash, cidVersion }: ImportSettings): TreeNode {
  const bytes = encodeUnixFS({ type: 'symlink', data: fromString(target), blockSizes: [] }, [])
  const block = createBlock(bytes, { codec: DAG_PB_CODE, hash, cidVersion })
  return { block, tsize: block.bytes.length }
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
