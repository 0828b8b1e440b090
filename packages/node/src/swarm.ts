// The network side of a node: host, message transport and exchange, built on an open repo. Loaded only when online.
import {
  joinNetworks,
  openBitswap,
  openGatewayNetwork,
  openLibp2pNetwork,
  systemClock,
  type Bitswap,
} from '@cairn/exchange'
import type { AbortOptions, PeerId } from '@cairn/core'
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
  /**
   * Connects to the peer at `address`, a multiaddr or the URL of a trustless gateway, and gives its identity.
   *
   * @throws as `Host.connect` and `GatewayNetwork.add`
   */
  connect(address: string, options?: AbortOptions): Promise<PeerId>
  close(): Promise<void>
}

/** Builds host and exchange. @throws as `openHost` */
export async function openSwarm(repo: Repo, { listen = repo.config.Addresses.Swarm }: OnlineOptions): Promise<Swarm> {
  const host = await openHost({ identity: identityOf(repo.config), listen })
  try {
    const network = await openLibp2pNetwork(host.libp2p)
    const gateways = openGatewayNetwork({ clock: systemClock })
    const bitswap = openBitswap({
      network: joinNetworks(network, gateways),
      store: repo.blocks,
      clock: systemClock,
    })
    for (const url of repo.config.Cairn?.Gateways ?? []) gateways.keep(url)
    return {
      host,
      bitswap,
      connect: (address, options) =>
        /^https?:/.test(address) ? gateways.add(address, options) : host.connect(address, options),
      async close() {
        try {
          await bitswap.close()
          await gateways.close()
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
