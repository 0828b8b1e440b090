// Settings of mounts in the config, section `Mounts`. Names are Kubo's.
import { CairnError } from '@cairn/core'
import { listenAddresses } from './api-config.ts'

/** Settings of the section `Mounts`. */
export interface MountsConfig {
  /** Folder at which `cairn daemon --mount` shows the mutable files. */
  readonly MFS?: string
  /** Folder at which it shows content by CID. */
  readonly IPFS?: string
  /** Whether other users of this machine may look into mounts; false by default. */
  readonly FuseAllowOther?: boolean
  /** Cairn's own: a folder that a daemon shares by WebDAV. */
  readonly WebDAV?: WebDavConfig
}

/** Settings of a WebDAV share. */
export interface WebDavConfig {
  /** Multiaddrs that it listens on. */
  readonly Address: readonly string[]
  /** What it shows: `/mfs`, by default, a folder below it, or `/ipfs/CID`. */
  readonly Path: string
}

/** @throws INVALID for a value of another form */
export function parseMounts(section: Readonly<Record<string, unknown>>): MountsConfig {
  const found: { -readonly [Name in keyof MountsConfig]: MountsConfig[Name] } = {}
  for (const name of ['MFS', 'IPFS'] as const) {
    const value = section[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string' || !value.startsWith('/'))
      throw new CairnError('INVALID', `Cannot read the config: Mounts.${name} must be the path of a folder, from / on`)
    found[name] = value
  }
  if (section['WebDAV'] !== undefined && section['WebDAV'] !== null) found.WebDAV = parseWebDav(section['WebDAV'])
  const allows = section['FuseAllowOther']
  if (allows === undefined || allows === null) return found
  if (typeof allows !== 'boolean')
    throw new CairnError('INVALID', 'Cannot read the config: Mounts.FuseAllowOther must be true or false')
  return { ...found, FuseAllowOther: allows }
}

function parseWebDav(value: unknown): WebDavConfig {
  const wrong = new CairnError(
    'INVALID',
    'Cannot read the config: Mounts.WebDAV must have Address, a multiaddr, and may have Path, as "/mfs/shared"',
  )
  if (typeof value !== 'object' || value === null || !('Address' in value)) throw wrong
  const path = 'Path' in value ? value.Path : '/mfs'
  if (typeof path !== 'string' || !path.startsWith('/')) throw wrong
  return { Address: listenAddresses('API', value.Address), Path: path }
}
