// How large a directory is taken to be, and whether that makes it a sharded one. Source: IPIP-499.
import type { ImportSettings } from '../unixfs/profile.ts'
import { encodeUnixFS, type Metadata, type UnixFSData } from '../unixfs/unixfs-node.ts'
import { linkFieldBytes } from './tree-node.ts'

/** The part of an entry that counts. */
export interface EntrySize {
  readonly cidBytes: number
  readonly nameBytes: number
  readonly tsize: number
}

/** Counts entries and their bytes, by both estimates. */
export class SizeTally {
  /** Number of entries. */
  entries = 0
  /** Bytes of their names and CIDs: the estimate `links`. */
  nameAndCidBytes = 0
  /** Bytes of their links in a plain directory: with those of its message the estimate `block`. */
  linkBytes = 0

  /** Counts one entry more, or one less. */
  count({ cidBytes, nameBytes, tsize }: EntrySize, sign: 1 | -1 = 1): void {
    this.entries += sign
    this.nameAndCidBytes += sign * (nameBytes + cidBytes)
    this.linkBytes += sign * linkFieldBytes(cidBytes, nameBytes, tsize)
  }
}

/**
 * Whether there are too many entries, or the estimate is above its bound. An empty directory is always plain, as in
 * Kubo.
 */
export function isSharded(
  { entries, nameAndCidBytes, linkBytes }: SizeTally,
  { directoryBytesMax, directoryEstimate, directoryLinksMax = 0 }: ImportSettings,
  metadata: Metadata,
): boolean {
  if (entries === 0) return false
  if (directoryLinksMax > 0 && entries > directoryLinksMax) return true
  if (directoryBytesMax === 0) return false
  const bytes = directoryEstimate === 'block' ? linkBytes + plainMessageBytes(metadata) : nameAndCidBytes
  return bytes > directoryBytesMax
}

/** The message of a plain directory. */
export function plainMessage({ mode, mtime }: Metadata): UnixFSData {
  return { type: 'directory', data: new Uint8Array(0), blockSizes: [], mode, mtime }
}

/** The bytes of a plain directory without its links. */
export function plainMessageBytes(metadata: Metadata): number {
  return encodeUnixFS(plainMessage(metadata), []).length
}
