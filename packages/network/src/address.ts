// Multiaddrs as people write them, checked for what a TCP host can use.
import { CairnError } from '@cairn/core'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { reasonOf } from './host-error.ts'

const IP_NAMES = new Set(['ip4', 'ip6'])
const HOST_NAMES = new Set([...IP_NAMES, 'dns', 'dns4', 'dns6'])

/**
 * Reads an address to dial: `/ip4|ip6|dns…/…/tcp/…` or `/dnsaddr/…`, each with or without `/p2p/…`.
 *
 * @throws INVALID when it does not parse or is none of these
 */
export function readAddress(text: string): Multiaddr {
  const address = parse(text)
  const [host, ...rest] = namesOf(address)
  const isDnsaddr = host === 'dnsaddr' && rest.length === 0
  if (!isDnsaddr && !isTcp(HOST_NAMES, host, rest)) throw invalid(text, 'it has no TCP transport')
  return address
}

/**
 * Reads an address to listen on: `/ip4|ip6/…/tcp/…`.
 *
 * @throws INVALID when it does not parse or is another
 */
export function readListenAddress(text: string): Multiaddr {
  const address = parse(text)
  const [host, ...rest] = namesOf(address)
  if (!isTcp(IP_NAMES, host, rest)) throw invalid(text, 'it is no IP address with a TCP port')
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

function isTcp(hosts: ReadonlySet<string>, host: string | undefined, rest: readonly string[]): boolean {
  return host !== undefined && hosts.has(host) && rest.length === 1 && rest[0] === 'tcp'
}

function invalid(text: string, reason: string, cause?: unknown): CairnError {
  return new CairnError('INVALID', `Cannot use the address "${text}": ${reason}`, cause === undefined ? {} : { cause })
}
