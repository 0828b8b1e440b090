// One request for content: what is asked for, where from, and the headers that every answer to it has.
import type { BlockReader, ContentPath, FoundPath } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { GatewayRequest } from '../request/gateway-request.ts'
import { encodeName, type Target } from '../request/target.ts'
import type { Wanted } from '../request/format.ts'
import type { ContentTypes } from './content-type.ts'
import type { DecodedNodes } from './decoded-nodes.ts'
import type { ReadAhead } from './read-ahead.ts'

/** What serving a request takes. */
export interface ContentCall {
  readonly request: GatewayRequest
  readonly target: Target
  readonly wanted: Wanted
  /** Root CID and the names below it. */
  readonly path: ContentPath
  /** The names that the URL has below its root. */
  readonly names: readonly string[]
  /** As it was asked for: `/ipfs/CID/name` or `/ipns/NAME/name`, decoded, with the slash at its end. */
  readonly shownPath: string
  /** Whether the URL ends with a slash. */
  readonly isDirectory: boolean
  /** Of content that may change: for how many seconds it does not, where that is known. */
  readonly mutable: { readonly ttlSeconds: number | undefined } | undefined
  /** Where links to other roots begin: empty on the same host, `//localhost:8080` from a host of one root. */
  readonly gatewayUrl: string
  /** Where the path of the root begins on this host: `/ipfs/CID`, or nothing on a host of its own. */
  readonly rootUrl: string
  /** Of an answer that has the content of another path; 200 by default. */
  readonly status?: number
  readonly reader: BlockReader
  readonly readAhead: ReadAhead
  readonly types: ContentTypes
  readonly nodes: DecodedNodes
  readonly signal: AbortSignal
}

/** Seconds that what never changes is kept, about eleven months. Source: kubo. */
const IMMUTABLE = 'public, max-age=29030400, immutable'

/** For pages that a newer version of this program may make otherwise. Source: kubo. */
const GENERATED = 'public, max-age=604800, stale-while-revalidate=2678400'

/** How long an answer may be kept. */
export function cacheControl(
  { mutable }: Pick<ContentCall, 'mutable'>,
  isGenerated = false,
): Readonly<Record<string, string>> {
  if (mutable === undefined) return { 'Cache-Control': isGenerated ? GENERATED : IMMUTABLE }
  return mutable.ttlSeconds === undefined ? {} : { 'Cache-Control': `public, max-age=${mutable.ttlSeconds}` }
}

/** Headers that tell what was found. */
export function pathHeaders(call: ContentCall, { trail }: Pick<FoundPath, 'trail'>): Readonly<Record<string, string>> {
  const { path, mutable, target, wanted } = call
  const uri = mutable === undefined ? { 'Ipfs-Uri': uriOf(path, call.isDirectory) } : nameUri(call)
  const location =
    wanted.isByAccept && wanted.format !== undefined ? { 'Content-Location': locationOf(target, wanted) } : {}
  return { 'X-Ipfs-Path': headerText(call.shownPath), 'X-Ipfs-Roots': trail.join(','), ...uri, ...location }
}

/** The CID as URLs have it, with the names below it. */
function uriOf({ root, names }: ContentPath, isDirectory: boolean): string {
  const end = isDirectory ? '/' : ''
  return `ipfs://${[root.toV1(), ...names.map(encodeName)].join('/')}${end}`
}

/** A name without a dot means something else on each network. */
function nameUri({ shownPath, names, isDirectory }: ContentCall): Readonly<Record<string, string>> {
  const [, , name = ''] = shownPath.split('/')
  const end = isDirectory ? '/' : ''
  return name.includes('.') ? { 'Ipfs-Uri': `ipns://${[name, ...names.map(encodeName)].join('/')}${end}` } : {}
}

/** The URL that gives the same without an Accept header. */
function locationOf({ path, query }: Target, { format, parameters }: Wanted): string {
  const found = new URLSearchParams(query)
  found.set('format', String(format))
  if (format === 'car') {
    for (const name of ['version', 'order', 'dups']) {
      const value = parameters.get(name)
      if (value !== undefined && !found.has(`car-${name}`)) found.set(`car-${name}`, value)
    }
  }
  return `${path}?${found}`
}

/** Text for a header: its UTF-8 bytes, or, where it could end the header, percent-encoded. */
export function headerText(text: string): string {
  if (/\p{Cc}/u.test(text)) return encodeURI(text.toWellFormed())
  return Buffer.from(text).toString('latin1')
}

/** The header that names what is sent; `attachment` makes browsers save it. */
export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const text = name.toWellFormed()
  const ascii = text.replaceAll(/[^ -~]/gu, '_').replaceAll(/["\\]/g, (character) => `\\${character}`)
  if (/^[ -~]*$/.test(text)) return `${kind}; filename="${ascii}"`
  const encoded = encodeURIComponent(text).replaceAll(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

/** The tag of content that its CID and a form determine. */
export function etagOf(cid: CID, suffix = ''): string {
  return `"${cid}${suffix === '' ? '' : `.${suffix}`}"`
}
