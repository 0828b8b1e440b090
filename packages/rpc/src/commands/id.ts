// cairn id: who this node is, or a peer.
import { lastEvent } from './answers.ts'
import { idForm, multihashOf } from './peer-form.ts'
import { requirePeerId, swarmOf, withoutId } from './swarm.ts'
import { eventCommand, type CommandInput } from '../command.ts'
import { printable } from '../printable.ts'

/** As Kubo's. */
export interface IdEvent {
  readonly ID: string
  /** base64 of libp2p's PublicKey protobuf. */
  readonly PublicKey: string
  /** Multiaddrs that end in /p2p/ and the id. */
  readonly Addresses: readonly string[]
  readonly AgentVersion: string
  readonly Protocols: readonly string[]
}

/** Bytes of an Ed25519 public key in libp2p's protobuf: field 1 (type) = 1, field 2 (data) = the last 32 of the private key. */
const PUBLIC_KEY_HEAD = Uint8Array.of(0x08, 0x01, 0x12, 0x20)

export const id = eventCommand({
  path: ['id'],
  summary: 'Print the identity of this node, or of a peer that it can reach',
  examples: ['cairn id', 'cairn id --json', "cairn id --format '<addrs>'", 'cairn id --peerid-base base36 12D3…'],
  arguments: [{ name: 'peer', optional: true, help: 'id of a peer; this node by default' }],
  options: {
    format: {
      type: 'text',
      short: 'f',
      value: 'TEXT',
      help: 'print this with <id> <aver> <pubkey> <addrs> <protocols>',
    },
    'peerid-base': {
      type: 'text',
      value: 'BASE',
      help: 'how ids are written: b58mh, the default, or the base of a CID',
    },
  },
  async *run(input): AsyncGenerator<IdEvent> {
    const formed = await idForm(input.options['peerid-base'] ?? 'b58mh')
    const { Identity } = (await input.repo()).config
    const [peer = Identity.PeerID] = input.args
    requirePeerId(peer)
    const found = peer === Identity.PeerID ? await ourselves(input) : await other(input, peer)
    yield { ...found, ID: formed(multihashOf(peer)) }
  },
  answer: lastEvent,
  text(event, { format }) {
    if (format === undefined) return JSON.stringify(event, null, 2)
    const values: Readonly<Record<string, string>> = {
      '<id>': event.ID,
      '<aver>': printable(event.AgentVersion),
      '<pubkey>': event.PublicKey,
      '<addrs>': event.Addresses.map(printable).join('\n'),
      '<protocols>': event.Protocols.map(printable).join('\n'),
    }
    const text = format.replaceAll(/<[a-z]+>/g, (name) => values[name] ?? name)
    return text.replaceAll(String.raw`\n`, '\n').replaceAll(String.raw`\t`, '\t')
  },
})

async function ourselves({ repo, running, agentVersion }: CommandInput): Promise<IdEvent> {
  const host = running?.swarm?.host
  const { Identity } = (await repo()).config
  const key = Buffer.from(Identity.PrivKey, 'base64').subarray(-32)
  return {
    ID: Identity.PeerID,
    PublicKey: Buffer.concat([PUBLIC_KEY_HEAD, key]).toString('base64'),
    // As Kubo does while no daemon runs: only a node that is online has addresses and protocols.
    Addresses: (host?.addresses() ?? []).toSorted(),
    AgentVersion: agentVersion,
    Protocols: (host?.libp2p.getProtocols() ?? []).toSorted(),
  }
}

/** What a peer says of itself, once it is connected. @throws UNAVAILABLE when nobody reaches it */
async function other(input: CommandInput, peer: string): Promise<IdEvent> {
  const { host } = await swarmOf(input)
  if (!host.isConnected(peer)) await host.connectPeer(peer, [], { signal: input.signal })
  const found = (await host.peers()).filter((connection) => connection.peer === peer)
  const [first] = found
  return {
    ID: peer,
    PublicKey: first?.publicKey ?? '',
    Addresses: [...new Set(found.flatMap(({ address, addresses }) => (addresses.length > 0 ? addresses : [address])))]
      .map((address) => `${withoutId(address)}/p2p/${peer}`)
      .toSorted(),
    AgentVersion: first?.agentVersion ?? '',
    Protocols: [...(first?.protocols ?? [])].toSorted(),
  }
}
