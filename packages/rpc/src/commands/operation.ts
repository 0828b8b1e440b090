// What a daemon lets whoever keeps it see and change: its log, and the calls that it works on.
import { CairnError } from '@cairn/core'
import type { CommandInput } from '../command.ts'
import type { Profiler } from './profiler.ts'

/** The log of a daemon, and its levels. */
export interface LogControl {
  /** Names of the parts that have a log. */
  readonly subsystems: readonly string[]
  /** The level of each part, and that of new ones under `(default)`. */
  levels(): Readonly<Record<string, string>>
  /** The level of one part, or of `(default)`. @throws INVALID for a part of another name */
  levelOf(subsystem: string): string
  /**
   * Sets the level of one part, or with `*` of all.
   *
   * @returns the name of the part as it is in `subsystems`
   * @throws INVALID for a part or a level of another name
   */
  setLevel(subsystem: string, level: string): string
  /**
   * Lines of JSON from now on, of this level and those that are more urgent, until `signal` aborts, which ends them without an
   * error. Whoever reads slowly misses some, and one line says how many.
   *
   * @throws INVALID for a level of another name, LIMIT when too many read already
   */
  tail(level: string | undefined, signal: AbortSignal): AsyncIterable<string>
}

/** One call of a command, as Kubo's `diag cmds` has it. */
export interface CallEntry {
  readonly ID: number
  /** Words of its path with slashes between them. */
  readonly Command: string
  readonly Args: readonly string[]
  readonly Options: Readonly<Record<string, unknown>>
  readonly Active: boolean
  readonly StartTime: string
  /** `0001-01-01T00:00:00Z`, which is Go's for none, while it runs. */
  readonly EndTime: string
}

/** The calls that run, and those that have ended of late. */
export interface CallList {
  list(): readonly CallEntry[]
  /** Forgets those that have ended. */
  clear(): void
  /** For how long those are kept that have ended. */
  keepFor(ms: number): void
}

/** How a daemon is watched. */
export interface Operation {
  readonly logs: LogControl
  readonly calls: CallList
  readonly profiler: Profiler
}

/** How the daemon is watched that runs the command. @throws UNAVAILABLE where none does */
export function operationOf({ operation }: CommandInput, action: string): Operation {
  if (operation !== undefined) return operation
  throw new CairnError('UNAVAILABLE', `Cannot ${action}: no daemon runs on this repo`)
}
