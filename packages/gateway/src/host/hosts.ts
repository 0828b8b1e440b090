// Hosts and what they are for: gateways by path, gateways whose roots have hosts of their own, and sites. Each root on a host of
// its own is an origin of its own to browsers: nothing of another is ever served there. Source: ipfs/specs, subdomain-gateway.md.
import { formatCid, parseCid } from '@cairn/core'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { HttpFailure } from '../content/failure.ts'
import { LABEL_CHARS_MAX } from '../limits.ts'
import type { HeaderReader } from '../request/gateway-request.ts'
import { encodeName, type DecodedPath, type Target } from '../request/target.ts'

/** What a host name is for. [Gateway.PublicGateways] */
export interface HostSettings {
  /** Namespaces that it serves by path, as `/ipfs`. */
  readonly paths: readonly string[]
  /** Whether each root has a host of its own below it. */
  readonly usesSubdomains: boolean
  /** Whether names of sites stand in one label, as certificates need it; always so over https. */
  readonly inlinesNames: boolean
}

/** `localhost` gives each root an origin of its own, as in Kubo. */
export const LOCALHOST: HostSettings = { paths: ['/ipfs', '/ipns'], usesSubdomains: true, inlinesNames: false }

/** Multicodec code of public keys of libp2p. */
const KEY_CODE = 0x72

/** Namespaces of roots. */
export type Namespace = 'ipfs' | 'ipns'

/** What a request is for, by its host. */
export type HostRoute =
  | { readonly kind: 'path' }
  | { readonly kind: 'redirect'; readonly location: string }
  /** The root that this host is for; links to other roots begin with `gatewayUrl`. */
  | { readonly kind: 'root'; readonly namespace: Namespace; readonly root: string; readonly gatewayUrl: string }

/** The target of a request, and its path as names: these alone tell what is asked for, however they are encoded. */
export interface Destination {
  readonly target: Target
  readonly decoded: DecodedPath
}

/** The hosts that are known. */
export class Hosts {
  readonly #hosts: ReadonlyMap<string, HostSettings>

  constructor(hosts: Readonly<Record<string, HostSettings>>) {
    this.#hosts = new Map(Object.entries(hosts).map(([host, settings]) => [host.toLowerCase(), settings]))
  }

  /** @throws HttpFailure 400 for a root that is none or has no place in a host name, 404 for a path that the host does not serve */
  route(host: string, headers: HeaderReader, { target, decoded }: Destination): HostRoute {
    const isSecure = headers.get('x-forwarded-proto')?.toLowerCase() === 'https'
    const known = this.#find(host)
    if (known !== undefined) return toOwnHost(known, { target, decoded }, { host, isSecure })
    const [, label, namespace, gateway] = /^(.+)\.(ipfs|ipns)\.([^/]+)$/.exec(host) ?? []
    const above = gateway === undefined ? undefined : this.#find(gateway)
    if (label === undefined || gateway === undefined || above?.usesSubdomains !== true) return { kind: 'path' }
    const gatewayUrl = `//${gateway}`
    if (namespace === 'ipns') return { kind: 'root', namespace, root: nameIn(label), gatewayUrl }
    const cid = cidIn(label)
    const own = labelOf(cid)
    if (own === label) return { kind: 'root', namespace: 'ipfs', root: label, gatewayUrl }
    const scheme = isSecure ? 'https' : 'http'
    return { kind: 'redirect', location: `${scheme}://${own}.ipfs.${gateway}${target.path}${target.search}` }
  }

  /** Whether the host is a gateway, and so no site. */
  knows(host: string): boolean {
    return this.#find(host) !== undefined
  }

  #find(host: string): HostSettings | undefined {
    return this.#hosts.get(host) ?? this.#hosts.get(host.replace(/:\d+$/, ''))
  }
}

/** The host that a request is for, as URLs have it; `undefined` for what is none. */
export function hostOf(target: Target, headers: HeaderReader): string | undefined {
  const host = (headers.get('x-forwarded-host') ?? target.host ?? headers.get('host') ?? '').toLowerCase()
  return /^[a-z0-9_.-]+(:\d{1,5})?$/.test(host) ? host.replace(/\.(?=:|$)/, '') : undefined
}

/** A path on a gateway whose roots have hosts of their own leads to that host. */
function toOwnHost(
  { paths, usesSubdomains, inlinesNames }: HostSettings,
  { target: { search }, decoded }: Destination,
  { host, isSecure }: { readonly host: string; readonly isSecure: boolean },
): HostRoute {
  const [namespace, root, ...below] = decoded.names
  if ((namespace !== 'ipfs' && namespace !== 'ipns') || root === undefined) return { kind: 'path' }
  if (!paths.includes(`/${namespace}`)) throw new HttpFailure(404, `This host does not serve /${namespace}`)
  if (!usesSubdomains) return { kind: 'path' }
  const key = namespace === 'ipns' ? keyIn(root) : undefined
  const label =
    namespace === 'ipfs'
      ? labelOf(cidIn(root))
      : key === undefined
        ? nameLabel(root, isSecure || inlinesNames)
        : labelOf(key, namespace)
  const scheme = isSecure ? 'https' : 'http'
  const rest = below.map((name) => `/${encodeName(name)}`).join('')
  const slash = rest === '' || decoded.isDirectory ? '/' : ''
  return { kind: 'redirect', location: `${scheme}://${label}.${namespace}.${host}${rest}${slash}${search}` }
}

/** A CID as a label of a host name, which has no upper case. @throws HttpFailure 400 for one that is too long */
function labelOf(cid: CID, namespace: string = 'ipfs'): string {
  const v1 = cid.toV1()
  const texts = [formatCid(v1), v1.toString(base36)]
  const label = (namespace === 'ipns' ? texts.toReversed() : texts).find((text) => text.length <= LABEL_CHARS_MAX)
  if (label !== undefined) return label
  throw new HttpFailure(
    400,
    `The CID is too long for a host name, whose labels have ${LABEL_CHARS_MAX} characters: ${cid}`,
  )
}

/** The name of a site, in one label where it has to be: `a-b.example` as `a--b-example`. */
function nameLabel(name: string, isInlined: boolean): string {
  if (!/^[a-z0-9_.-]+$/i.test(name)) throw new HttpFailure(400, 'The name is none of a site')
  const lower = name.toLowerCase()
  return isInlined ? lower.replaceAll('-', '--').replaceAll('.', '-') : lower
}

/** The name that a label stands for. */
function nameIn(label: string): string {
  if (label.includes('.') || keyIn(label) !== undefined || !label.includes('-')) return label
  return label.replaceAll(/--|-/g, (dashes) => (dashes === '--' ? '-' : '.'))
}

function cidIn(text: string): CID {
  try {
    return parseCid(text)
  } catch (error) {
    throw new HttpFailure(400, error instanceof Error ? error.message : String(error))
  }
}

/** The key that a name is made of, as a CID or in the form of a peer's identity. */
function keyIn(text: string): CID | undefined {
  try {
    const multihash = /^(Qm|1)/.test(text) ? decodeMultihash(base58btc.baseDecode(text)) : parseCid(text).multihash
    return CID.createV1(KEY_CODE, multihash)
  } catch {
    return undefined
  }
}

/** The path of a root below which `path` is, decoded. */
export function shownPathOf(namespace: Namespace, root: string, { names, isDirectory }: DecodedPath): string {
  const path = `/${[namespace, root, ...names].join('/')}`
  return isDirectory ? `${path}/` : path
}

/** The URL path at which a root begins on a gateway by path. */
export function rootUrlOf(namespace: Namespace, root: string): string {
  return `/${namespace}/${encodeName(root)}`
}
