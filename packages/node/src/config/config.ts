// The `config` file of a repo: JSON with Kubo's names where Kubo has the setting. Only settings that do something
// stand in it; keys that this version does not know are left alone.
import type { Durability } from '@cairn/blockstore'
import { CairnError } from '@cairn/core'
import { generateIdentity, readIdentity, type Identity, type IdentityConfig } from '@cairn/network/identity'
import { apiAddresses, parseApi, parseOwnApi, type ApiConfig, type OwnApiConfig } from './api-config.ts'
import { parseOwnSwarm, parseSwarm, type OwnSwarmConfig, type SwarmConfig } from './swarm-config.ts'
import { parseDatastore, storageLimitOf, type DatastoreConfig, type StorageLimit } from '../storage-limit.ts'

/** The settings of a repo. */
export interface Config extends SwarmConfig {
  readonly Identity: IdentityConfig
  readonly Addresses: {
    /** Multiaddrs that an online node listens on. */
    readonly Swarm: readonly string[]
    /** Multiaddrs that the RPC of a daemon listens on. */
    readonly API: readonly string[]
  }
  readonly API?: ApiConfig
  readonly Datastore?: DatastoreConfig
  readonly Cairn?: OwnSwarmConfig & {
    /** What an acknowledged write survives: see `Durability`; `sync` by default. */
    readonly Durability?: Durability
    /** URLs of trustless gateways that an online node fetches from, beside its peers; none by default. */
    readonly Gateways?: readonly string[]
    readonly API?: OwnApiConfig
  }
}

/** Names of the profiles that a repo can be made with. */
export type RepoProfile = 'lan' | 'test'

/** Listen addresses by profile: `lan` takes peers on all interfaces, `test` on loopback alone. Only `lan` looks for peers by
 * itself, and only on the LAN. */
const ADDRESSES: Readonly<Record<RepoProfile, Config['Addresses']>> = {
  lan: { Swarm: ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001'], API: ['/ip4/127.0.0.1/tcp/5001'] },
  test: { Swarm: ['/ip4/127.0.0.1/tcp/0'], API: ['/ip4/127.0.0.1/tcp/0'] },
}

/** A config with a new identity. */
export function newConfig(profile: RepoProfile): Config {
  const { peerId, privateKey } = generateIdentity()
  return {
    Identity: { PeerID: peerId, PrivKey: privateKey },
    Addresses: ADDRESSES[profile],
    Discovery: { MDNS: { Enabled: profile === 'lan' } },
  }
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
  const { Swarm, API = ADDRESSES.lan.API } = section(value, 'Addresses')
  if (typeof PeerID !== 'string' || typeof PrivKey !== 'string') {
    throw new CairnError('INVALID', 'Cannot read the config: Identity.PeerID and Identity.PrivKey must be texts')
  }
  if (!isTexts(Swarm))
    throw new CairnError('INVALID', 'Cannot read the config: Addresses.Swarm must be a list of multiaddrs')
  const whole: Readonly<Record<string, unknown>> = isRecord(value) ? value : {}
  const { Datastore, Cairn } = whole
  return {
    Identity: { PeerID, PrivKey },
    Addresses: { Swarm, API: apiAddresses(API) },
    ...(whole['API'] !== undefined && { API: parseApi(section(value, 'API')) }),
    ...parseSwarm(whole),
    ...(Datastore !== undefined && { Datastore: parseDatastore(Datastore) }),
    ...(Cairn !== undefined && { Cairn: parseOwn(section(value, 'Cairn')) }),
  }
}

function parseOwn(own: Readonly<Record<string, unknown>>): NonNullable<Config['Cairn']> {
  const { Durability: durability, Gateways, API } = own
  if (durability !== undefined && durability !== 'sync' && durability !== 'none')
    throw new CairnError('INVALID', 'Cannot read the config: Cairn.Durability must be "sync" or "none"')
  if (Gateways !== undefined && !isTexts(Gateways))
    throw new CairnError('INVALID', 'Cannot read the config: Cairn.Gateways must be a list of URLs')
  return {
    ...(durability && { Durability: durability }),
    ...(Gateways && { Gateways }),
    ...(API !== undefined && { API: parseOwnApi(API) }),
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
