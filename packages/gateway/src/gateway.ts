// The gateway: from a request to an answer, without a socket. `handle` is the same for web-standard requests.
import { parseCid, type ContentPath } from '@cairn/core'
import { bytesOf, type GatewayAnswer } from './content/answer.ts'
import type { CID } from 'multiformats/cid'
import type { GatewayBackend } from './backend.ts'
import type { ContentCall } from './content/call.ts'
import { ContentTypes } from './content/content-type.ts'
import { DecodedNodes } from './content/decoded-nodes.ts'
import { failureAnswer } from './content/failure-page.ts'
import { ReadAhead } from './content/read-ahead.ts'
import { RecentBlocks } from './content/recent-blocks.ts'
import { serveContent } from './content/serve.ts'
import { failingWith, failureOf, HttpFailure } from './content/failure.ts'
import {
  Hosts,
  hostOf,
  LOCALHOST,
  rootUrlOf,
  shownPathOf,
  type HostRoute,
  type HostSettings,
  type Namespace,
} from './host/hosts.ts'
import { resolveName, type NamedContent } from './host/names.ts'
import { GATEWAY_LIMITS, ROOTS_KEPT, type GatewayLimits } from './limits.ts'
import { wantedOf } from './request/format.ts'
import { requestOf, type GatewayRequest } from './request/gateway-request.ts'
import { decodePath, parseTarget, type DecodedPath, type Target } from './request/target.ts'
import { Waiting } from './request/waiting.ts'

/** What a gateway does. */
export interface GatewaySettings {
  /** Whether files, directories and pages are served, and not only what clients can verify; true by default. [Gateway.DeserializedResponses] */
  readonly deserializes?: boolean
  /** Whether browsers get failures as text too; false by default. [Gateway.DisableHTMLErrors] */
  readonly hasTextErrors?: boolean
  /** What host names are for; `localhost` alone by default. [Gateway.PublicGateways] */
  readonly hosts?: Readonly<Record<string, HostSettings>>
  /** Whether hosts that names lead to content for are sites; true by default. [Gateway.NoDNSLink] */
  readonly servesSites?: boolean
  /** Headers that are put on every answer, by their names. [Gateway.HTTPHeaders] */
  readonly headers?: Readonly<Record<string, readonly string[]>>
  /** What of its bounds is not as it is by default. */
  readonly limits?: Partial<GatewayLimits>
}

/** Pages of other origins may read everything: content by CID belongs to none. */
const CORS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': 'Content-Type, Range, User-Agent, X-Requested-With',
  'Access-Control-Expose-Headers':
    'Content-Length, Content-Range, X-Chunked-Output, X-Stream-Output, X-Ipfs-Path, X-Ipfs-Roots',
}

/** Of these the values that are set replace ours; to the other two they are added. Source: boxo. */
const REPLACED: ReadonlySet<string> = new Set(['access-control-allow-origin', 'access-control-allow-methods'])

/** Serves content over HTTP. */
export class Gateway {
  readonly limits: GatewayLimits
  readonly #backend: GatewayBackend
  readonly #settings: GatewaySettings
  readonly #headers: Readonly<Record<string, string>>
  readonly #readAhead = new ReadAhead()
  readonly #types = new ContentTypes()
  readonly #nodes = new DecodedNodes()
  readonly #hosts: Hosts
  /** The last roots by their texts: a CID that is read anew is written anew too, many times for one request. */
  readonly #roots = new Map<string, CID>()

  constructor(backend: GatewayBackend, settings: GatewaySettings = {}) {
    this.#backend = {
      blocks: new RecentBlocks(backend.blocks),
      has: (cid) => backend.has(cid),
      archive: (items, name) => backend.archive(items, name),
      resolveName:
        backend.resolveName && ((name, options) => backend.resolveName?.(name, options) ?? Promise.resolve(undefined)),
    }
    this.#hosts = new Hosts(settings.hosts ?? { localhost: LOCALHOST })
    this.#settings = settings
    this.limits = { ...GATEWAY_LIMITS, ...settings.limits }
    this.#headers = headersWith(settings.headers ?? {})
  }

  /** Answers a request; never rejects. Nothing of the body is read before it is iterated, which has to be within `waiting`. */
  async answer(request: GatewayRequest, waiting: Waiting): Promise<GatewayAnswer> {
    const answer = await this.#route(request, waiting).catch((error: unknown) => this.refuse(request, error))
    const isBare = request.method === 'HEAD' || answer.status === 304 || answer.status === 204
    const none = answer.body === undefined && !isBare ? { 'Content-Length': '0' } : {}
    return {
      ...answer,
      headers: { ...this.#headers, ...none, ...answer.headers },
      body: isBare ? undefined : answer.body,
    }
  }

  /** The answer to a request that fails with `error`. */
  refuse({ headers }: GatewayRequest, error: unknown): GatewayAnswer {
    const isForPeople = this.#settings.hasTextErrors !== true && (headers.get('accept') ?? '').includes('text/html')
    return failureAnswer(failureOf(error), isForPeople)
  }

  /** Answers a web-standard request. A failure in the middle of the body is one of its stream. */
  async handle(request: Request): Promise<Response> {
    const waiting = new Waiting(this.limits, request.signal)
    const { status, headers, body } = await this.answer(requestOf(request), waiting)
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      waiting.close()
      return new Response(body === undefined ? null : Buffer.from(body), { status, headers })
    }
    return new Response(ReadableStream.from(withEnd(bytesOf(body), () => waiting.close())), { status, headers })
  }

  async #route(request: GatewayRequest, waiting: Waiting): Promise<GatewayAnswer> {
    if (request.method === 'OPTIONS') return { status: 204, headers: { Allow: 'GET, HEAD, OPTIONS' } }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new HttpFailure(405, 'A gateway only reads: GET, HEAD and OPTIONS', { Allow: 'GET, HEAD, OPTIONS' })
    const target = parseTarget(request.target)
    const redirect = uriRedirect(target)
    if (redirect !== undefined) return redirect
    return serveContent(await this.#callOf(request, target, waiting), this.#backend)
  }

  /** What is asked for, by host and path. @throws HttpFailure */
  async #callOf(request: GatewayRequest, target: Target, waiting: Waiting): Promise<ContentCall> {
    const decoded = decodePath(target.path)
    const place = await this.#placeOf(request, target, { decoded, signal: waiting.signal })
    const { isDirectory } = decoded
    const { namespace, root, names } = place
    refuseServiceWorker(request, { isRoot: place.rootUrl !== '' && names.length === 0, isDirectory })
    const named = namespace === 'ipns' ? await this.#resolve(root, waiting.signal) : undefined
    const path =
      named === undefined
        ? await this.#contentPath(root, names)
        : { ...named.path, names: [...named.path.names, ...names] }
    const wanted = wantedOf(target.query, request.headers.get('accept'))
    this.#requireVerifiable(request, wanted.format)
    return {
      request,
      target,
      wanted,
      path,
      names,
      shownPath: shownPathOf(namespace, root, { names, isDirectory }),
      isDirectory,
      mutable: named,
      gatewayUrl: place.gatewayUrl,
      rootUrl: place.rootUrl,
      reader: waiting.reader(this.#backend.blocks),
      readAhead: this.#readAhead,
      types: this.#types,
      nodes: this.#nodes,
      signal: waiting.signal,
    }
  }

  async #placeOf({ headers }: GatewayRequest, target: Target, { decoded, signal }: PathOptions): Promise<Place> {
    const host = hostOf(target, headers)
    const route: HostRoute =
      host === undefined ? { kind: 'path' } : this.#hosts.route(host, headers, { target, decoded })
    if (route.kind === 'redirect')
      throw new HttpFailure(301, 'It is on a host of its own', { Location: route.location })
    const { names } = decoded
    if (route.kind === 'root') return { ...route, names, rootUrl: '' }
    const [namespace, root, ...below] = names
    const site = host?.replace(/:\d+$/, '')
    // Whatever the path is: content of another root would run as the site's own.
    if (site !== undefined && !this.#hosts.knows(site) && (await this.#isSite(site, signal)))
      return { namespace: 'ipns', root: site, names, gatewayUrl: '', rootUrl: '' }
    if ((namespace !== 'ipfs' && namespace !== 'ipns') || root === undefined)
      throw new HttpFailure(404, 'There is nothing here: content is at /ipfs/CID')
    return { namespace, root, names: below, gatewayUrl: '', rootUrl: rootUrlOf(namespace, root) }
  }

  async #isSite(host: string, signal: AbortSignal): Promise<boolean> {
    if (this.#settings.servesSites === false) return false
    return (await this.#backend.resolveName?.(host, { signal })) !== undefined
  }

  /** Reads the root of a path. @throws HttpFailure 400 for what is no CID, or one that cannot be checked */
  async #contentPath(text: string, names: readonly string[]): Promise<ContentPath> {
    const root = this.#roots.get(text) ?? (await rootCid(text, names))
    if (this.#roots.size >= ROOTS_KEPT) this.#roots.clear()
    this.#roots.set(text, root)
    return { root, names, namespace: 'ipfs' }
  }

  #resolve(name: string, signal: AbortSignal): Promise<NamedContent> {
    return resolveName(this.#backend.resolveName ?? (() => Promise.resolve(undefined)), name, { signal })
  }

  #requireVerifiable({ headers }: GatewayRequest, format: string | undefined): void {
    if (this.#settings.deserializes !== false || format === 'raw' || format === 'car' || format === 'ipns-record')
      return
    const isUnsaid = format === undefined && ['', '*/*'].includes(headers.get('accept')?.trim() ?? '')
    throw new HttpFailure(
      isUnsaid ? 400 : 406,
      'This gateway serves what clients can verify: format=raw and format=car',
    )
  }
}

interface PathOptions {
  readonly decoded: DecodedPath
  readonly signal: AbortSignal
}

/** The root that is asked for, what is asked for below it, and where it is on this host. */
interface Place extends Pick<ContentCall, 'names' | 'gatewayUrl' | 'rootUrl'> {
  readonly namespace: Namespace
  readonly root: string
}

function rootCid(root: string, names: readonly string[]): Promise<CID> {
  return failingWith({ INVALID: 400, UNSUPPORTED: 400, DENIED: 400, LIMIT: 400 }, () => {
    try {
      return parseCid(root)
    } catch (error) {
      const [inner] = names
      if (root === 'ipfs' && inner !== undefined)
        throw new HttpFailure(400, `The path has /ipfs twice: perhaps it should be /ipfs/${names.join('/')}`)
      throw error
    }
  })
}

/** Programs that browsers keep running for a whole root must come from below it. Source: ipfs/specs, path-gateway.md. */
function refuseServiceWorker(
  { headers }: GatewayRequest,
  { isRoot, isDirectory }: { readonly isRoot: boolean; readonly isDirectory: boolean },
): void {
  if (headers.get('service-worker') === 'script' && isRoot && !isDirectory)
    throw new HttpFailure(400, 'A service worker for all of a namespace is not allowed')
}

/** Where `/ipfs/?uri=ipfs://CID/name` leads, as browsers ask that registered the protocol here. */
function uriRedirect({ path, query }: Target): GatewayAnswer | undefined {
  const uri = query.get('uri')
  if (uri === null || !/^\/(ipfs|ipns)\/?$/.test(path)) return undefined
  const [, scheme, root = '', rest = ''] = /^(ipfs|ipns):\/\/([^/?#]+)([^#]*)/.exec(uri) ?? []
  if (scheme === undefined) throw new HttpFailure(400, 'The uri is neither ipfs://CID nor ipns://NAME')
  const { path: location, search } = parseTarget(`/${scheme}/${root}${rest}`)
  return { status: 301, headers: { Location: location + search } }
}

function headersWith(own: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { ...CORS }
  for (const [name, values] of Object.entries(own)) {
    // As answers write theirs, which then stand in place of these.
    const known = name.toLowerCase().replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())
    const before = REPLACED.has(name.toLowerCase()) || headers[known] === undefined ? [] : [headers[known]]
    headers[known] = [...before, ...values].join(', ')
  }
  return headers
}

async function* withEnd(pieces: AsyncIterable<Uint8Array>, end: () => void): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* pieces
  } finally {
    end()
  }
}
