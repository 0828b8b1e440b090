// What other packages may use of the exchange.
export { openBitswap, type Bitswap, type BitswapParts, type BitswapStats } from './bitswap.ts'
export { openGatewayNetwork, type GatewayNetwork } from './gateway/gateway-network.ts'
export { joinNetworks } from './joined-network.ts'
export { openLibp2pNetwork } from './libp2p-network.ts'
export { systemClock } from './system-clock.ts'
