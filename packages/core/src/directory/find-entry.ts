// One name in a directory. Of each block on the way only the link that counts is decoded: all the others, each with a CID,
// would take most of the time.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import type { PbLinkPlace } from '../ipld/dag-pb.ts'
import { pbLink, type Link } from '../ipld/links.ts'
import { decodeText } from '../ipld/value.ts'
import { skimUnixFS, type SkimmedNode } from '../unixfs/skimmed-node.ts'
import { REPLACEMENT } from './directory-listing.ts'
import { bucketOf, filledBuckets, hashName, nameInBucket, type ShardPath } from './hamt-shard.ts'
import type { DirectoryEntry } from './tree-node.ts'

const NO_BYTES = new Uint8Array(0)

/** A name in a directory. */
export interface NamePlace {
  readonly directory: CID
  readonly name: string
}

/**
 * The entry of a name, or `undefined` when its directory lacks it. Reads only the blocks on the way to the name, and
 * proves of those only what leads to it.
 *
 * @throws as `findInside` and `BlockReader.get`
 */
export async function findEntry(
  reader: BlockReader,
  { directory, name }: NamePlace,
  options: AbortOptions = {},
): Promise<DirectoryEntry | undefined> {
  return await findInside(reader, { directory: await reader.get(directory, options), name }, options)
}

/**
 * Like {@link findEntry}, in a directory whose block is here.
 *
 * @throws INVALID for what is not a directory, else as `filledBuckets` and `BlockReader.get`
 */
export async function findInside(
  reader: BlockReader,
  { directory, name }: { readonly directory: Block; readonly name: string },
  options: AbortOptions = {},
): Promise<DirectoryEntry | undefined> {
  let node = skimUnixFS(directory)
  if (node.data.type !== 'hamt-shard') return plainEntry(node, name)
  const hash = hashName(name)
  for (let path: ShardPath | undefined; ;) {
    const { fanout, filled } = filledBuckets({ ...node, links: node.links.length }, path)
    const buckets: readonly number[] = path?.buckets ?? []
    const bucket = bucketOf(hash, buckets.length, fanout)
    const place = node.links[filled.indexOf(bucket)]
    if (place === undefined) return undefined
    const link = linkAt(node, place)
    const found = nameInBucket(link.name, { cid: node.cid, bucket, fanout })
    if (found !== undefined) return found === name ? entryOf(name, link) : undefined
    path = { fanout, buckets: [...buckets, bucket] }
    node = skimUnixFS(await reader.get(link.cid, options))
  }
}

/** Of a name that stands twice, the first entry counts. */
function plainEntry(node: SkimmedNode, name: string): DirectoryEntry | undefined {
  const { cid, data, bytes, links } = node
  if (data.type !== 'directory') {
    throw new CairnError('INVALID', `Cannot list ${cid}: it is a ${data.type}, not a directory`, { cid })
  }
  const nameAt = ({ nameStart, nameEnd }: PbLinkPlace) =>
    nameStart < 0 ? NO_BYTES : bytes.subarray(nameStart, nameEnd)
  const wanted = Buffer.from(name)
  const place =
    links.find((link) => Buffer.compare(nameAt(link), wanted) === 0) ??
    // What is not UTF-8 is found by what a listing shows of it.
    (name.includes(REPLACEMENT) ? links.find((link) => decodeText(nameAt(link), false) === name) : undefined)
  return place && entryOf(name, linkAt(node, place))
}

function entryOf(name: string, { cid, tsize = 0 }: Link): DirectoryEntry {
  return { name, cid, tsize }
}

function linkAt({ cid, bytes }: SkimmedNode, place: PbLinkPlace): Link {
  try {
    return pbLink(bytes, place)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CairnError('INVALID', `Cannot read ${cid} as UnixFS: ${reason}`, { cause, cid })
  }
}
