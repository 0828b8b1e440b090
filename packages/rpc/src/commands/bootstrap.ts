// cairn bootstrap: the peers that a node is to meet first. They stand in the config, which has none at the beginning.
import { CairnError } from '@cairn/core'
import type { RepoInfo } from '@cairn/node'
import { joined } from './answers.ts'
import { eventCommand } from '../command.ts'
import { requirePeerId } from './swarm.ts'

interface PeersEvent {
  readonly Peers: readonly string[]
}

const text = ({ Peers }: PeersEvent): string | undefined => (Peers.length === 0 ? undefined : Peers.join('\n'))

const ADDRESSES = {
  name: 'address',
  repeat: true,
  isPiped: true,
  help: 'multiaddr that ends in /p2p/ and the id of the peer',
} as const

export const bootstrapList = eventCommand({
  path: ['bootstrap', 'list'],
  summary: 'List the peers to meet first',
  examples: ['cairn bootstrap list'],
  options: {},
  async *run({ repo }): AsyncGenerator<PeersEvent> {
    yield { Peers: peersOf(await repo()) }
  },
  answer: joined('Peers'),
  text,
})

export const bootstrapAdd = eventCommand({
  path: ['bootstrap', 'add'],
  summary: 'Add peers to meet first',
  examples: ['cairn bootstrap add /ip4/192.168.1.7/tcp/4001/p2p/12D3…'],
  arguments: [ADDRESSES],
  options: {},
  async *run({ args, repo }): AsyncGenerator<PeersEvent> {
    for (const address of args) requirePeerId(/^\/.+\/p2p\/([^/]+)$/.exec(address)?.[1] ?? address)
    const info = await repo()
    await info.settings.set('Bootstrap', [...new Set([...peersOf(info), ...args])])
    yield { Peers: args }
  },
  answer: joined('Peers'),
  text,
})

export const bootstrapRm = eventCommand({
  path: ['bootstrap', 'rm'],
  summary: 'Take peers out of those to meet first',
  examples: ['cairn bootstrap rm /ip4/192.168.1.7/tcp/4001/p2p/12D3…', 'cairn bootstrap rm --all'],
  arguments: [{ ...ADDRESSES, optional: true }],
  options: { all: { type: 'flag', help: 'take out all' } },
  async *run({ args, options: { all = false }, repo }): AsyncGenerator<PeersEvent> {
    const info = await repo()
    const peers = peersOf(info)
    const removed = all ? peers : args
    const missing = removed.find((address) => !peers.includes(address))
    if (missing !== undefined) throw new CairnError('NOT_FOUND', `Cannot take out "${missing}": it is not in the list`)
    await info.settings.set(
      'Bootstrap',
      peers.filter((address) => !removed.includes(address)),
    )
    yield { Peers: removed }
  },
  answer: joined('Peers'),
  text,
})

export const bootstrapRmAll = eventCommand({
  path: ['bootstrap', 'rm', 'all'],
  summary: 'Take out all peers to meet first',
  examples: ['cairn bootstrap rm all'],
  options: {},
  async *run({ repo }): AsyncGenerator<PeersEvent> {
    const info = await repo()
    await info.settings.set('Bootstrap', [])
    yield { Peers: peersOf(info) }
  },
  answer: joined('Peers'),
  text,
})

function peersOf({ config }: RepoInfo): readonly string[] {
  return config.Bootstrap ?? []
}
