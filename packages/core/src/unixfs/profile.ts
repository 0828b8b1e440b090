// The settings that decide a CID, and the two named sets of them. Source: IPIP-499.
import type { HashName } from '../block/hash.ts'
import { DIRECTORY_BYTES_MAX, SHARD_FANOUT } from '../limits.ts'
import type { Metadata } from './unixfs-node.ts'

/** Everything that decides which blocks, and so which CID, an import gives. */
export interface ImportSettings {
  /** CID version of dag-pb nodes. Raw leaves are CIDv1 in either case. */
  readonly cidVersion: 0 | 1
  readonly hash: HashName
  /** Whether file content is stored as `raw` blocks, or as dag-pb leaves. */
  readonly rawLeaves: boolean
  /** In the notation of `parseChunker`. */
  readonly chunker: string
  /** How leaves are joined: all at one depth, or the first ones close to the root, for reading as a stream. */
  readonly layout: 'balanced' | 'trickle'
  /** Links of an interior file node at most; in the trickle layout its leaves, subtrees not counted. */
  readonly linksPerNode: number
  /** Bytes of the largest encoded node that goes into its own CID, 0 to 128; absent: no node does. */
  readonly inlineBytesMax?: number | undefined
  /** For every entry that does not have its own. Symlinks take the time only, as in Kubo. */
  readonly metadata?: Metadata | undefined
  /** Leaves out directories without entries, the root excepted. */
  readonly skipEmptyDirectories?: boolean | undefined
  /** Bytes of the estimate above which a directory is sharded. 0 = never; 1 = always, unless it is empty. */
  readonly directoryBytesMax: number
  /** How the bytes of a plain directory are estimated: those of its names and CIDs, or all of its block. */
  readonly directoryEstimate: 'links' | 'block'
  /** Entries of a plain directory at most, whatever their bytes; absent or 0: as many as there are. */
  readonly directoryLinksMax?: number | undefined
  /** Buckets of a shard: a power of two from 8 to 1024. */
  readonly shardFanout: number
}

/** Names of the CID profiles. */
export type ProfileName = 'unixfs-v1-2025' | 'unixfs-v0-2015'

/** The CID profiles of IPIP-499. `unixfs-v1-2025` is the default. */
export const PROFILES: Readonly<Record<ProfileName, ImportSettings>> = {
  'unixfs-v1-2025': {
    cidVersion: 1,
    hash: 'sha2-256',
    rawLeaves: true,
    chunker: 'size-1048576',
    layout: 'balanced',
    linksPerNode: 1024,
    directoryBytesMax: DIRECTORY_BYTES_MAX,
    directoryEstimate: 'block',
    shardFanout: SHARD_FANOUT,
  },
  'unixfs-v0-2015': {
    cidVersion: 0,
    hash: 'sha2-256',
    rawLeaves: false,
    chunker: 'size-262144',
    layout: 'balanced',
    linksPerNode: 174,
    directoryBytesMax: DIRECTORY_BYTES_MAX,
    directoryEstimate: 'links',
    shardFanout: SHARD_FANOUT,
  },
}
