// Multiaddrs as people write them, checked for what a host with TCP and WebSocket can use.
import { CairnError, type PeerId } from '@cairn/core'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { reasonOf } from './host-error.ts'

const IP_NAMES = new Set(['ip4', 'ip6'])
const HOST_NAMES = new Set([...IP_NAMES, 'dns', 'dns4', 'dns6'])
/** What may follow the host: TCP alone, and WebSockets over it. */
const LISTEN_NAMES = new Set(['tcp', 'tcp/ws'])
const DIAL_NAMES = new Set([...LISTEN_NAMES, 'tcp/wss', 'tcp/tls/ws', 'tcp/tls/sni/ws'])

/**
 * Reads an address to dial: `/ip4|ip6|dns…/…/tcp/…`, the same with `/ws`, `/wss` or `/tls/ws`, or `/dnsaddr/…`, each with or
 * without `/p2p/…`.
 *
 * @throws INVALID when it does not parse or is none of these
 */
export function readAddress(text: string): Multiaddr {
  const address = parse(text)
  const [host, ...rest] = namesOf(address)
  const isDnsaddr = host === 'dnsaddr' && rest.length === 0
  if (!isDnsaddr && !isDialled(host, rest)) throw invalid(text, 'it has neither a TCP nor a WebSocket transport')
  return address
}

/**
 * Reads an address to listen on: `/ip4|ip6/…/tcp/…`, or the same with `/ws`.
 *
 * @throws INVALID when it does not parse or is another
 */
export function readListenAddress(text: string): Multiaddr {
  const address = parse(text)
  if (!isListened(address)) throw invalid(text, 'it is no IP address with a TCP port')
  return address
}

/**
 * Reads an address to dial that is said to be that of `peer`, and gives it with `/p2p/…` at its end.
 *
 * @throws INVALID as `readAddress`, and when it names another peer
 */
export function readPeerAddress(text: string, peer: PeerId): Multiaddr {
  const address = readAddress(text)
  const named = address.getComponents().findLast(({ name }) => name === 'p2p')?.value
  if (named === undefined) return address.encapsulate(`/p2p/${peer}`)
  if (named !== peer) throw invalid(text, `it is not the address of ${peer}`)
  return address
}

function parse(text: string): Multiaddr {
  try {
    const address = multiaddr(text)
    const peer = address.getComponents().findLast((component) => component.name === 'p2p')
    // multiaddr takes any base58 text for a peer id.
    if (peer !== undefined) peerIdFromString(peer.value ?? '')
    return address
  } catch (cause) {
    throw invalid(text, reasonOf(cause), cause)
  }
}

/** Names of the components, without the peer id at the end. */
function namesOf(address: Multiaddr): string[] {
  const names = address.getComponents().map((component) => component.name)
  return names.at(-1) === 'p2p' ? names.slice(0, -1) : names
}

/** Whether an address has a transport that a host can listen on. @throws INVALID when it does not parse */
export function canListen(text: string): boolean {
  return isListened(parse(text))
}

function isListened(address: Multiaddr): boolean {
  const [host, ...rest] = namesOf(address)
  return isOne(IP_NAMES, host) && LISTEN_NAMES.has(rest.join('/'))
}

function isDialled(host: string | undefined, rest: readonly string[]): boolean {
  return isOne(HOST_NAMES, host) && DIAL_NAMES.has(rest.join('/'))
}

function isOne(names: ReadonlySet<string>, name: string | undefined): boolean {
  return name !== undefined && names.has(name)
}

function invalid(text: string, reason: string, cause?: unknown): CairnError {
  return new CairnError('INVALID', `Cannot use the address "${text}": ${reason}`, cause === undefined ? {} : { cause })
}
