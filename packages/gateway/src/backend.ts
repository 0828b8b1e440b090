// What a gateway serves from: blocks, and names that lead to them. Whoever mounts it decides whether strangers may have
// blocks fetched from peers, by the reader that it passes in.
import type { BlockReader, TreeBytes, TreeItem } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { ResolveName } from './host/names.ts'

/** Where the content comes from. */
export interface GatewayBackend {
  /** Blocks that may be served. */
  readonly blocks: BlockReader
  /** Whether the block is here, told without asking anybody else and without reading it. */
  has(cid: CID): Promise<boolean>
  /** What names of sites lead to; without it they lead nowhere. */
  readonly resolveName?: ResolveName | undefined
  /** A tar archive of the items of one tree, below the name `name`. @throws INVALID for a name that would leave its directory */
  archive(items: AsyncIterable<TreeItem | TreeBytes>, name: string): AsyncIterable<Uint8Array>
}
