// How much each part of a node tells, as people write it: `warn,exchange=debug`, the form of Go's GOLOG_LOG_LEVEL.
import { CairnError, type LogSubsystem } from '@cairn/core'

/** From the most told to the least. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** Every part that has a log, by its name. */
export const LOG_SUBSYSTEMS: readonly LogSubsystem[] = ['node', 'network', 'exchange', 'blockstore', 'gc', 'rpc']

/** Names that Kubo has for the same parts. */
const KUBO_NAMES: ReadonlyMap<string, LogSubsystem> = new Map([
  ['bitswap', 'exchange'],
  ['cmds/http', 'rpc'],
  ['core', 'node'],
  ['swarm2', 'network'],
])

/** Kubo's levels that say no more here than another one. */
const KUBO_LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['dpanic', 'fatal'],
  ['panic', 'fatal'],
  ['warning', 'warn'],
])

/** Levels by part, and that of all parts that are not named. */
export interface LogPlan {
  readonly base: LogLevel
  readonly bySubsystem: ReadonlyMap<LogSubsystem, LogLevel>
}

/** What is told when nobody says how much: what somebody should look at. */
export const DEFAULT_LOG_PLAN: LogPlan = { base: 'warn', bySubsystem: new Map() }

/**
 * Reads a plan.
 *
 * @param isForeign for the setting of another program: its parts that we lack are passed over
 * @throws INVALID for levels or parts of other names
 */
export function parseLogPlan(text: string, { isForeign = false }: { readonly isForeign?: boolean } = {}): LogPlan {
  let { base } = DEFAULT_LOG_PLAN
  const bySubsystem = new Map<LogSubsystem, LogLevel>()
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue
    const [name, level, ...more] = item.split('=')
    if (name === undefined || more.length > 0) throw new CairnError('INVALID', `Cannot read the log level "${item}"`)
    if (level === undefined) base = parseLogLevel(name)
    else if (!isForeign || findSubsystem(name) !== undefined)
      bySubsystem.set(parseLogSubsystem(name), parseLogLevel(level))
  }
  return { base, bySubsystem }
}

/** @throws INVALID for another name */
export function parseLogLevel(text: string): LogLevel {
  const name = text.toLowerCase()
  const level = LOG_LEVELS.find((known) => known === name) ?? KUBO_LEVELS.get(name)
  if (level !== undefined) return level
  throw new CairnError('INVALID', `Cannot use the log level "${text}": there are ${LOG_LEVELS.join(', ')}`)
}

/** @throws INVALID for another name */
export function parseLogSubsystem(text: string): LogSubsystem {
  const subsystem = findSubsystem(text)
  if (subsystem !== undefined) return subsystem
  throw new CairnError('INVALID', `Cannot find the log of "${text}": there are ${LOG_SUBSYSTEMS.join(', ')}`)
}

function findSubsystem(text: string): LogSubsystem | undefined {
  return LOG_SUBSYSTEMS.find((known) => known === text) ?? KUBO_NAMES.get(text)
}
