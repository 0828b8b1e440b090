// What stands in a directory, plain or sharded.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { traverse, type Step } from '../dag/traverse.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { ProtobufReader } from '../protobuf.ts'
import { decodeShard, isInPlace, type ShardPath } from './hamt-shard.ts'
import type { DirectoryEntry } from './tree-node.ts'
import { decodeUnixFS, type UnixFSNode } from '../unixfs/unixfs-node.ts'

/** What decoding puts in the place of bytes that are not UTF-8; a name may also hold it by right. */
export const REPLACEMENT = '\uFFFD'

/** Field numbers of a dag-pb node's links, and of a link's name. */
const LINKS_FIELD = 2
const LINK_NAME_FIELD = 2

/** What one block of a directory holds: entries, and shards in which there are more of them. */
export interface DirectoryPart {
  readonly entries: readonly DirectoryEntry[]
  readonly shards: readonly ShardPlace[]
}

/** A shard below the root of its directory. */
export interface ShardPlace extends ShardPath {
  readonly cid: CID
}

/**
 * The entries of the directory at `cid`: for each of its blocks those that stand in it, then those of the shards below.
 * No name comes twice.
 *
 * @throws as `directoryPart` and `BlockReader.get`
 */
export async function* listDirectory(
  reader: BlockReader,
  cid: CID,
  { signal }: AbortOptions = {},
): AsyncGenerator<DirectoryEntry> {
  function step(at: CID, path?: ShardPath): Step<() => DirectoryPart> {
    return {
      run: async (options) => {
        const block = await reader.get(at, options)
        // Decoded when its turn comes: entries take ten times the room of their block, and so they die young.
        let decoded: DirectoryPart | undefined
        const part = () => (decoded ??= directoryPart(decodeUnixFS(block), path))
        function* next() {
          for (const shard of part().shards) yield step(shard.cid, shard)
        }
        return { value: part, bytes: block.bytes.length, next: next() }
      },
    }
  }
  for await (const part of traverse([step(cid)], { signal })) yield* part().entries
}

/**
 * What the node of a directory holds, or that of a shard at the end of `path`. In a plain directory where a name stands
 * twice, the first one counts.
 *
 * @throws INVALID for what is not a directory and for a name in the wrong shard, UNSUPPORTED for a name that is not UTF-8
 * in a sharded directory and for several in a plain one that decode to the same text, else as `decodeShard`
 */
export function directoryPart(node: UnixFSNode, path?: ShardPath): DirectoryPart {
  if (path === undefined && node.data.type !== 'hamt-shard') return { entries: plainEntries(node), shards: [] }
  const { fanout, buckets, links } = decodeShard(node, path)
  const entries: DirectoryEntry[] = []
  const shards: ShardPlace[] = []
  for (const { bucket, name, cid, tsize } of links) {
    if (name === undefined) {
      shards.push({ cid, fanout, buckets: [...buckets, bucket] })
    } else {
      if (!isInPlace(name, { fanout, buckets }, bucket)) throw misplaced(node.cid, name)
      entries.push({ name, cid, tsize })
    }
  }
  return { entries, shards }
}

function plainEntries({ cid, data, links }: UnixFSNode): DirectoryEntry[] {
  if (data.type !== 'directory') {
    throw new CairnError('INVALID', `Cannot list ${cid}: it is a ${data.type}, not a directory`, { cid })
  }
  const entries = new Map<string, DirectoryEntry>()
  for (const { Name: name = '', Hash, Tsize = 0 } of links) {
    if (!entries.has(name)) entries.set(name, { name, cid: Hash, tsize: Tsize })
    // Different bytes may have become one name here: that must not hide an entry.
    else if (name.includes(REPLACEMENT)) throw misplaced(cid, name)
  }
  return [...entries.values()]
}

/**
 * Passes when the names in the block of `node` are what they seem, so that they can be written again.
 *
 * @throws UNSUPPORTED for a name that is not UTF-8: decoding has put U+FFFD in its place
 */
export function checkText({ cid, bytes }: Block, { links }: UnixFSNode): void {
  if (!links.some(({ Name }) => Name?.includes(REPLACEMENT) === true)) return
  const reader = new ProtobufReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== LINKS_FIELD) reader.skip()
    else if (!hasTextName(reader.bytes())) {
      throw new CairnError('UNSUPPORTED', `Cannot change ${cid}: it holds a name that is not UTF-8`, { cid })
    }
  }
}

/** The error for an entry whose name does not lead to where it stands. */
export function misplaced(cid: CID, name: string): CairnError {
  return name.includes(REPLACEMENT)
    ? new CairnError('UNSUPPORTED', `Cannot list ${cid}: the name "${name}" is not UTF-8`, { cid })
    : new CairnError('INVALID', `Cannot list ${cid}: the name "${name}" does not belong where it stands`, { cid })
}

function hasTextName(link: Uint8Array): boolean {
  const reader = new ProtobufReader(link)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== LINK_NAME_FIELD) reader.skip()
    else if (!isText(reader.bytes())) return false
  }
  return true
}

function isText(bytes: Uint8Array): boolean {
  return Buffer.compare(Buffer.from(Buffer.from(bytes).toString()), bytes) === 0
}
