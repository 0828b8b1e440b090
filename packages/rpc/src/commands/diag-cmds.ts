// cairn diag cmds: the calls that a daemon works on. Source: kubo core/commands/active.go.
import { CairnError, DURATION_MS_MAX, parseDuration } from '@cairn/core'
import { lastEvent, nothing } from './answers.ts'
import { eventCommand, firstArgument } from '../command.ts'
import { operationOf, type CallEntry } from './operation.ts'

const ACTION = 'list the calls'

export const diagCmds = eventCommand({
  path: ['diag', 'cmds'],
  summary: 'List the calls that a daemon works on, and those that have ended of late',
  examples: ['cairn diag cmds', 'cairn diag cmds --verbose   with arguments and options'],
  options: { verbose: { type: 'flag', short: 'v', help: 'print arguments and options as well' } },
  async *run(input): AsyncGenerator<readonly CallEntry[]> {
    yield operationOf(input, ACTION).calls.list()
  },
  answer: lastEvent,
  text(calls, { verbose = false }) {
    const head = [...(verbose ? ['ID'] : []), 'Command', ...(verbose ? ['Arguments', 'Options'] : [])]
    const rows = calls.map(({ ID, Command, Args, Options, Active, StartTime, EndTime }) => {
      const ms = (Active ? Date.now() : Date.parse(EndTime)) - Date.parse(StartTime)
      const options = Object.entries(Options).map(([name, value]) => `${name}=${String(value)}`)
      const words = verbose ? [String(ID), Command, Args.join(' '), options.join(',')] : [Command]
      return [...words, String(Active), StartTime, `${ms / 1000}s`]
    })
    return aligned([[...head, 'Active', 'StartTime', 'RunTime'], ...rows])
  },
})

export const diagCmdsClear = eventCommand({
  path: ['diag', 'cmds', 'clear'],
  summary: 'Forget the calls that have ended',
  examples: ['cairn diag cmds clear'],
  options: {},
  // eslint-disable-next-line require-yield -- it has nothing to tell
  async *run(input): AsyncGenerator<never> {
    operationOf(input, ACTION).calls.clear()
  },
  answer: nothing,
  text: () => undefined,
})

export const diagCmdsSetTime = eventCommand({
  path: ['diag', 'cmds', 'set-time'],
  summary: 'Set for how long calls are listed that have ended',
  examples: ['cairn diag cmds set-time 10m'],
  arguments: [{ name: 'time', help: 'a duration such as 10m' }],
  options: {},
  // eslint-disable-next-line require-yield -- it has nothing to tell
  async *run(input): AsyncGenerator<never> {
    const text = firstArgument(input)
    const ms = parseDuration(text)
    if (ms === undefined || ms > DURATION_MS_MAX)
      throw new CairnError('INVALID', `Cannot read "${text}" as a duration such as 10m`)
    operationOf(input, ACTION).calls.keepFor(ms)
  },
  answer: nothing,
  text: () => undefined,
})

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
