// What Kubo's RPC has and Cairn has not yet: calls of it get a clear answer instead of the 404 of a path that means nothing.
import { CairnError } from '@cairn/core'
import { nothing } from './answers.ts'
import { eventCommand, type EventCommand } from '../command.ts'

const PATHS: readonly string[] = [
  'bootstrap add default',
  'diag datastore count',
  'diag datastore get',
  'dns',
  'filestore dups',
  'filestore ls',
  'filestore verify',
  'mount',
  'name get',
  'name inspect',
  'name publish',
  'name pubsub cancel',
  'name pubsub state',
  'name pubsub subs',
  'name put',
  'name resolve',
  'object patch add-link',
  'object patch rm-link',
  'p2p close',
  'p2p forward',
  'p2p listen',
  'p2p ls',
  'p2p stream close',
  'p2p stream ls',
  'pin remote add',
  'pin remote ls',
  'pin remote rm',
  'pin remote service add',
  'pin remote service ls',
  'pin remote service rm',
  'provide clear',
  'provide once',
  'provide stat',
  'pubsub ls',
  'pubsub peers',
  'pubsub pub',
  'pubsub reset',
  'pubsub sub',
  'repo migrate',
  'routing findpeer',
  'routing findprovs',
  'routing get',
  'routing provide',
  'routing put',
  'routing reprovide',
  'stats dht',
  'stats provide',
  'stats reprovide',
  'swarm addrs autonat',
  'swarm resources',
  'unmount',
  'update',
  'urlstore add',
  'version check',
  'version deps',
]

/** One command for each, which fails whatever it is called with; for a server beside the command table. */
export const UNBUILT: readonly EventCommand[] = PATHS.map((words) =>
  eventCommand({
    path: words.split(' '),
    summary: 'Not supported',
    examples: [],
    arguments: [{ name: 'arg', optional: true, repeat: true, help: '' }],
    options: {},
    // eslint-disable-next-line require-yield -- it always fails
    async *run(): AsyncGenerator<never> {
      throw new CairnError('UNSUPPORTED', `Cannot run "${words}": this version does not support it`)
    },
    answer: nothing,
    text: () => undefined,
  }),
)
