// What other packages may use of the exchange.
export { Accounts, type Account } from './accounts.ts'
export { openBitswap, type Bitswap, type BitswapParts, type BitswapStats } from './bitswap.ts'
export type {
  AskStanding,
  BlockUse,
  FetchEvent,
  FetchObserver,
  MoveReason,
  WaitReason,
  WantStanding,
} from './client/fetch-trace.ts'
export { openGatewayNetwork, type GatewayNetwork } from './gateway/gateway-network.ts'
export { joinNetworks } from './joined-network.ts'
export { openLibp2pNetwork } from './libp2p/libp2p-network.ts'
export { decodeMessage, downgradeMessage, encodeMessage } from './message.ts'
export { Offenders } from './guard/offenders.ts'
export { Refusals, type RefusalCounts, type RefusalReason } from './guard/refusals.ts'
export { RateLimiter, type RateLimits, type RatePlan, type RateSpan } from './rate-limit.ts'
export { servePolicy, type ServeLists } from './server/serve-policy.ts'
export { systemClock } from './system-clock.ts'
