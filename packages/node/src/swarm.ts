// The network side of a node: host, message transport and exchange, built on an open repo. Loaded only when online.
import { openBitswap, openLibp2pNetwork, systemClock, type Bitswap } from '@cairn/exchange'
import { openHost, type Host } from '@cairn/network'
import { identityOf } from './config.ts'
import type { Repo } from './repo.ts'

/** How a node meets its peers. */
export interface OnlineOptions {
  /** Multiaddrs to listen on; those of the config by default, an empty list for a node that only dials. */
  readonly listen?: readonly string[] | undefined
}

/** The open network side of a node. */
export interface Swarm {
  readonly host: Host
  readonly bitswap: Bitswap
  close(): Promise<void>
}

/** Builds host and exchange. @throws as `openHost` */
export async function openSwarm(repo: Repo, { listen = repo.config.Addresses.Swarm }: OnlineOptions): Promise<Swarm> {
  const host = await openHost({ identity: identityOf(repo.config), listen })
  try {
    const network = await openLibp2pNetwork(host.libp2p)
    const bitswap = openBitswap({ network, store: repo.blocks, clock: systemClock })
    return {
      host,
      bitswap,
      async close() {
        try {
          await bitswap.close()
          await network.close()
        } finally {
          await host.close()
        }
      },
    }
  } catch (error) {
    await host.close()
    throw error
  }
}
