// cairn commands: the command table itself.
import { lastEvent } from './answers.ts'
import { openApiOf } from '../http/openapi.ts'
import { eventCommand, type Command } from '../command.ts'

/** As Kubo's: names of options are all words that stand for it. */
export interface Entry {
  readonly Name: string
  readonly Subcommands: readonly Entry[]
  readonly Options: readonly { readonly Names: readonly string[] }[]
}

/** The command that lists `table`, which holds it as well and is asked for at each call. */
export function listOf(table: () => readonly Command[]) {
  return eventCommand({
    path: ['commands'],
    summary: 'List all commands',
    examples: ['cairn commands', 'cairn commands --flags   with their options'],
    options: { flags: { type: 'flag', short: 'f', help: 'list the options as well' } },
    usesNode: false,
    async *run(): AsyncGenerator<Entry> {
      yield entryOf('cairn', [], rowsOf(table()))
    },
    answer: lastEvent,
    text: (root, { flags = false }) => linesOf(root, [], flags).join('\n'),
  })
}

/** The command that describes `table` for programs that make clients of their own. */
export function openApiFor(table: () => readonly Command[]) {
  return eventCommand({
    path: ['commands', 'openapi'],
    summary: 'Print the RPC over HTTP as an OpenAPI 3.1 document',
    examples: ['cairn commands openapi > openapi.json'],
    options: {},
    usesNode: false,
    async *run({ agentVersion }): AsyncGenerator<Readonly<Record<string, unknown>>> {
      yield openApiOf(table(), agentVersion.split('/')[1] ?? agentVersion)
    },
    answer: lastEvent,
    text: (document) => JSON.stringify(document, null, 2),
  })
}

/** One name of a command. */
interface Row {
  readonly path: readonly string[]
  readonly command: Command
}

function rowsOf(table: readonly Command[]): Row[] {
  return table.flatMap((command) => [command.path, ...command.aliases].map((path) => ({ path, command })))
}

function entryOf(name: string, path: readonly string[], rows: readonly Row[]): Entry {
  const below = rows.filter((row) => path.every((word, index) => row.path[index] === word))
  const own = below.find((row) => row.path.length === path.length)
  const names = new Set(below.flatMap((row) => row.path[path.length] ?? []))
  return {
    Name: name,
    Subcommands: [...names].toSorted().map((next) => entryOf(next, [...path, next], below)),
    Options: Object.entries(own?.command.options ?? {}).map(([option, { short }]) => ({
      Names: short === undefined ? [option] : [option, short],
    })),
  }
}

function linesOf({ Name, Subcommands, Options }: Entry, above: readonly string[], withOptions: boolean): string[] {
  const words = [...above, Name].join(' ')
  const options = withOptions ? Options.flatMap(({ Names }) => Names.map((name) => `${words} ${dashed(name)}`)) : []
  return [words, ...options, ...Subcommands.flatMap((entry) => linesOf(entry, [...above, Name], withOptions))]
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}
