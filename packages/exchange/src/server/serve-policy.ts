// Who is served what. A refused block looks like one that is not here, so that a peer does not learn what there is.
import { blockKey, type PeerId } from '@cairn/core'
import type { CID } from 'multiformats/cid'

/** Says what a server may give to whom. It is asked for each want, so it has to be quick, and may change its mind. */
export interface ServePolicy {
  mayServe(peer: PeerId, cid: CID): boolean
}

/** Lists that make a policy. What is denied is not served; where a list of what is allowed is given, only that is. */
export interface ServeLists {
  readonly allowPeers?: readonly PeerId[] | undefined
  readonly denyPeers?: readonly PeerId[] | undefined
  /** Blocks under whichever version and codec. What they link to is not meant. */
  readonly allowCids?: readonly CID[] | undefined
  readonly denyCids?: readonly CID[] | undefined
}

/** Serves everything to everybody. */
export const SERVE_ALL: ServePolicy = { mayServe: () => true }

/** The policy that lists make. */
export function servePolicy({ allowPeers, denyPeers = [], allowCids, denyCids = [] }: ServeLists): ServePolicy {
  const [peers, blocks] = [allowPeers && new Set(allowPeers), allowCids && new Set(allowCids.map(blockKey))]
  const [deniedPeers, deniedBlocks] = [new Set(denyPeers), new Set(denyCids.map(blockKey))]
  return {
    mayServe(peer, cid) {
      if (deniedPeers.has(peer) || peers?.has(peer) === false) return false
      const key = blockKey(cid)
      return !deniedBlocks.has(key) && blocks?.has(key) !== false
    },
  }
}
