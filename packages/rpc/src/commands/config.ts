// cairn config: settings, one by one or all at once.
import { CairnError } from '@cairn/core'
import { lastEvent, nothing } from './answers.ts'
import { readSource } from './whole-source.ts'
import { eventCommand, firstArgument } from '../command.ts'
import type { OptionSpecs, OptionValues } from './option-spec.ts'

type ConfigEvent =
  /** As Kubo's. */
  { readonly Key: string; readonly Value: unknown; readonly Changed?: true } | Warning

/** Tells of keys that mean nothing to this version. */
export interface Warning {
  readonly UnknownKeys: readonly string[]
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
    { name: 'value', optional: true, isSecret: true, help: 'its new value, a text unless told otherwise' },
  ],
  options: OPTIONS,
  async *run({ args, options, repo }): AsyncGenerator<ConfigEvent> {
    const [key, text] = [firstArgument({ args }), args[1]]
    const { settings } = await repo()
    if (text === undefined) {
      yield { Key: key, Value: await settings.get(key) }
      return
    }
    const value = valueOf(text, options)
    const isKnown = await settings.set(key, value)
    if (!isKnown) yield { UnknownKeys: [key] }
    yield { Key: key, Value: value, Changed: true }
  },
  async answer(events) {
    const last = await lastEvent(events)
    return last !== undefined && 'Key' in last ? { Key: last.Key, Value: last.Value } : undefined
  },
  text(event) {
    // What is set is not said again.
    if (!('Key' in event) || event.Changed === true) return undefined
    return typeof event.Value === 'string' ? event.Value : JSON.stringify(event.Value, null, 2)
  },
  note: warningOf,
})

export const configReplace = eventCommand({
  path: ['config', 'replace'],
  summary: 'Put the settings of a file in the place of all but the private key',
  examples: ['cairn config replace settings.json', 'cairn config show | cairn config replace -'],
  arguments: [{ name: 'file', kind: 'source', help: 'JSON as "cairn config show" prints it; - is standard input' }],
  options: {},
  async *run(input): AsyncGenerator<Warning> {
    const { settings } = await input.repo()
    const unknown = await settings.replace(Buffer.from(await readSource(input)).toString())
    if (unknown.length > 0) yield { UnknownKeys: unknown }
  },
  answer: nothing,
  text: () => undefined,
  note: warningOf,
})

export const configProfileApply = eventCommand({
  path: ['config', 'profile', 'apply'],
  summary: 'Apply a profile: lan, test, server, local-discovery, lowpower or randomports',
  examples: [
    'cairn config profile apply lan               peers on all interfaces, looked for on the LAN',
    'cairn config profile apply test              loopback only, meets nobody by itself',
    'cairn config profile apply server            neither looks for peers in private ranges nor dials there',
    'cairn config profile apply lowpower          few connections',
    'cairn config profile apply test --dry-run    tells what it would change',
  ],
  arguments: [{ name: 'profile', help: 'its name' }],
  options: { 'dry-run': { type: 'flag', help: 'change nothing' } },
  async *run({ args, options: { 'dry-run': isTrial = false }, repo }) {
    const { before, after } = await (await repo()).settings.applyProfile(firstArgument({ args }), { isTrial })
    yield { OldCfg: before, NewCfg: after }
  },
  answer: lastEvent,
  text({ OldCfg, NewCfg }) {
    const names = [...new Set([...Object.keys(OldCfg), ...Object.keys(NewCfg)])]
    const lines = names.flatMap((name) => {
      const [before, after] = [OldCfg[name], NewCfg[name]].map((value) => JSON.stringify(value))
      return before === after ? [] : [`- ${name}: ${before}`, `+ ${name}: ${after}`]
    })
    return lines.length === 0 ? undefined : lines.join('\n')
  },
})

function warningOf(event: ConfigEvent): string | undefined {
  if (!('UnknownKeys' in event)) return undefined
  return `Warning: kept, but without a meaning to this version: ${event.UnknownKeys.join(', ')}`
}

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
