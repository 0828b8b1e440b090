// What of a config nobody is shown who may read the rest: the private key, the secrets of the RPC, and, as in Kubo, the keys of
// pinning services, which mean nothing here and are kept for programs to which they do.
import { CairnError } from '@cairn/core'

/** An object of JSON. */
export type Section = Record<string, unknown>

/** `config` without what is hidden. */
export function withoutHidden(config: Section): Section {
  const { PrivKey: _, ...identity } = sectionIn(config, 'Identity') ?? {}
  const { Authorizations: _secrets, ...api } = sectionIn(config, 'API') ?? {}
  const services = mapServices(config, (service) => {
    const { Key: _key, ...rest } = sectionIn(service, 'API') ?? {}
    return rest
  })
  return { ...services, Identity: identity, ...(config['API'] !== undefined && { API: api }) }
}

/** `config`, in which nothing that is hidden stands, with what is hidden of `before`. */
export function keepHidden(before: Section, config: Section): Section {
  const kept = sectionIn(before, 'API')?.['Authorizations']
  const servicesBefore = servicesIn(before)
  const services = mapServices(config, (service, name) => {
    const api = sectionIn(service, 'API') ?? {}
    const key = sectionIn(sectionIn(servicesBefore, name) ?? {}, 'API')?.['Key']
    return key === undefined || Object.hasOwn(api, 'Key') ? api : { ...api, Key: key }
  })
  return {
    ...services,
    Identity: { ...sectionIn(before, 'Identity'), ...sectionIn(config, 'Identity') },
    ...(kept !== undefined && { API: { ...sectionIn(config, 'API'), Authorizations: kept } }),
  }
}

/** @throws DENIED for a key that is, or holds, what is hidden */
export function refuseHidden(action: string, key: string): void {
  const name = key.toLowerCase()
  // Kubo refuses the whole section as well.
  if (name === 'identity' || name === 'identity.privkey' || name.startsWith('identity.privkey.'))
    throw new CairnError('DENIED', `Cannot ${action} "${key}": it is, or holds, the private key`)
  // Else whoever has a secret that opens the config would have all that the others open.
  if (name === 'api' || /^api\.authorizations(\.|$)/.test(name))
    throw new CairnError('DENIED', `Cannot ${action} "${key}": it is, or holds, secrets; edit the file of the config`)
  if (/^pinning(\.remoteservices(\..+)?)?$/.test(name) && !/\.(policies|api\.endpoint)(\.|$)/.test(name))
    throw new CairnError('DENIED', `Cannot ${action} "${key}": it is, or holds, secrets; edit the file of the config`)
}

/** The section `name` of `section`, where there is one. */
export function sectionIn(section: Section, name: string): Section | undefined {
  const found = Object.hasOwn(section, name) ? section[name] : undefined
  return isSection(found) ? found : undefined
}

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function servicesIn(config: Section): Section {
  return sectionIn(sectionIn(config, 'Pinning') ?? {}, 'RemoteServices') ?? {}
}

/** `config` with what `map` makes of the section `API` of each pinning service. */
function mapServices(config: Section, map: (service: Section, name: string) => Section): Section {
  const services = Object.entries(servicesIn(config))
  if (services.length === 0) return config
  const RemoteServices = Object.fromEntries(
    services.map(([name, row]) => [name, isSection(row) && 'API' in row ? { ...row, API: map(row, name) } : row]),
  )
  return { ...config, Pinning: { ...sectionIn(config, 'Pinning'), RemoteServices } }
}
