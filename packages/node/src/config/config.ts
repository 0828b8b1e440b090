// The `config` file of a repo: JSON with Kubo's names where Kubo has the setting. Only settings that do something
// stand in it; keys that this version does not know are left alone.
import type { Durability } from '@cairn/blockstore'
import { CairnError } from '@cairn/core'
import { generateIdentity, readIdentity, type Identity, type IdentityConfig } from '@cairn/network/identity'
import { listenAddresses, parseApi, parseOwnApi, type ApiConfig, type OwnApiConfig } from './api-config.ts'
import { parseGateway, parseOwnGateway, type GatewayConfig, type OwnGatewayConfig } from './gateway-config.ts'
import { parseMounts, type MountsConfig } from './mounts-config.ts'
import { parseLogConfig, type LogConfig } from './log-config.ts'
import { LAN_ADDRESSES, PROFILES, type RepoProfile } from './profiles.ts'
import { parseRouting, type RoutingConfig } from '../routing/routing-config.ts'
import { parseOwnSwarm, parseSwarm, type OwnSwarmConfig, type SwarmConfig } from './swarm-config.ts'
import { parseDatastore, storageLimitOf, type DatastoreConfig, type StorageLimit } from '../storage/storage-limit.ts'

/** The settings of a repo. */
export interface Config extends SwarmConfig {
  readonly Identity: IdentityConfig
  readonly Addresses: {
    /** Multiaddrs that an online node listens on. */
    readonly Swarm: readonly string[]
    /** Multiaddrs that the RPC of a daemon listens on. */
    readonly API: readonly string[]
    /** Multiaddrs that the HTTP gateway of a daemon listens on; none for no gateway. */
    readonly Gateway: readonly string[]
  }
  readonly API?: ApiConfig
  readonly Gateway?: GatewayConfig
  /** Multiaddrs of peers to meet first. */
  readonly Bootstrap?: readonly string[]
  readonly Mounts?: MountsConfig
  readonly Routing?: RoutingConfig
  readonly Datastore?: DatastoreConfig
  readonly Cairn?: OwnSwarmConfig & {
    /** What an acknowledged write survives: see `Durability`; `sync` by default. */
    readonly Durability?: Durability
    /** URLs of trustless gateways that an online node fetches from, beside its peers; none by default. */
    readonly Gateways?: readonly string[]
    readonly API?: OwnApiConfig
    readonly Gateway?: OwnGatewayConfig
    readonly Log?: LogConfig
  }
}

/** A config with a new identity, of profile `lan` and then all of `profiles`. */
export function newConfig(...profiles: readonly RepoProfile[]): Config {
  const { peerId, privateKey } = generateIdentity()
  const base: Readonly<Record<string, unknown>> = {
    Identity: { PeerID: peerId, PrivKey: privateKey },
    Addresses: {},
    // What starts Kubo by its path writes into this section, and takes it to be there.
    API: { HTTPHeaders: {} },
    Bootstrap: [],
  }
  const applied = [PROFILES.lan, ...profiles.map((name) => PROFILES[name])].reduce(
    (config: Readonly<Record<string, unknown>>, apply) => apply(config),
    base,
  )
  return parseConfig(JSON.stringify(applied))
}

/**
 * Reads the text of a config file.
 *
 * @throws INVALID when it is no JSON or a setting has the wrong form
 */
export function parseConfig(text: string): Config {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot read the config: ${String(cause)}`, { cause })
  }
  const { PeerID, PrivKey } = section(value, 'Identity')
  const { Swarm, API = LAN_ADDRESSES.API, Gateway = [] } = section(value, 'Addresses')
  if (typeof PeerID !== 'string' || typeof PrivKey !== 'string') {
    throw new CairnError('INVALID', 'Cannot read the config: Identity.PeerID and Identity.PrivKey must be texts')
  }
  if (!isTexts(Swarm))
    throw new CairnError('INVALID', 'Cannot read the config: Addresses.Swarm must be a list of multiaddrs')
  const whole: Readonly<Record<string, unknown>> = isRecord(value) ? value : {}
  const { Bootstrap, Datastore, Cairn } = whole
  if (Bootstrap !== undefined && Bootstrap !== null && !isTexts(Bootstrap))
    throw new CairnError('INVALID', 'Cannot read the config: Bootstrap must be a list of multiaddrs')
  return {
    Identity: { PeerID, PrivKey },
    Addresses: {
      Swarm,
      API: listenAddresses('API', API),
      Gateway: listenAddresses('Gateway', Gateway ?? []),
    },
    ...(whole['API'] !== undefined && { API: parseApi(section(value, 'API')) }),
    ...(isRecord(whole['Gateway']) && { Gateway: parseGateway(whole['Gateway']) }),
    ...(isRecord(whole['Mounts']) && { Mounts: parseMounts(whole['Mounts']) }),
    ...(isTexts(Bootstrap) && { Bootstrap }),
    ...(whole['Routing'] !== undefined && { Routing: parseRouting(section(value, 'Routing')) }),
    ...parseSwarm(whole),
    ...(Datastore !== undefined && { Datastore: parseDatastore(Datastore) }),
    ...(Cairn !== undefined && { Cairn: parseOwn(section(value, 'Cairn')) }),
  }
}

function parseOwn(own: Readonly<Record<string, unknown>>): NonNullable<Config['Cairn']> {
  const { Durability: durability, Gateways, API, Log, Gateway } = own
  if (durability !== undefined && durability !== 'sync' && durability !== 'none')
    throw new CairnError('INVALID', 'Cannot read the config: Cairn.Durability must be "sync" or "none"')
  if (Gateways !== undefined && !isTexts(Gateways))
    throw new CairnError('INVALID', 'Cannot read the config: Cairn.Gateways must be a list of URLs')
  return {
    ...(durability && { Durability: durability }),
    ...(Gateways && { Gateways }),
    ...(API !== undefined && { API: parseOwnApi(API) }),
    ...(Gateway !== undefined && { Gateway: parseOwnGateway(Gateway) }),
    ...(Log !== undefined && { Log: parseLogConfig(Log) }),
    ...parseOwnSwarm(own),
  }
}

/** The identity in a config. @throws INVALID when its parts do not belong together */
export function identityOf({ Identity: identity }: Config): Identity {
  return readIdentity(identity)
}

/** How much the repo may take, `undefined` for as much as there is. */
export function limitOf({ Datastore = {} }: Config): StorageLimit | undefined {
  return storageLimitOf(Datastore)
}

function section(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const found: unknown = isRecord(value) ? value[name] : undefined
  if (!isRecord(found)) throw new CairnError('INVALID', `Cannot read the config: it has no section ${name}`)
  return found
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
