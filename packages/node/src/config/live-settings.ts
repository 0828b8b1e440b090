// The settings of a node that count while it runs: whom it stays connected to, which gateways it asks, whom it refuses and serves, and how fast. A
// change of the config file takes effect within a second; a file that does not read changes nothing until it does.
import { isCairnError, type CairnError } from '@cairn/core'
import { servePolicy, type Bitswap, type GatewayNetwork, type RateLimiter } from '@cairn/exchange'
import type { Host, Peering } from '@cairn/network'
import type { Config } from './config.ts'
import type { ProviderSearch } from '../routing/provider-search.ts'
import { routersOf } from '../routing/routing-config.ts'
import type { Settings } from './settings.ts'
import { peeringOf, ratePlanOf, refusedOf, serveListsOf } from './swarm-config.ts'

/** What settings act on. */
export interface LiveParts {
  readonly host: Host
  readonly bitswap: Bitswap
  readonly gateways: GatewayNetwork
  readonly peering: Peering
  readonly limiter: RateLimiter
  readonly search: ProviderSearch
}

/** Applies what `config` says. @throws INVALID for a range or the URL of a gateway that does not parse; the rest counts all the same */
export function applySettings({ host, bitswap, gateways, peering, limiter, search }: LiveParts, config: Config): void {
  limiter.setPlan(ratePlanOf(config.Cairn))
  bitswap.setPolicy(servePolicy(serveListsOf(config.Cairn)))
  peering.setPeers(peeringOf(config))
  search.setRouters(routersOf(config.Routing))
  try {
    gateways.setKept(config.Cairn?.Gateways ?? [])
  } finally {
    host.setRefused(refusedOf(config, config.Cairn))
  }
}

/**
 * Applies the config whenever its file changes, until the function that it gives is called. `onError` is told of a file
 * that does not read.
 */
export function watchSettings(parts: LiveParts, settings: Settings, onError: (error: CairnError) => void): () => void {
  const look = (): void => {
    settings.parsed().then(
      (config) => {
        try {
          applySettings(parts, config)
        } catch (error) {
          tell(error, onError)
        }
      },
      (error: unknown) => tell(error, onError),
    )
  }
  return settings.watch(look)
}

function tell(error: unknown, onError: (error: CairnError) => void): void {
  if (!isCairnError(error)) throw error
  onError(error)
}
