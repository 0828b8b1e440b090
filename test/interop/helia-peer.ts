// A Helia node that meets nobody but whom it dials: loopback alone, no bootstrappers, routers or gateways.
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createHeliaLight, type HeliaInit } from 'helia'

/** Only fallback routers never end a search, whatever the signal says; this one ends at once. */
const NO_ROUTER = {
  name: 'none',
  async *findProviders() {},
}

/** Starts a node with bitswap that listens on TCP, its first address, and on WebSocket, on the stores given, or in memory; it offers `encrypters` in their order. */
export async function startHelia(
  init: Pick<HeliaInit, 'blockstore' | 'datastore'> = {},
  encrypters: readonly (ReturnType<typeof tls> | ReturnType<typeof noise>)[] = [tls(), noise()],
) {
  const light = createHeliaLight({ ...init, routers: [NO_ROUTER] })
  const node = withBitswap(
    withLibp2pLight(light, {
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] },
      transports: [tcp(), webSockets()],
      connectionEncrypters: [...encrypters],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    }),
  )
  await node.start()
  return node
}
