// A whole peer with the one door to blocks that a node has, and files for it.
import {
  BlockService,
  importTree,
  PROFILES,
  storeBlocks,
  type Block,
  type ImportSettings,
  type PeerId,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { Peer, PeerParts, World } from '../peer.ts'

/** A peer that fetches what it lacks, stores it and tells of it. */
export interface Citizen extends Peer {
  readonly service: BlockService
}

export function openCitizen(world: World, id: PeerId, parts: PeerParts = {}): Citizen {
  const peer = world.peer(id, parts)
  const { store, bitswap } = peer
  const onStored = (blocks: readonly Block[]): void => bitswap.announce(blocks.map(({ cid }) => cid))
  return { ...peer, service: new BlockService({ store, fetchers: [bitswap], onStored }) }
}

/** Imports a file of `bytes` that is the same each time and has no two equal blocks. */
export async function importFile({ store }: Peer, bytes: number, settings: Partial<ImportSettings> = {}): Promise<CID> {
  let root: CID | undefined
  const source = { kind: 'file', content: () => content(bytes) } as const
  const events = importTree({ name: 'file', source }, { ...PROFILES['unixfs-v1-2025'], ...settings })
  for await (const event of storeBlocks(store)(events)) if (event.kind === 'entry') root = event.cid
  if (root === undefined) throw new Error('nothing was imported')
  return root
}

/** Numbers that only rise, so that no two chunks are equal however they are cut. */
async function* content(bytes: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes; from += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, bytes - from))
    const view = new DataView(piece.buffer)
    for (let place = 0; place + 4 <= piece.length; place += 256) view.setUint32(place, (from + place) / 256)
    yield piece
  }
}

const PIECE_BYTES = 64 * 1024
