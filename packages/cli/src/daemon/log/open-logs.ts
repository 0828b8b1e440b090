// Where the log of a daemon goes and how much of it, by the config and the environment.
import { CairnError } from '@cairn/core'
import { DEFAULT_LOG_PLAN, parseLogPlan, type Config, type LogPlan } from '@cairn/node'
import { UNWRITTEN_BYTES_MAX } from './limits.ts'
import { lineOf, Logs } from './logs.ts'
import { textLine } from './text-line.ts'

type Environment = Readonly<Record<string, string | undefined>>
export type LogFormat = 'text' | 'json'

/** What a log is opened with. */
export interface LogSettings {
  readonly config: Config
  readonly environment: Environment
  /** As the command line says it. */
  readonly format?: LogFormat | undefined
}

/** A log on standard error. */
export interface OpenLogs {
  readonly logs: Logs
  readonly format: LogFormat
  /** Writes a line that no level leaves out. */
  readonly say: (line: string) => void
}

/** @throws INVALID for levels or a format that are none */
export function openLogs({ config, environment, format: asked }: LogSettings): OpenLogs {
  const format = asked ?? formatOf(environment, config)
  const inForm = (line: string): string => (format === 'json' ? line : textLine(line))
  const write = boundedWriter(process.stderr, (lines) =>
    inForm(lineOf('lines of the log were left out: nobody read them', { lines })),
  )
  const logs = new Logs((line) => write(inForm(line)), planOf(environment, config))
  // On a terminal people see such a line as they always do.
  return { logs, format, say: (line) => write(format === 'json' ? lineOf(line) : `${line}\n`) }
}

/** Our own variable goes before those of Kubo, and these before the config. */
function planOf(environment: Environment, config: Config): LogPlan {
  const own = given(environment, 'CAIRN_LOG')
  if (own !== undefined) return parseLogPlan(own)
  const theirs = given(environment, 'GOLOG_LOG_LEVEL') ?? given(environment, 'IPFS_LOGGING')
  if (theirs !== undefined) return parseLogPlan(theirs, { isForeign: true })
  const configured = config.Cairn?.Log?.Level
  return configured === undefined ? DEFAULT_LOG_PLAN : parseLogPlan(configured)
}

function formatOf(environment: Environment, config: Config): LogFormat {
  const own = given(environment, 'CAIRN_LOG_FORMAT')
  if (own === 'text' || own === 'json') return own
  if (own !== undefined)
    throw new CairnError('INVALID', `Cannot write the log: CAIRN_LOG_FORMAT is "text" or "json", not "${own}"`)
  const theirs = given(environment, 'GOLOG_LOG_FMT') ?? given(environment, 'IPFS_LOGGING_FMT')
  if (theirs !== undefined) return theirs === 'json' ? 'json' : 'text'
  return config.Cairn?.Log?.Format ?? (process.stderr.isTTY ? 'text' : 'json')
}

/** A variable that is set to nothing counts as not set. */
function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]
  return value === '' ? undefined : value
}

/** Writes lines as long as somebody reads them, and else counts what it leaves out. */
function boundedWriter(stream: NodeJS.WriteStream, leftLine: (lines: number) => string): (line: string) => void {
  let left = 0
  return (line) => {
    if (stream.writableLength > UNWRITTEN_BYTES_MAX) {
      left++
      return
    }
    if (left > 0) {
      stream.write(leftLine(left))
      left = 0
    }
    stream.write(line)
  }
}
