// Entries that come and go in a directory that exists. The result is that of building the directory from all of its
// entries, so it does not depend on the order of changes. Why: docs/decisions/010-directories.md.
import type { CID } from 'multiformats/cid'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import type { ImportSettings } from '../unixfs/profile.ts'
import { decodeUnixFS, type Metadata } from '../unixfs/unixfs-node.ts'
import { checkText, directoryPart, misplaced } from './directory-listing.ts'
import { directoryNodes } from './directory.ts'
import { isSharded, plainMessageBytes, SizeTally } from './directory-size.ts'
import { checkName, EntryList } from './entry-list.ts'
import {
  below,
  changed,
  changeShard,
  hashed,
  readShard,
  replacedEntries,
  type DirectoryChange,
  type HashedChange,
  type Rewriting,
} from './hamt-change.ts'
import { decodeShard, isInPlace, type Shard } from './hamt-shard.ts'
import type { DirectoryEntry, TreeNode } from './tree-node.ts'

/** What becomes of a directory. */
export interface DirectoryChanges extends AbortOptions {
  /** In any order; of several for one name the last one counts. To remove a name that is not there changes nothing. */
  readonly changes: readonly DirectoryChange[]
  /** Those by which the directory was made. One that is sharded keeps its fanout as long as it stays so. */
  readonly settings: ImportSettings
  /** Takes the place of all permissions and time that the directory has; by default they stay. */
  readonly metadata?: Metadata | undefined
}

/**
 * The blocks of the directory at `directory` with `changes` made: those that are new, and maybe some that are not, each
 * before the one that links it; the last one is the root. In a sharded directory only the shards on the way to the
 * names are read and written, and where entries became smaller or fewer as many as are needed to see that it stays
 * sharded. What `reader` reads does not have to hold the new blocks.
 *
 * @throws INVALID for a new name that is empty, `.`, `..` or holds `/` or NUL, UNSUPPORTED where names that are not
 * UTF-8 would have to be written again, else as `directoryNodes`, `directoryPart` and `BlockReader.get`
 */
export async function* changeDirectory(
  reader: BlockReader,
  directory: CID,
  { changes, settings, metadata, signal }: DirectoryChanges,
): AsyncGenerator<TreeNode, void, void> {
  for (const { name, entry } of changes) if (entry !== undefined) checkName(name)
  const block = await reader.get(directory, { signal })
  const root = decodeUnixFS(block)
  checkText(block, root)
  const { mode, mtime } = root.data
  const rest = metadata ?? { mode, mtime }
  const plain = (entries: Iterable<DirectoryEntry>) => directoryNodes(kept(changed(entries, changes)), settings, rest)
  if (root.data.type !== 'hamt-shard') {
    yield* plain(directoryPart(root).entries)
    return
  }
  const shard = decodeShard(root)
  const rewriting = { reader, signal, metadata: rest, settings: { ...settings, shardFanout: shard.fanout } }
  const byHash = hashed(changes)
  const few = await fewEntries(shard, byHash, { ...rewriting, oldMetadata: { mode, mtime } })
  const left = few === undefined ? yield* changeShard(shard, byHash, rewriting) : undefined
  if (left === undefined) yield* plain(few ?? [])
}

/**
 * All entries of a sharded directory, if it has so few of them that after `changes` it is sharded no more. It can only
 * come to that where entries became fewer or smaller, and no more of them are read than a plain directory may have.
 */
async function fewEntries(
  root: Shard,
  changes: readonly HashedChange[],
  rewriting: Rewriting & { readonly oldMetadata: Metadata },
): Promise<DirectoryEntry[] | undefined> {
  const { settings, metadata, oldMetadata } = rewriting
  const { directoryBytesMax, directoryLinksMax = 0 } = settings
  // As in Kubo: without a rule for the way to shards there is none for the way back.
  if (directoryBytesMax === 0 && directoryLinksMax === 0) return undefined
  const change = new SizeTally()
  const last = new Map(changes.map(({ name, entry }) => [name, entry]))
  for (const [name, entry] of last) if (entry !== undefined) change.count(sizeOf({ name, ...entry }))
  for await (const entry of replacedEntries(root, changes, rewriting)) change.count(sizeOf(entry), -1)
  const messageChange = plainMessageBytes(metadata) - plainMessageBytes(oldMetadata)
  const grows = change.entries >= 0 && change.nameAndCidBytes >= 0 && change.linkBytes + messageChange >= 0
  if (grows) return undefined
  const entries: DirectoryEntry[] = []
  for await (const entry of entriesOf(root, rewriting)) {
    entries.push(entry)
    change.count(sizeOf(entry))
    if (isSharded(change, settings, metadata)) return undefined
  }
  return entries
}

/** Entries of a shard and of those below, one block at a time: read-ahead would read much more than is needed. */
async function* entriesOf(shard: Shard, rewriting: Rewriting): AsyncGenerator<DirectoryEntry> {
  for (const { bucket, name, cid, tsize } of shard.links) {
    if (name === undefined) {
      yield* entriesOf(await readShard(cid, below(shard, bucket), rewriting), rewriting)
    } else {
      if (!isInPlace(name, shard, bucket)) throw misplaced(shard.cid, name)
      yield { name, cid, tsize }
    }
  }
}

function sizeOf({ name, cid, tsize }: DirectoryEntry): Parameters<SizeTally['count']>[0] {
  return { nameBytes: Buffer.byteLength(name), cidBytes: cid.bytes.length, tsize }
}

function kept(entries: Iterable<DirectoryEntry>): EntryList {
  const list = new EntryList()
  for (const entry of entries) list.keep(entry)
  return list
}
