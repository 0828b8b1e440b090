// The log of a daemon: lines of JSON with levels by part, for one sink and for whoever reads along.
import { CairnError, type LogFacts, type Logger, type LogSubsystem } from '@cairn/core'
import { LOG_LEVELS, LOG_SUBSYSTEMS, parseLogLevel, parseLogSubsystem, type LogPlan } from '@cairn/node'
import type { LogControl } from '@cairn/rpc'
import { pino, type Logger as PinoLogger } from 'pino'
import { TAILS_MAX } from './limits.ts'
import { Repeats } from './repeats.ts'
import { Tail } from './tail.ts'

/** The level of parts that nobody has set one for. Source: kubo. */
const DEFAULT_KEY = '(default)'

/** A reader, and the number of the level from which on it is told. */
interface Reader {
  readonly tail: Tail
  readonly levelMin: number
}

/** See {@link LogControl}; fields of a line are those of Kubo's: `level`, `ts`, `logger`, `msg`, and what belongs to it. */
export class Logs implements LogControl {
  readonly subsystems: readonly string[] = LOG_SUBSYSTEMS
  readonly #root: PinoLogger
  readonly #parts: ReadonlyMap<LogSubsystem, PinoLogger>
  readonly #loggers: ReadonlyMap<LogSubsystem, Logger>
  readonly #readers = new Set<Reader>()

  /** @param write takes one line, and never throws */
  constructor(write: (line: string) => void, { base, bySubsystem }: LogPlan) {
    const sink = {
      // Has pino set `lastLevel` before each line.
      [Symbol.for('pino.metadata')]: true,
      lastLevel: 0,
      write: (line: string): void => {
        write(line)
        for (const { tail, levelMin } of this.#readers) if (sink.lastLevel >= levelMin) tail.add(line)
      },
    }
    this.#root = pino(
      {
        level: base,
        base: null,
        timestamp: () => `,"ts":"${new Date().toISOString()}"`,
        formatters: { level: (level) => ({ level }) },
      },
      sink,
    )
    this.#parts = new Map(
      LOG_SUBSYSTEMS.map((name) => [
        name,
        this.#root.child({ logger: name }, { level: bySubsystem.get(name) ?? base }),
      ]),
    )
    this.#loggers = new Map(Array.from(this.#parts, ([name, part]) => [name, loggerOver(part)]))
  }

  /** The logger of one part. */
  readonly of = (subsystem: LogSubsystem): Logger => {
    const logger = this.#loggers.get(subsystem)
    if (logger === undefined) throw new TypeError(`there is no log of ${subsystem}`)
    return logger
  }

  levels(): Readonly<Record<string, string>> {
    return {
      [DEFAULT_KEY]: this.#root.level,
      ...Object.fromEntries(Array.from(this.#parts, ([name, { level }]) => [name, level])),
    }
  }

  levelOf(subsystem: string): string {
    return this.#partOf(subsystem).level
  }

  setLevel(subsystem: string, level: string): string {
    const known = parseLogLevel(level)
    if (subsystem !== '*') {
      this.#partOf(subsystem).level = known
      return subsystem === DEFAULT_KEY ? subsystem : parseLogSubsystem(subsystem)
    }
    for (const part of [this.#root, ...this.#parts.values()]) part.level = known
    return subsystem
  }

  async *tail(level: string | undefined, signal: AbortSignal): AsyncGenerator<string> {
    const levelMin = pino.levels.values[level === undefined ? LOG_LEVELS[0] : parseLogLevel(level)] ?? 0
    if (this.#readers.size >= TAILS_MAX)
      throw new CairnError('LIMIT', `Cannot read the log: ${TAILS_MAX} read it already`)
    const tail = new Tail((lines) => lineOf('lines of the log are missing', { lines }))
    const reader = { tail, levelMin }
    this.#readers.add(reader)
    try {
      yield* tail.read(signal)
    } finally {
      this.#readers.delete(reader)
    }
  }

  #partOf(subsystem: string): PinoLogger {
    if (subsystem === DEFAULT_KEY) return this.#root
    return this.#parts.get(parseLogSubsystem(subsystem)) ?? this.#root
  }
}

/** A warning of the node that no level leaves out, as a line of JSON. */
export function lineOf(msg: string, facts: LogFacts = {}): string {
  return `${JSON.stringify({ level: 'warn', ts: new Date().toISOString(), logger: 'node', msg, ...facts })}\n`
}

function loggerOver(part: PinoLogger): Logger {
  const repeats = new Repeats(() => performance.now())
  const at =
    (level: 'error' | 'warn' | 'info') =>
    (message: string, facts: LogFacts = {}): void => {
      if (!part.isLevelEnabled(level)) return
      const left = repeats.pass(message)
      if (left !== undefined) part[level]({ ...facts, ...(left > 0 && { leftOut: left }) }, message)
    }
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    // Who asks for all of it gets all of it.
    debug: (message, facts = {}) => part.debug(facts, message),
  }
}
