// Settings of the HTTP gateway in the config, section `Gateway`. Names and forms are Kubo's.
import { CairnError, parseDuration } from '@cairn/core'

/** Settings of the section `Gateway`. */
export interface GatewayConfig {
  /** Whether strangers get only what is here, and nothing is fetched for them; false by default. */
  readonly NoFetch?: boolean
  /** Whether files and pages are served beside what clients can verify; true by default. */
  readonly DeserializedResponses?: boolean
  /** Whether failures are text for browsers too; false by default. */
  readonly DisableHTMLErrors?: boolean
  /** Headers of every answer, by their names. */
  readonly HTTPHeaders?: Readonly<Record<string, readonly string[]>>
  /** Milliseconds without a block that is waited for until an answer is given up, from a duration such as `30s`. */
  readonly RetrievalTimeout?: number
  /** Milliseconds that one answer may take, from a duration. */
  readonly MaxRequestDuration?: number
  readonly MaxConcurrentRequests?: number
  /** Whether hosts that names lead to content for are no sites; false by default. */
  readonly NoDNSLink?: boolean
  /** What host names are for; `null` takes away what `localhost` is for by itself. */
  readonly PublicGateways?: Readonly<Record<string, PublicGateway | null>>
}

/** What a host name is for. */
export interface PublicGateway {
  /** Namespaces that it serves, as `/ipfs`. */
  readonly Paths: readonly string[]
  /** Whether each root has a host of its own below it. */
  readonly UseSubdomains?: boolean
  /** Whether names of sites stand in one label of such a host. */
  readonly InlineDNSLink?: boolean
}

/** Our own settings of the gateway. */
export interface OwnGatewayConfig {
  /** Content paths by the name of a site, in place of DNS, which is not asked. */
  readonly DNSLinks?: Readonly<Record<string, string>>
  /** Requests of one address that are answered; more get 429. Without it there is no bound. */
  readonly RequestsPerSecond?: number
}

/** @throws INVALID for a value of another form */
export function parseOwnGateway(value: unknown): OwnGatewayConfig {
  if (!isRecord(value)) throw new CairnError('INVALID', 'Cannot read the config: Cairn.Gateway must be a section')
  const { DNSLinks: links, RequestsPerSecond: rate } = value
  if (isGiven(rate) && !(typeof rate === 'number' && rate > 0))
    throw new CairnError('INVALID', 'Cannot read the config: Cairn.Gateway.RequestsPerSecond must be a number above 0')
  const rates = typeof rate === 'number' ? { RequestsPerSecond: rate } : {}
  if (!isGiven(links)) return rates
  if (!isRecord(links) || !Object.values(links).every((path) => typeof path === 'string' && /^\/ip[fn]s\//.test(path)))
    throw new CairnError(
      'INVALID',
      'Cannot read the config: Cairn.Gateway.DNSLinks must hold paths by names, as "/ipfs/CID"',
    )
  return { ...rates, DNSLinks: links as Readonly<Record<string, string>> }
}

const FLAGS = ['NoFetch', 'DeserializedResponses', 'DisableHTMLErrors', 'NoDNSLink'] as const
const DURATIONS = ['RetrievalTimeout', 'MaxRequestDuration'] as const

/** Headers that say where an answer ends and what becomes of its connection: they follow from the answer alone. */
const OF_THE_SERVER: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** @throws INVALID for a value of another form */
export function parseGateway(section: Readonly<Record<string, unknown>>): GatewayConfig {
  const found: Record<string, unknown> = {}
  for (const name of FLAGS) {
    const value = section[name]
    if (!isGiven(value)) continue
    if (typeof value !== 'boolean') throw refused(name, 'true or false')
    found[name] = value
  }
  for (const name of DURATIONS) {
    const value = section[name]
    if (!isGiven(value)) continue
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    if (ms === undefined || ms <= 0) throw refused(name, 'a duration such as "30s"')
    found[name] = ms
  }
  const { MaxConcurrentRequests: requests, HTTPHeaders: headers } = section
  if (isGiven(requests)) {
    if (typeof requests !== 'number' || !Number.isSafeInteger(requests) || requests < 1)
      throw refused('MaxConcurrentRequests', 'a number from 1')
    found['MaxConcurrentRequests'] = requests
  }
  if (isGiven(headers)) found['HTTPHeaders'] = parseHeaders(headers)
  const { PublicGateways: hosts } = section
  if (isGiven(hosts)) found['PublicGateways'] = parseHosts(hosts)
  return found
}

function parseHosts(value: unknown): Readonly<Record<string, PublicGateway | null>> {
  if (!isRecord(value)) throw refused('PublicGateways', 'settings by names of hosts')
  return Object.fromEntries(
    Object.entries(value).map(([host, settings]): [string, PublicGateway | null] => {
      if (settings === null) return [host, null]
      const { Paths = [], UseSubdomains = false, InlineDNSLink = false } = isRecord(settings) ? settings : {}
      const arePaths = Array.isArray(Paths) && Paths.every((path) => path === '/ipfs' || path === '/ipns')
      if (!isRecord(settings) || !arePaths || typeof UseSubdomains !== 'boolean' || typeof InlineDNSLink !== 'boolean')
        throw refused(`PublicGateways.${host}`, 'Paths of "/ipfs" and "/ipns", UseSubdomains and InlineDNSLink')
      return [host, { Paths: Paths as readonly string[], UseSubdomains, InlineDNSLink }]
    }),
  )
}

function parseHeaders(value: unknown): Readonly<Record<string, readonly string[]>> {
  const wrong = refused('HTTPHeaders', 'lists of texts by names of headers')
  if (!isRecord(value)) throw wrong
  for (const [name, texts] of Object.entries(value)) {
    const areTexts = Array.isArray(texts) && texts.every((text) => typeof text === 'string' && /^[\t -~]*$/.test(text))
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !areTexts) throw wrong
    if (OF_THE_SERVER.has(name.toLowerCase())) throw refused(`HTTPHeaders.${name}`, 'left to the server')
  }
  return value as Readonly<Record<string, readonly string[]>>
}

function refused(name: string, form: string): CairnError {
  return new CairnError('INVALID', `Cannot read the config: Gateway.${name} must be ${form}`)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}
