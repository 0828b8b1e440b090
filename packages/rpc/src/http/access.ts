// Who may call: pages of other origins may not, nor names that lead to this machine by a trick, nor anybody without the
// secret where there is one. Source: kubo core/corehttp/commands.go, go-ipfs-cmds http/config.go.
import type { IncomingMessage } from 'node:http'
import { findAuthorization, opens, type Authorization } from './authorization.ts'

/** Who may call, as the config says it. */
export interface AccessSettings {
  /** Origins that may call beside those of this machine, `*` for all. */
  readonly origins: readonly string[]
  /** Secrets, of which every call has to bring one along; none for a server that asks for none. */
  readonly authorizations?: readonly Authorization[] | undefined
  /** Headers of every answer, beside our own. Those that begin with `Access-Control-` go to pages that may call. */
  readonly headers?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Origins of extensions that bring pages to a node of their own. Source: kubo. */
const EXTENSIONS: ReadonlySet<string> = new Set([
  'chrome-extension://nibjojkomfdiaoajekhjakgkdhaomnch',
  'chrome-extension://hjoieblefckbooibpepigmacodalfndh',
])

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether pages like that of `request`, on a server at `port`, may call. */
export function mayCall({ headers }: IncomingMessage, settings: AccessSettings, port: number | undefined): boolean {
  const { origins, authorizations = [] } = settings
  const { origin, referer, host = '', 'user-agent': agent = '' } = headers
  const isAllowed = (text: string): boolean =>
    isOwnOrigin(text, port) || origins.includes('*') || origins.includes(text)
  if (origin !== undefined && !isAllowed(origin)) return false
  if (referer !== undefined && !isAllowed(originOf(referer) ?? referer)) return false
  // A browser that hides where its page comes from.
  const isBrowser = agent.startsWith('Mozilla') && !agent.includes('Electron')
  if (isBrowser && origin === undefined && referer === undefined) return false
  // Nobody can have a browser send a secret that it does not know, so then the name does not matter.
  const hasSecret = findAuthorization(headers.authorization, authorizations) !== undefined
  return hasSecret || isOwnName(host) || origins.some((allowed) => hostOf(allowed) === host)
}

/** What a call may do where no secret is asked for. */
const EVERYTHING: Authorization = { digest: new Uint8Array(0), allowedPaths: [''] }

/** What `request` brings along that opens `path`, or `undefined` where it brings nothing that does. */
export function authorizationFor(
  { headers }: Pick<IncomingMessage, 'headers'>,
  settings: AccessSettings,
  path: string,
): Authorization | undefined {
  const { authorizations = [] } = settings
  if (authorizations.length === 0) return EVERYTHING
  const found = findAuthorization(headers.authorization, authorizations)
  return found !== undefined && opens(found, path) ? found : undefined
}

/** The headers of every answer: those of the config, and those that let a page of `origin`, which may call, read it. */
export function answerHeaders(
  origin: string | undefined,
  { headers = {} }: AccessSettings,
): Readonly<Record<string, string | readonly string[]>> {
  const own = Object.entries(headers).map(([name, values]) => ({ name: name.toLowerCase(), values }))
  const [forPages, forAll] = [true, false].map((isForPages) =>
    own.filter(({ name }) => name.startsWith('access-control-') === isForPages),
  )
  const set = Object.fromEntries((forAll ?? []).map(({ name, values }) => [name, values]))
  if (origin === undefined) return set
  return {
    ...set,
    'access-control-allow-methods': 'GET, POST, PUT',
    'access-control-allow-headers':
      'Authorization, Content-Type, X-Requested-With, Range, X-Stream-Output, X-Chunked-Output',
    'access-control-expose-headers': 'X-Stream-Output, X-Chunked-Output, X-Content-Length',
    vary: 'Origin',
    ...Object.fromEntries((forPages ?? []).map(({ name, values }) => [name, values.join(', ')])),
    // The one that asks, and never `*` beside credentials.
    'access-control-allow-origin': origin,
  }
}

function isOwnOrigin(origin: string, port: number | undefined): boolean {
  if (EXTENSIONS.has(origin)) return true
  const url = urlOf(origin)
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || !LOCAL_NAMES.has(url.hostname)) return false
  return Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port) === port
}

/** An address, or a name that nobody else can let lead here: else a page could reach us under its own name. */
function isOwnName(host: string): boolean {
  const hostname = urlOf(`http://${host}`)?.hostname
  if (hostname === undefined) return host === ''
  return LOCAL_NAMES.has(hostname) || hostname.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(hostname)
}

function originOf(text: string): string | undefined {
  const url = urlOf(text)
  return url && `${url.protocol}//${url.host}`
}

function hostOf(origin: string): string | undefined {
  return urlOf(origin)?.host
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
