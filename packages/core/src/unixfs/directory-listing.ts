// What stands in a directory: all of its entries, or one by its name.
import type { CID } from 'multiformats/cid'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import type { DirectoryEntry } from './directory.ts'
import { decodeUnixFS, type UnixFSNode } from './unixfs-node.ts'

/**
 * The entries of the directory at `cid` in the order of their links; where a name stands twice, the first one counts.
 *
 * @throws INVALID for what is not a directory, UNSUPPORTED for a sharded one, else as `BlockReader.get`
 */
export async function* listDirectory(
  reader: BlockReader,
  cid: CID,
  { signal }: AbortOptions = {},
): AsyncGenerator<DirectoryEntry> {
  yield* directoryEntries(decodeUnixFS(await reader.get(cid, { signal })))
}

/**
 * The entries of a plain directory in the order of their links; where a name stands twice, the first one counts.
 *
 * @throws INVALID for what is not a directory, UNSUPPORTED for a sharded one
 */
export function directoryEntries({ cid, data, links }: UnixFSNode): DirectoryEntry[] {
  if (data.type === 'hamt-shard') {
    throw new CairnError('UNSUPPORTED', `Cannot read ${cid}: sharded directories are not supported yet`, { cid })
  }
  if (data.type !== 'directory')
    throw new CairnError('INVALID', `Cannot list ${cid}: it is a ${data.type}, not a directory`, { cid })
  const entries = new Map<string, DirectoryEntry>()
  for (const { Name: name = '', Hash, Tsize = 0 } of links) {
    if (!entries.has(name)) entries.set(name, { name, cid: Hash, tsize: Tsize })
  }
  return [...entries.values()]
}
