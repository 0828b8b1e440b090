// cairn swarm: whom we know.
import { CairnError } from '@cairn/core'
import type { Swarm } from '@cairn/node'
import { joined, lastEvent } from './answers.ts'
import { eventCommand, type CommandInput } from '../command.ts'
import type { OptionSpecs, OptionValues } from './option-spec.ts'
import { printable } from '../printable.ts'

export const swarmConnect = eventCommand({
  path: ['swarm', 'connect'],
  summary: 'Connect to peers',
  examples: ['cairn swarm connect /ip4/127.0.0.1/tcp/4001/p2p/12D3…'],
  arguments: [{ name: 'address', repeat: true, isPiped: true, help: 'multiaddr of the peer' }],
  options: {},
  network: true,
  async *run(input): AsyncGenerator<{ readonly Strings: readonly string[] }> {
    const { host } = await swarmOf(input)
    for (const address of input.args) {
      yield { Strings: [`connect ${await host.connect(address, { signal: input.signal })} success`] }
    }
  },
  text: ({ Strings }) => Strings.join('\n'),
  answer: joined('Strings'),
})

export const swarmDisconnect = eventCommand({
  path: ['swarm', 'disconnect'],
  summary: 'Close the connections to peers',
  examples: ['cairn swarm disconnect /p2p/12D3…'],
  arguments: [
    {
      name: 'address',
      repeat: true,
      isPiped: true,
      help: 'multiaddr of the peer, which ends in /p2p/ and its id, or the id',
    },
  ],
  options: {},
  network: true,
  async *run(input): AsyncGenerator<{ readonly Strings: readonly string[] }> {
    const { host } = await swarmOf(input)
    for (const address of input.args) {
      const peer = address.split('/p2p/').at(-1) ?? ''
      requirePeerId(peer)
      await host.disconnect(peer)
      yield { Strings: [`disconnect ${peer} success`] }
    }
  },
  text: ({ Strings }) => Strings.join('\n'),
  answer: joined('Strings'),
})

export interface PeerEntry {
  /** Without the peer's id. */
  readonly Addr: string
  readonly Peer: string
  /** 1 in, 2 out. */
  readonly Direction: 1 | 2
  readonly Latency?: string
  readonly Muxer?: string
  readonly Streams?: readonly { readonly Protocol: string }[]
  readonly Identify?: IdentifyEntry
}

interface IdentifyEntry {
  readonly ID: string
  readonly PublicKey: string
  readonly Addresses: readonly string[]
  readonly AgentVersion: string
  readonly Protocols: readonly string[]
}

const PEERS_OPTIONS = {
  verbose: { type: 'flag', short: 'v', help: 'all of the following' },
  streams: { type: 'flag', help: 'list the protocols of open streams' },
  latency: { type: 'flag', help: 'print the round trip, where it was measured' },
  direction: { type: 'flag', help: 'print who connected to whom' },
  identify: { type: 'flag', help: 'print what the peer says of itself' },
} as const satisfies OptionSpecs

type PeersOptions = OptionValues<typeof PEERS_OPTIONS>

export const swarmPeers = eventCommand({
  path: ['swarm', 'peers'],
  summary: 'List the peers that are connected, after connecting to those that are named',
  examples: ['cairn swarm peers -v /ip4/127.0.0.1/tcp/4001/p2p/12D3…'],
  arguments: [{ name: 'address', repeat: true, optional: true, help: 'multiaddr of a peer to connect to first' }],
  options: PEERS_OPTIONS,
  network: true,
  async *run(input): AsyncGenerator<{ readonly Peers: readonly PeerEntry[] }> {
    const { host } = await swarmOf(input)
    for (const address of input.args) {
      const peer = await host.connect(address, { signal: input.signal })
      // A connection that is new has no round trip yet.
      if (isOn(input.options, 'latency')) await host.ping(peer, { signal: input.signal })
    }
    const peers = await host.peers()
    yield { Peers: peers.map((peer) => entryOf(peer, input.options)) }
  },
  answer: lastEvent,
  text: ({ Peers }, options) =>
    Peers.length === 0 ? undefined : Peers.map((entry) => linesOf(entry, options).join('\n')).join('\n'),
})

function isOn({ verbose = false, ...options }: PeersOptions, name: Exclude<keyof PeersOptions, 'verbose'>): boolean {
  return verbose || options[name] === true
}

function entryOf(peer: HostPeer, options: PeersOptions): PeerEntry {
  return {
    Addr: withoutId(peer.address),
    Peer: peer.peer,
    Direction: peer.direction === 'in' ? 1 : 2,
    ...(isOn(options, 'latency') && { Latency: peer.latencyMs === undefined ? 'n/a' : `${peer.latencyMs}ms` }),
    ...(isOn(options, 'streams') && {
      ...(peer.muxer !== undefined && { Muxer: peer.muxer }),
      Streams: peer.streams.map((protocol = '') => ({ Protocol: protocol })),
    }),
    ...(isOn(options, 'identify') && {
      Identify: {
        ID: peer.peer,
        PublicKey: peer.publicKey ?? '',
        Addresses: peer.addresses.map((address) => `${withoutId(address)}/p2p/${peer.peer}`),
        AgentVersion: peer.agentVersion,
        Protocols: peer.protocols,
      },
    }),
  }
}

function linesOf(
  { Addr, Peer, Latency, Direction, Streams = [], Identify }: PeerEntry,
  options: PeersOptions,
): string[] {
  const words = [`${Addr}/p2p/${Peer}`]
  if (Latency !== undefined) words.push(Latency)
  if (isOn(options, 'direction')) words.push(Direction === 1 ? 'inbound' : 'outbound')
  const streams = Streams.map(({ Protocol }) => `  ${Protocol === '' ? '<no protocol name>' : printable(Protocol)}`)
  if (Identify === undefined) return [words.join(' '), ...streams]
  return [
    words.join(' '),
    ...streams,
    '  Identify:',
    `    AgentVersion: ${printable(Identify.AgentVersion)}`,
    `    PublicKey: ${Identify.PublicKey}`,
    ...Identify.Addresses.map((address) => `    Address: ${address}`),
    ...Identify.Protocols.map((protocol) => `    Protocol: ${printable(protocol)}`),
  ]
}

export const swarmAddrs = eventCommand({
  path: ['swarm', 'addrs'],
  summary: 'List the addresses of the peers that are connected',
  examples: ['cairn swarm addrs'],
  options: {},
  network: true,
  async *run(input): AsyncGenerator<{ readonly Addrs: Readonly<Record<string, readonly string[]>> }> {
    const { host } = await swarmOf(input)
    const peers = await host.peers()
    yield {
      Addrs: Object.fromEntries(
        peers.map(({ peer, address, addresses }) => [peer, addresses.length > 0 ? addresses : [address]]),
      ),
    }
  },
  answer: lastEvent,
  text: ({ Addrs }) => {
    const lines = Object.entries(Addrs).flatMap(([peer, addresses]) => [
      `${peer} (${addresses.length})`,
      ...addresses.map((address) => `\t${address}`),
    ])
    return lines.length === 0 ? undefined : lines.join('\n')
  },
})

export const swarmAddrsLocal = eventCommand({
  path: ['swarm', 'addrs', 'local'],
  summary: 'List the addresses under which others reach this node',
  examples: ['cairn swarm addrs local --id'],
  options: { id: { type: 'flag', help: 'end each in /p2p/ and the id of this node' } },
  network: true,
  async *run(input): AsyncGenerator<{ readonly Strings: readonly string[] }> {
    const addresses = (await swarmOf(input)).host.addresses()
    yield { Strings: input.options.id === true ? addresses : addresses.map(withoutId) }
  },
  answer: lastEvent,
  text: ({ Strings }) => (Strings.length === 0 ? undefined : Strings.join('\n')),
})

export const swarmAddrsListen = eventCommand({
  path: ['swarm', 'addrs', 'listen'],
  summary: 'List the addresses on which this node listens',
  examples: ['cairn swarm addrs listen'],
  options: {},
  network: true,
  async *run(input): AsyncGenerator<{ readonly Strings: readonly string[] }> {
    yield { Strings: (await swarmOf(input)).host.addresses().map(withoutId) }
  },
  answer: lastEvent,
  text: ({ Strings }) => (Strings.length === 0 ? undefined : Strings.join('\n')),
})

/** A multiaddr without the peer id at its end. */
export function withoutId(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}

type HostPeer = Awaited<ReturnType<Swarm['host']['peers']>>[number]

/** The network side of the node. @throws UNAVAILABLE for one that is offline */
export async function swarmOf({ node }: Pick<CommandInput, 'node'>): Promise<Swarm> {
  const { swarm } = await node()
  if (swarm === undefined) throw new CairnError('UNAVAILABLE', 'Cannot reach any peer: this node is offline')
  return swarm
}

/** @throws INVALID for a text that cannot be a peer id */
export function requirePeerId(text: string): void {
  if (!/^(12D3|16Uiu2|Qm)[1-9A-HJ-NP-Za-km-z]{40,}$/.test(text))
    throw new CairnError('INVALID', `Cannot read "${text}" as a peer id`)
}
