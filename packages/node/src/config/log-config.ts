// How much a daemon tells of itself, and in which form; our own settings.
import { CairnError } from '@cairn/core'
import { parseLogPlan } from '../operation/log-levels.ts'

/** Settings of the section `Cairn.Log`, which count from the next start of a daemon. */
export interface LogConfig {
  /** Levels as in `warn,exchange=debug`; `CAIRN_LOG` goes before it. */
  readonly Level?: string
  /** `text` for people, `json` for programs; by default text on a terminal. `CAIRN_LOG_FORMAT` goes before it. */
  readonly Format?: 'text' | 'json'
}

/** @throws INVALID for a value of another form */
export function parseLogConfig(value: unknown): LogConfig {
  const { Level, Format } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >
  if (typeof value !== 'object' || value === null || (Level !== undefined && typeof Level !== 'string'))
    throw new CairnError(
      'INVALID',
      'Cannot read the config: Cairn.Log.Level must be a text such as "warn,exchange=debug"',
    )
  if (Format !== undefined && Format !== 'text' && Format !== 'json')
    throw new CairnError('INVALID', 'Cannot read the config: Cairn.Log.Format must be "text" or "json"')
  if (Level !== undefined) parseLogPlan(Level)
  return { ...(Level !== undefined && { Level }), ...(Format && { Format }) }
}
