// cairn log: what a daemon tells of itself, and how much of it. Source: kubo core/commands/log.go.
import { lastEvent } from './answers.ts'
import { bytesCommand, eventCommand } from '../command.ts'
import { operationOf } from './operation.ts'

/** All parts, as people write it whose shell has a meaning for `*`. */
const ALL = 'all'
/** The name of the level that parts have by default. Source: kubo. */
const DEFAULT_KEY = '(default)'

type LevelEvent = { readonly Message: string } | { readonly Levels: Readonly<Record<string, string>> }

export const logLevel = eventCommand({
  path: ['log', 'level'],
  summary: 'Print how much a daemon tells, or change it until the daemon ends',
  examples: [
    'cairn log level                  the level by default',
    'cairn log level all              that of each part',
    'cairn log level exchange debug   tell all about the exchange',
    'cairn log level all warn',
  ],
  arguments: [
    { name: 'subsystem', optional: true, help: 'a part that "log ls" names, or all' },
    { name: 'level', optional: true, help: 'debug, info, warn, error or fatal, from the most told to the least' },
  ],
  options: {},
  async *run(input): AsyncGenerator<LevelEvent> {
    const { logs } = operationOf(input, 'look at the log')
    const [subsystem, level] = input.args
    const levels = logs.levels()
    const isAll = subsystem === ALL || subsystem === '*'
    if (subsystem !== undefined && level !== undefined) {
      const name = logs.setLevel(isAll ? '*' : subsystem, level)
      yield { Message: `Changed log level of '${name}' to '${level}'\n` }
    } else if (isAll) yield { Levels: levels }
    else {
      const name = subsystem ?? DEFAULT_KEY
      yield { Levels: { [name]: logs.levelOf(name) } }
    }
  },
  answer: lastEvent,
  text(event) {
    if ('Message' in event) return event.Message.trimEnd()
    const rows = Object.entries(event.Levels)
    const [only] = rows
    if (rows.length === 1 && only !== undefined) return only[1]
    return rows.map(([name, level]) => `${name}: ${level}`).join('\n')
  },
})

export const logLs = eventCommand({
  path: ['log', 'ls'],
  summary: 'List the parts of a daemon that have a log',
  examples: ['cairn log ls'],
  options: {},
  async *run(input) {
    yield { Strings: operationOf(input, 'look at the log').logs.subsystems }
  },
  answer: lastEvent,
  text: ({ Strings }) => Strings.join('\n'),
})

export const logTail = bytesCommand({
  path: ['log', 'tail'],
  summary: 'Print what a daemon tells from now on, as lines of JSON',
  examples: ['cairn log tail', 'cairn log tail --log-level error'],
  options: {
    'log-level': { type: 'text', value: 'level', help: 'only this level and those that are more urgent' },
  },
  async *run(input) {
    const { logs } = operationOf(input, 'look at the log')
    const encoder = new TextEncoder()
    for await (const line of logs.tail(input.options['log-level'], input.signal)) yield encoder.encode(line)
  },
})
