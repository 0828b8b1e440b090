// cairn swarm peering: the peers that a node stays connected to. They stand in the config, so they outlive a run, and a daemon
// on the repo follows within a second.
import { CairnError } from '@cairn/core'
import type { RepoInfo } from '@cairn/node'
import { lastEvent } from './answers.ts'
import { eventCommand } from '../command.ts'
import { requirePeerId } from './swarm.ts'

export interface PeeringEvent {
  readonly ID: string
  readonly Status: string
}

export interface Entry {
  readonly ID: string
  readonly Addrs: readonly string[]
}

export const swarmPeeringAdd = eventCommand({
  path: ['swarm', 'peering', 'add'],
  summary: 'Stay connected to peers, from now on and whenever this repo is online',
  examples: ['cairn swarm peering add /ip4/192.168.1.7/tcp/4001/p2p/12D3…'],
  arguments: [{ name: 'address', repeat: true, help: 'multiaddr of the peer, which ends in /p2p/ and its id' }],
  options: {},
  async *run({ args, repo }): AsyncGenerator<PeeringEvent> {
    const added = new Map<string, readonly string[]>()
    for (const address of args) {
      const { peer, place } = partsOf(address)
      added.set(peer, [...(added.get(peer) ?? []), ...(place === '' ? [] : [place])])
    }
    await change(await repo(), (entries) => [
      ...entries.filter(({ ID }) => !added.has(ID)),
      ...Array.from(added, ([ID, Addrs]) => ({ ID, Addrs })),
    ])
    for (const ID of added.keys()) yield { ID, Status: 'success' }
  },
  text: ({ ID, Status }) => `add ${ID} ${Status}`,
})

export const swarmPeeringLs = eventCommand({
  path: ['swarm', 'peering', 'ls'],
  summary: 'List the peers that this repo stays connected to',
  examples: ['cairn swarm peering ls'],
  options: {},
  async *run({ repo }): AsyncGenerator<{ readonly Peers: readonly Entry[] }> {
    yield { Peers: entriesOf(await repo()) }
  },
  answer: lastEvent,
  text: ({ Peers }) =>
    Peers.length === 0
      ? undefined
      : Peers.map(({ ID, Addrs }) => [ID, ...Addrs.map((place) => `\t${place}`)].join('\n')).join('\n'),
})

export const swarmPeeringRm = eventCommand({
  path: ['swarm', 'peering', 'rm'],
  summary: 'Stay connected to peers no longer; connections that there are stay',
  examples: ['cairn swarm peering rm 12D3…'],
  arguments: [{ name: 'peer', repeat: true, help: 'id of the peer' }],
  options: {},
  async *run({ args, repo }): AsyncGenerator<PeeringEvent> {
    for (const peer of args) requirePeerId(peer)
    const removed = new Set(args)
    await change(await repo(), (entries) => entries.filter(({ ID }) => !removed.has(ID)))
    for (const ID of removed) yield { ID, Status: 'success' }
  },
  text: ({ ID, Status }) => `remove ${ID} ${Status}`,
})

function entriesOf({ config }: RepoInfo): readonly Entry[] {
  return (config.Peering?.Peers ?? []).map(({ ID, Addrs = [] }) => ({ ID, Addrs }))
}

async function change(repo: RepoInfo, edit: (entries: readonly Entry[]) => readonly Entry[]): Promise<void> {
  await repo.settings.set('Peering.Peers', edit(entriesOf(repo)))
}

function partsOf(address: string): { readonly peer: string; readonly place: string } {
  const [, place = '', peer = ''] = /^(\/.*)?\/p2p\/([^/]+)$/.exec(address) ?? []
  if (peer === '')
    throw new CairnError('INVALID', `Cannot use the address "${address}": it does not end in /p2p/ and a peer id`)
  requirePeerId(peer)
  return { peer, place }
}
