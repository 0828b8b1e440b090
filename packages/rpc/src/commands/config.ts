// cairn config and config show.
import { CairnError } from '@cairn/core'
import { lastEvent } from './answers.ts'
import { eventCommand, firstArgument, type OptionSpecs, type OptionValues } from '../command.ts'

/** As Kubo's. */
interface ConfigEvent {
  readonly Key: string
  readonly Value: unknown
}

const OPTIONS = {
  json: { type: 'flag', excludes: ['bool'], help: 'take the value as JSON, and print as JSON' },
  bool: { type: 'flag', help: 'take the value as true or false' },
} as const satisfies OptionSpecs

export const config = eventCommand({
  path: ['config'],
  summary: 'Print a setting of the repo, or change it for whoever opens the repo next',
  examples: [
    'cairn config Addresses.Swarm',
    'cairn config Datastore.StorageMax 10GB',
    'cairn config --json Addresses.Swarm \'["/ip4/127.0.0.1/tcp/4001"]\'',
    'cairn config --json Datastore.StorageMax null   take the setting out',
  ],
  arguments: [
    { name: 'key', help: 'names of section and setting, with dots between them' },
    { name: 'value', optional: true, help: 'its new value, a text unless told otherwise' },
  ],
  options: OPTIONS,
  async *run({ args, options, repo }): AsyncGenerator<ConfigEvent> {
    const [key, text] = [firstArgument({ args }), args[1]]
    const { settings } = await repo()
    if (text === undefined) {
      yield { Key: key, Value: await settings.get(key) }
      return
    }
    await settings.set(key, valueOf(text, options))
  },
  answer: lastEvent,
  text: ({ Value }) => (typeof Value === 'string' ? Value : JSON.stringify(Value, null, 2)),
})

export const configShow = eventCommand({
  path: ['config', 'show'],
  summary: 'Print all settings of the repo but its private key',
  examples: ['cairn config show'],
  options: {},
  async *run({ repo }): AsyncGenerator {
    yield await (await repo()).settings.show()
  },
  answer: lastEvent,
  text: (event) => JSON.stringify(event, null, 2),
})

function valueOf(text: string, { json = false, bool = false }: OptionValues<typeof OPTIONS>): unknown {
  if (bool) {
    if (text === 'true' || text === 'false') return text === 'true'
    throw new CairnError('INVALID', `Cannot take "${text}" for true or false`)
  }
  if (!json) return text
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot read the value as JSON: ${String(cause)}`, { cause })
  }
}
