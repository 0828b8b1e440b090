// cairn diag profile: what somebody needs who looks for why a daemon is slow or large, as one archive. Nothing in it is a secret
// or content: neither keys nor what is in memory, only which functions take time and memory. Source: kubo core/commands/profile.go.
import { CairnError, parseDuration } from '@cairn/core'
import { bytesCommand, type CommandInput } from '../command.ts'
import { PROFILE_MS_MAX } from '../limits.ts'
import { diagSys } from './diag.ts'
import { operationOf } from './operation.ts'
import { version } from './version.ts'
import { zipOf, type ArchivedFile } from './zip-archive.ts'

/** What can be collected; the last two take time. */
const COLLECTORS = ['version', 'sys', 'config', 'calls', 'handles', 'cpu', 'heap'] as const

type Collector = (typeof COLLECTORS)[number]

const PROFILE_TIME = '30s'

export const diagProfile = bytesCommand({
  path: ['diag', 'profile'],
  summary: 'Write where a daemon spends its time and memory to a zip archive, for the tools of Chrome',
  examples: [
    'cairn diag profile                         30 seconds, into the working folder',
    'cairn diag profile --profile-time 5s --collectors cpu,heap -o slow.zip',
  ],
  options: {
    output: {
      type: 'text',
      isLocal: true,
      short: 'o',
      value: 'FILE',
      help: 'where to write it; by default cairn-profile- and the time, and - is standard output',
    },
    collectors: {
      type: 'text',
      value: 'list',
      check: collectorsOf,
      help: `what to collect, with commas between: ${COLLECTORS.join(', ')}; all by default`,
    },
    'profile-time': {
      type: 'text',
      value: 'duration',
      check: profileMsOf,
      help: `for how long to sample; 0s for not at all, ${PROFILE_TIME} by default`,
    },
  },
  contentType: 'application/zip',
  fileMode: 0o600,
  fileName: () => `cairn-profile-${new Date().toISOString().replaceAll(':', '_')}.zip`,
  usesNode: true,
  async *run(input) {
    const { options } = input
    operationOf(input, 'take a profile')
    const collectors = options.collectors === undefined ? COLLECTORS : collectorsOf(options.collectors)
    yield* zipOf(filesOf(input, collectors, profileMsOf(options['profile-time'] ?? PROFILE_TIME)))
  },
})

/** What takes no time comes first, so that a client sees something. */
async function* filesOf(
  input: CommandInput,
  collectors: readonly Collector[],
  ms: number,
): AsyncGenerator<ArchivedFile> {
  const { calls, profiler } = operationOf(input, 'take a profile')
  const values: Readonly<Record<Exclude<Collector, 'cpu' | 'heap'>, () => Promise<unknown>>> = {
    version: () => only(version.run({ ...input, options: {} })),
    sys: () => only(diagSys.run({ ...input, options: {} })),
    config: async () => withoutSecrets(await (await input.repo()).settings.show()),
    calls: async () => calls.list(),
    handles: async () => handles(),
  }
  for (const [name, value] of Object.entries(values)) {
    if (!collectors.some((collector) => collector === name)) continue
    yield { name: `${name}.json`, text: JSON.stringify(await value(), null, 2) }
  }
  const kinds = (['cpu', 'heap'] as const).filter((kind) => collectors.includes(kind))
  if (kinds.length === 0 || ms === 0) return
  const { cpu, heap } = await profiler.take({ kinds, ms }, input.signal)
  if (cpu !== undefined) yield { name: 'cpu.cpuprofile', text: cpu }
  if (heap !== undefined) yield { name: 'heap.heapprofile', text: heap }
}

async function only(events: AsyncIterable<unknown>): Promise<unknown> {
  for await (const event of events) return event
  return undefined
}

/** Settings whose values are not told, also those that mean something to other programs alone. */
const SECRET_NAME = /key|secret|token|pass|auth/i

function withoutSecrets(config: unknown): unknown {
  return JSON.parse(
    JSON.stringify(config, (name, value: unknown) => (name !== '' && SECRET_NAME.test(name) ? '…' : value)),
  )
}

/** What keeps the process busy or alive, by kind; without addresses, environment and command line. */
function handles(): object {
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  return { resources, memory: process.memoryUsage(), usage: process.resourceUsage(), uptimeSeconds: process.uptime() }
}

/** @throws INVALID for a name of none */
function collectorsOf(text: string): readonly Collector[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const known = COLLECTORS.find((collector) => collector === part)
      if (known !== undefined) return known
      throw new CairnError('INVALID', `Cannot collect "${part}": there are ${COLLECTORS.join(', ')}`)
    })
}

/** @throws INVALID for no duration, or one that is too long */
function profileMsOf(text: string): number {
  const ms = text === '0' ? 0 : parseDuration(text)
  if (ms !== undefined && ms <= PROFILE_MS_MAX) return ms
  throw new CairnError('INVALID', `Cannot sample for "${text}": it is no duration of at most ${PROFILE_MS_MAX / 1000}s`)
}
