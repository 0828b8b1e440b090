// Settings of the RPC in the config: where it listens, and which pages of other origins may call it. Names are Kubo's.
import { CairnError } from '@cairn/core'

/** Settings of the section `API`. */
export interface ApiConfig {
  /** Headers by their names; `Access-Control-Allow-Origin` has the origins that may call, `*` for all. */
  readonly HTTPHeaders?: Readonly<Record<string, readonly string[]>>
  /** Who may call, by names that say nothing to the RPC; without any, everybody who reaches it. */
  readonly Authorizations?: Readonly<Record<string, ApiAuthorization>>
}

/** One secret, and what it opens. */
export interface ApiAuthorization {
  /** `bearer:TOKEN`, `basic:USER:PASSWORD`, `basic:BASE64`, or `sha256:HEX` of the header that has the secret. */
  readonly AuthSecret: string
  /** Beginnings of paths, such as `/api/v0/cat`; none opens nothing. */
  readonly AllowedPaths: readonly string[]
  /** Cairn's own: opens only what changes nothing. */
  readonly ReadOnly?: boolean
  /** Cairn's own: whose pins its calls see, add and remove, letters, digits, `.`, `_` and `-`; the owner's by default. */
  readonly PinNamespace?: string
}

/** Our own settings of the RPC. */
export interface OwnApiConfig {
  /** Lets a daemon listen on addresses of other machines' reach without `API.Authorizations`. */
  readonly AllowPublic?: boolean
}

/** @throws INVALID for a value of another form */
export function parseApi({ HTTPHeaders: headers, Authorizations }: Readonly<Record<string, unknown>>): ApiConfig {
  if (isGiven(headers) && !(isRecord(headers) && Object.values(headers).every(isTexts)))
    throw new CairnError('INVALID', 'Cannot read the config: API.HTTPHeaders must hold lists of texts')
  if (isRecord(headers)) Object.entries(headers).forEach(([name, values]) => checkHeader(name, values))
  return {
    ...(isGiven(headers) && { HTTPHeaders: headers as Readonly<Record<string, readonly string[]>> }),
    ...(isGiven(Authorizations) && { Authorizations: parseAuthorizations(Authorizations) }),
  }
}

/** @throws INVALID for a value of another form */
export function parseOwnApi(value: unknown): OwnApiConfig {
  const { AllowPublic } = isRecord(value) ? value : {}
  if (!isRecord(value) || (AllowPublic !== undefined && typeof AllowPublic !== 'boolean'))
    throw new CairnError('INVALID', 'Cannot read the config: Cairn.API.AllowPublic must be true or false')
  return AllowPublic === undefined ? {} : { AllowPublic }
}

/** Headers on which it depends where an answer ends. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function checkHeader(name: string, values: unknown): void {
  const isName = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !FRAMING.has(name.toLowerCase())
  // Characters that would begin another header.
  const areValues = isTexts(values) && values.every((value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value))
  if (!isName || !areValues)
    throw new CairnError(
      'INVALID',
      `Cannot read the config: API.HTTPHeaders may not set ${JSON.stringify(name)} to this`,
    )
}

function parseAuthorizations(value: unknown): Readonly<Record<string, ApiAuthorization>> {
  const refused = (name: string) =>
    new CairnError('INVALID', `Cannot read the config: ${name} must have AuthSecret, a text, and AllowedPaths, a list`)
  if (!isRecord(value)) throw refused('each of API.Authorizations')
  return Object.fromEntries(
    Object.entries(value).map(([name, row]): [string, ApiAuthorization] => {
      const { AuthSecret, AllowedPaths = [], ReadOnly, PinNamespace } = isRecord(row) ? row : {}
      if (typeof AuthSecret !== 'string' || !isTexts(AllowedPaths)) throw refused(`API.Authorizations.${name}`)
      if (ReadOnly !== undefined && typeof ReadOnly !== 'boolean')
        throw new CairnError(
          'INVALID',
          `Cannot read the config: API.Authorizations.${name}.ReadOnly must be true or false`,
        )
      if (PinNamespace !== undefined && !isNamespace(PinNamespace))
        throw new CairnError(
          'INVALID',
          `Cannot read the config: API.Authorizations.${name}.PinNamespace must be 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-"`,
        )
      const own = { ...(ReadOnly !== undefined && { ReadOnly }), ...(PinNamespace !== undefined && { PinNamespace }) }
      return [name, { AuthSecret, AllowedPaths, ...own }]
    }),
  )
}

/** One multiaddr or several, as Kubo has them. @throws INVALID for anything else */
export function listenAddresses(name: 'API' | 'Gateway', value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (isTexts(value)) return value
  throw new CairnError('INVALID', `Cannot read the config: Addresses.${name} must be a multiaddr or a list of them`)
}

function isNamespace(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]{1,64}$/.test(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
