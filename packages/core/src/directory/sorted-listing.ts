// A directory by names, as people want to see it. Shards stand by hashes, so all entries are held: packed.
import { CID } from 'multiformats/cid'
import { toString } from 'uint8arrays/to-string'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { listDirectory } from './directory-listing.ts'
import { EntryList } from './entry-list.ts'
import type { DirectoryEntry } from './tree-node.ts'

/**
 * The entries of the directory at `cid` by the bytes of their names, from the moment when all are read. A million of
 * them take some 100 MB.
 *
 * @throws as `listDirectory`
 */
export async function listSorted(
  reader: BlockReader,
  cid: CID,
  options: AbortOptions = {},
): Promise<Iterable<DirectoryEntry>> {
  const list = new EntryList()
  for await (const entry of listDirectory(reader, cid, options)) list.keep(entry)
  return list
    .sorted()
    .values()
    .map((index) => {
      const { name, cid: bytes, tsize } = list.link(index)
      return { name: toString(name), cid: CID.decode(bytes), tsize }
    })
}
