// The network side of a node: host, message transport and exchange, built on an open repo. Loaded only when online.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Accounts,
  joinNetworks,
  Offenders,
  openBitswap,
  openGatewayNetwork,
  openLibp2pNetwork,
  RateLimiter,
  Refusals,
  systemClock,
  type Bitswap,
  type FetchEvent,
} from '@cairn/exchange'
import {
  CairnError,
  isCairnError,
  systemError,
  type AbortOptions,
  type KeyValueStore,
  type Logger,
  type Loggers,
  type PeerId,
} from '@cairn/core'
import { canListen, openHost, Peering, readSwarmKey, type Host } from '@cairn/network'
import { identityOf } from './config/config.ts'
import { ACCOUNTS_SAVE_MS } from './limits.ts'
import { applySettings, watchSettings } from './config/live-settings.ts'
import type { Repo } from './repo.ts'
import { ProviderSearch, type SearchEvent } from './routing/provider-search.ts'
import { refusedOf } from './config/swarm-config.ts'

/** How a node meets its peers. */
export interface OnlineOptions {
  /** Multiaddrs to listen on; those of the config by default, an empty list for a node that only dials. */
  readonly listen?: readonly string[] | undefined
  /**
   * Told when the config has changed into one that does not read, whereupon the settings from before go on, and of each address
   * in it that has no transport of ours, which is left out.
   */
  readonly onBadConfig?: ((error: CairnError) => void) | undefined
  /** Follows name and version of this program in what peers are told of it. */
  readonly agentSuffix?: string | undefined
}

/** What a swarm is opened with. */
interface SwarmOptions extends OnlineOptions {
  readonly logs?: Loggers | undefined
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
  /** Tells `observer` what the exchange does, and the search for providers; see `FetchObserver` of the exchange. */
  observe(observer: (event: FetchEvent | SearchEvent) => void): () => void
  close(): Promise<void>
}

/** Builds host and exchange. @throws as `openHost`, INVALID for a damaged swarm key */
export async function openSwarm(repo: Repo, options: SwarmOptions): Promise<Swarm> {
  const { onBadConfig = () => undefined, agentSuffix, logs } = options
  const { listen = usable(repo.config.Addresses.Swarm, onBadConfig) } = options
  const refusals = new Refusals()
  const offenders = new Offenders(systemClock, refusals)
  const host = await openHost(
    {
      identity: identityOf(repo.config),
      listen,
      swarmKey: await swarmKeyOf(repo.path),
      refuse: refusedOf(repo.config, repo.config.Cairn),
      doorkeeper: offenders,
      agentSuffix,
      discover: listen.length > 0 && repo.config.Discovery?.MDNS?.Enabled === true,
      logger: logs?.('network'),
    },
    { connectionsMax: repo.config.Swarm?.ConnMgr?.HighWater },
  )
  try {
    return await buildSwarm(repo, { host, offenders, refusals }, { onBadConfig, logger: logs?.('exchange') })
  } catch (error) {
    await host.close()
    throw error
  }
}

/** The addresses to listen on of a config that may be Kubo's, which has transports that we lack. */
function usable(addresses: readonly string[], onBadConfig: (error: CairnError) => void): readonly string[] {
  return addresses.filter((address) => {
    if (canListen(address)) return true
    onBadConfig(
      new CairnError('UNSUPPORTED', `Cannot listen on ${address}: this version has only TCP and WebSocket over it`),
    )
    return false
  })
}

interface Telling {
  readonly onBadConfig: (error: CairnError) => void
  /** Of the exchange. */
  readonly logger: Logger | undefined
}

/** The host, and who is refused there. */
interface Door {
  readonly host: Host
  readonly offenders: Offenders
  readonly refusals: Refusals
}

async function buildSwarm(
  repo: Repo,
  { host, offenders, refusals }: Door,
  { onBadConfig, logger }: Telling,
): Promise<Swarm> {
  const limiter = new RateLimiter({ clock: systemClock, weekMinute, isLocal: (peer) => isLocal(host, peer) })
  const accounts = new Accounts(await repo.meta.get(ACCOUNTS_KEY))
  const network = await openLibp2pNetwork(host.libp2p, { refusals, offenders, logger })
  const gateways = openGatewayNetwork({ clock: systemClock })
  const bitswap = openBitswap({
    network: joinNetworks(network, gateways),
    store: repo.blocks,
    clock: systemClock,
    limiter,
    accounts,
    refusals,
    logger,
  })
  const peering = new Peering({
    connect: ({ peer, addresses }, options) => host.connectPeer(peer, addresses, options),
    spare: (peer, isSpared) => host.spare(peer, isSpared),
    isConnected: (peer) => host.isConnected(peer),
    clock: systemClock,
    random: Math.random,
  })
  const search = new ProviderSearch({
    bitswap,
    connect: ({ peer, addresses }, signal) => host.connectPeer(peer, addresses, { signal }),
    connectGateway: async (url, signal) => void (await gateways.find(url, { signal })),
    self: host.peerId,
    clock: systemClock,
  })
  const unwatchPeers = host.watch({ disconnected: (peer) => peering.disconnected(peer) })
  const parts = { host, bitswap, gateways, peering, limiter, search }
  applySettings(parts, repo.config)
  const unwatch = watchSettings(parts, repo.settings, onBadConfig)
  const saving = setInterval(() => void saveAccounts(repo.meta, accounts), ACCOUNTS_SAVE_MS).unref()
  return {
    host,
    bitswap,
    connect: (address, options) =>
      /^https?:/.test(address) ? gateways.add(address, options) : host.connect(address, options),
    observe(observer) {
      const leave = [bitswap.observe(observer), search.observe(observer)]
      return () => leave.forEach((end) => end())
    },
    async close() {
      unwatch()
      unwatchPeers()
      clearInterval(saving)
      peering.close()
      await search.close()
      try {
        await bitswap.close()
        await gateways.close()
        await network.close()
        await saveAccounts(repo.meta, accounts)
      } finally {
        await host.close()
      }
    },
  }
}

/** Record of the bytes that passed between peers and us. */
const ACCOUNTS_KEY = 'bitswap/accounts'

/** Only people look at it, so one that cannot be written, as on a full disk, stops nothing. */
async function saveAccounts(records: KeyValueStore, accounts: Accounts): Promise<void> {
  if (!accounts.isChanged) return
  try {
    await records.batch([{ key: ACCOUNTS_KEY, value: accounts.encode() }])
  } catch (error) {
    if (!isCairnError(error)) throw error
  }
}

/** The key of the private network in the file that Kubo has it in, if there is one. */
async function swarmKeyOf(repoPath: string): Promise<Uint8Array | undefined> {
  const path = join(repoPath, 'swarm.key')
  try {
    return readSwarmKey(await readFile(path, 'utf8'))
  } catch (cause) {
    if (isCairnError(cause)) throw cause
    const error = systemError(`read ${path}`, cause)
    if (!isCairnError(error, 'NOT_FOUND')) throw error
    if (process.env['LIBP2P_FORCE_PNET'] !== '1') return undefined
    throw new CairnError('DENIED', `Cannot go online: LIBP2P_FORCE_PNET is set, and there is no ${path}`)
  }
}

/** A gateway has a URL in place of a peer id. */
function isLocal(host: Host, peer: PeerId): boolean {
  return !peer.includes(':') && host.isLocal(peer)
}

function weekMinute(): number {
  const now = new Date()
  return (now.getDay() * 24 + now.getHours()) * 60 + now.getMinutes()
}
