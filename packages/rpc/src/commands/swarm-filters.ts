// cairn swarm filters: ranges of addresses that are neither dialled nor let in. They stand in the config, which a daemon follows
// within a second.
import type { RepoInfo } from '@cairn/node'
import { joined } from './answers.ts'
import { eventCommand } from '../command.ts'

interface FiltersEvent {
  readonly Strings: readonly string[]
}

const text = ({ Strings }: FiltersEvent): string | undefined => (Strings.length === 0 ? undefined : Strings.join('\n'))

const RANGES = { name: 'range', repeat: true, help: 'range of addresses, such as /ip4/10.0.0.0/ipcidr/8' } as const

export const swarmFilters = eventCommand({
  path: ['swarm', 'filters'],
  summary: 'List the ranges of addresses that are refused',
  examples: ['cairn swarm filters'],
  options: {},
  async *run({ repo }): AsyncGenerator<FiltersEvent> {
    yield { Strings: filtersOf(await repo()) }
  },
  answer: joined('Strings'),
  text,
})

export const swarmFiltersAdd = eventCommand({
  path: ['swarm', 'filters', 'add'],
  summary: 'Refuse ranges of addresses',
  examples: ['cairn swarm filters add /ip4/10.0.0.0/ipcidr/8'],
  arguments: [RANGES],
  options: {},
  async *run({ args, repo }): AsyncGenerator<FiltersEvent> {
    const info = await repo()
    await info.settings.set('Swarm.AddrFilters', [...new Set([...filtersOf(info), ...args])])
    yield { Strings: args }
  },
  answer: joined('Strings'),
  text,
})

export const swarmFiltersRm = eventCommand({
  path: ['swarm', 'filters', 'rm'],
  summary: 'Refuse ranges of addresses no longer',
  examples: ['cairn swarm filters rm /ip4/10.0.0.0/ipcidr/8', 'cairn swarm filters rm all'],
  arguments: [{ ...RANGES, help: 'range as it is listed, or all' }],
  options: {},
  async *run({ args, repo }): AsyncGenerator<FiltersEvent> {
    const info = await repo()
    const filters = filtersOf(info)
    const removed = filters.filter((range) => args.includes(range) || args.includes('all'))
    await info.settings.set(
      'Swarm.AddrFilters',
      filters.filter((range) => !removed.includes(range)),
    )
    yield { Strings: removed }
  },
  answer: joined('Strings'),
  text,
})

function filtersOf({ config }: RepoInfo): readonly string[] {
  return config.Swarm?.AddrFilters ?? []
}
