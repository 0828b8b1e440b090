// Whom a host talks to at all: peers and address ranges that are refused, both ways. A dial is refused before it begins,
// an inbound connection by its address before the handshake and by its peer after it.
import { BlockList, isIPv6 } from 'node:net'
import { CairnError, type LogFacts, type Logger, type PeerId } from '@cairn/core'
import type { ConnectionGater } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { reasonOf } from './host-error.ts'

/** Groups of 16 bits of an IPv6 address. */
const IP6_GROUPS = 8

/** What a gate refuses. */
export interface GateRules {
  readonly peers?: readonly PeerId[] | undefined
  /** Ranges in the form of Kubo's `Swarm.AddrFilters`: `/ip4/10.0.0.0/ipcidr/8`. A host name is not looked up for them. */
  readonly ranges?: readonly string[] | undefined
}

/** Whoever knows more of those that come in: asked about each, by its address and later by its peer. */
export interface Doorkeeper {
  /** Whether a connection from `address` may begin its handshake. */
  mayCome(address: string): boolean
  /** Whether the peer that the handshake showed may stay. */
  mayStay(peer: PeerId, address: string): boolean
}

/** What a gate may be given. */
export interface GateParts {
  readonly doorkeeper?: Doorkeeper | undefined
  /** Told of what the rules refuse. */
  readonly logger?: Logger | undefined
}

/** Refuses connections by rules that may change while a host runs. */
export class Gate {
  #peers: ReadonlySet<PeerId> = new Set()
  #ranges = new BlockList()
  readonly #doorkeeper: Doorkeeper | undefined
  readonly #logger: Logger | undefined

  /** @throws INVALID for a range that does not parse */
  constructor(rules: GateRules = {}, { doorkeeper, logger }: GateParts = {}) {
    this.#doorkeeper = doorkeeper
    this.#logger = logger
    this.setRules(rules)
  }

  /** Replaces the rules for connections from now on. @throws INVALID for a range that does not parse; nothing changes then */
  setRules({ peers = [], ranges = [] }: GateRules): void {
    this.#ranges = readRanges(ranges)
    this.#peers = new Set(peers)
  }

  refusesPeer(peer: PeerId): boolean {
    return this.#peers.has(peer)
  }

  /** Whether the address, or the peer that it names, is refused. */
  refusesAddress(address: Multiaddr): boolean {
    const components = address.getComponents()
    const [host] = components
    const peer = components.findLast(({ name }) => name === 'p2p')?.value
    if (peer !== undefined && this.refusesPeer(peer)) return true
    if (host?.value === undefined || (host.name !== 'ip4' && host.name !== 'ip6')) return false
    return this.#ranges.check(host.value, isIPv6(host.value) ? 'ipv6' : 'ipv4')
  }

  /** The gate in the form of libp2p, which tells of each refusal. */
  get gater(): ConnectionGater {
    const peer = (direction: 'in' | 'out') => (id: { toString(): string }) =>
      this.#told(this.refusesPeer(id.toString()), { by: 'config', direction, peer: id.toString() })
    const address = (direction: 'in' | 'out', target: Multiaddr): boolean =>
      this.#told(this.refusesAddress(target), { by: 'config', direction, address: target.toString() })
    return {
      denyDialPeer: peer('out'),
      denyDialMultiaddr: (target) => address('out', target),
      denyInboundConnection: ({ remoteAddr }) =>
        address('in', remoteAddr) ||
        this.#told(this.#doorkeeper?.mayCome(origin(remoteAddr)) === false, {
          by: 'limits',
          direction: 'in',
          address: remoteAddr.toString(),
        }),
      denyInboundEncryptedConnection: (id, { remoteAddr }) =>
        peer('in')(id) ||
        this.#told(this.#doorkeeper?.mayStay(id.toString(), origin(remoteAddr)) === false, {
          by: 'limits',
          direction: 'in',
          peer: id.toString(),
        }),
      // An address without a peer id tells only now who is there.
      denyOutboundEncryptedConnection: peer('out'),
    }
  }

  #told(isRefused: boolean, facts: LogFacts): boolean {
    if (isRefused) this.#logger?.info('connection refused', facts)
    return isRefused
  }
}

/** Where a connection comes from: its IPv4 address, or the network of 64 bits of IPv6, whose hosts cost nothing to make up. */
export function origin(address: Multiaddr): string {
  const host = address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')
  if (host?.value === undefined) return address.toString()
  if (host.name === 'ip4') return host.value
  const [head = '', tail = ''] = host.value.split('::')
  const groups = head === '' ? [] : head.split(':')
  const tailGroups = tail === '' ? [] : tail.split(':')
  while (groups.length + tailGroups.length < IP6_GROUPS) groups.push('0')
  return [...groups, ...tailGroups].slice(0, IP6_GROUPS / 2).join(':')
}

/** Reads ranges of addresses; see {@link GateRules}. @throws INVALID for one that does not parse */
function readRanges(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    try {
      const [host, range, ...rest] = multiaddr(text).getComponents()
      const type = host?.name === 'ip4' ? 'ipv4' : host?.name === 'ip6' ? 'ipv6' : undefined
      if (type === undefined || range?.name !== 'ipcidr' || rest.length > 0)
        throw new Error('it is no range of addresses')
      list.addSubnet(host?.value ?? '', Number(range.value), type)
    } catch (cause) {
      throw new CairnError('INVALID', `Cannot use the address filter "${text}": ${reasonOf(cause)}`, { cause })
    }
  }
  return list
}
