// cairn swarm connect and peers, and cairn id: who we are, and whom we know.
import { CairnError } from '@cairn/core'
import type { Swarm } from '@cairn/node'
import { eventCommand, type CommandInput } from '../command.ts'

export const swarmConnect = eventCommand({
  path: ['swarm', 'connect'],
  summary: 'Connect to peers',
  examples: ['cairn swarm connect /ip4/127.0.0.1/tcp/4001/p2p/12D3…'],
  arguments: [{ name: 'address', repeat: true, help: 'multiaddr of the peer' }],
  options: {},
  network: true,
  async *run(input): AsyncGenerator<{ readonly Strings: readonly string[] }> {
    const { host } = await swarmOf(input)
    for (const address of input.args) {
      yield { Strings: [`connect ${await host.connect(address, { signal: input.signal })} success`] }
    }
  },
  text: ({ Strings }) => Strings.join('\n'),
})

interface PeerEntry {
  /** Without the peer's id. */
  readonly Addr: string
  readonly Peer: string
  /** 1 in, 2 out. */
  readonly Direction: 1 | 2
}

export const swarmPeers = eventCommand({
  path: ['swarm', 'peers'],
  summary: 'List the peers that are connected, after connecting to those that are named',
  examples: ['cairn swarm peers /ip4/127.0.0.1/tcp/4001/p2p/12D3…'],
  arguments: [{ name: 'address', repeat: true, optional: true, help: 'multiaddr of a peer to connect to first' }],
  options: {},
  network: true,
  async *run(input): AsyncGenerator<{ readonly Peers: readonly PeerEntry[] }> {
    const { host } = await swarmOf(input)
    for (const address of input.args) await host.connect(address, { signal: input.signal })
    const peers = await host.peers()
    yield {
      Peers: peers.map(({ address, peer, direction }) => ({
        Addr: address.replace(/\/p2p\/[^/]+$/, ''),
        Peer: peer,
        Direction: direction === 'in' ? 1 : 2,
      })),
    }
  },
  text: ({ Peers }) =>
    Peers.length === 0 ? undefined : Peers.map(({ Addr, Peer }) => `${Addr}/p2p/${Peer}`).join('\n'),
})

/** Bytes of an Ed25519 public key in libp2p's protobuf: field 1 (type) = 1, field 2 (data) = the last 32 of the private key. */
const PUBLIC_KEY_HEAD = Uint8Array.of(0x08, 0x01, 0x12, 0x20)

export const id = eventCommand({
  path: ['id'],
  summary: 'Print the identity of this node',
  examples: ['cairn id', 'cairn id --json'],
  options: {},
  async *run({ repo, agentVersion }) {
    const { Identity } = (await repo()).config
    const key = Buffer.from(Identity.PrivKey, 'base64').subarray(-32)
    yield {
      ID: Identity.PeerID,
      PublicKey: Buffer.concat([PUBLIC_KEY_HEAD, key]).toString('base64'),
      // As Kubo does while no daemon runs: only a node that is online has addresses and protocols.
      Addresses: [],
      AgentVersion: agentVersion,
      Protocols: [],
    }
  },
  text: (event) => JSON.stringify(event, null, 2),
})

async function swarmOf({ node }: Pick<CommandInput, 'node'>): Promise<Swarm> {
  const { swarm } = await node()
  if (swarm === undefined) throw new CairnError('UNAVAILABLE', 'Cannot reach any peer: this node is offline')
  return swarm
}
