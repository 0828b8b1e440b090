// How a daemon is watched: its log, and the calls that it works on.
import { isCairnError, type Logger } from '@cairn/core'
import type { Config, Node, RepoInfo } from '@cairn/node'
import { CallLog, Profiler, SLOW_CALL_MS, type EndedCall, type Operation } from '@cairn/rpc'
import type { Session } from '../session.ts'
import { readVersion } from '../version.ts'
import type { Logs } from './log/logs.ts'
import { openLogs, type LogFormat } from './log/open-logs.ts'
import { Metrics } from './metrics/metrics.ts'

/** What a daemon is watched by. */
export interface Watch extends Operation {
  readonly logs: Logs
  readonly calls: CallLog
  /** The metrics of a daemon of `node`, as text for a scrape. */
  metrics(node: Node, repo: Pick<RepoInfo, 'path' | 'config'>): Promise<string>
  /** Tells that it takes calls at `addresses`. */
  ready(addresses: readonly string[]): void
  /** Tells that it ends, and why. */
  stopping(why: string): void
}

/** How the log is written. */
export interface WatchSettings {
  readonly config: Config
  /** As the command line says it. */
  readonly format?: LogFormat | undefined
}

/** Watches a daemon from its start; messages of `session` go to the log from now on. @throws as `openLogs` */
export function openWatch(session: Session, { config, format }: WatchSettings): Watch {
  const startedMs = performance.now()
  const { logs, say } = openLogs({ config, format, environment: process.env })
  const node = logs.of('node')
  const metrics = new Metrics()
  session.sayBy(say, () => {
    metrics[Symbol.dispose]()
    node.info('stopped')
  })
  const calls = new CallLog((call) => {
    metrics.addCall(call)
    logCall(logs.of('rpc'), call)
  })
  node.info('starting', { version: readVersion(), pid: process.pid, runtime: `node ${process.version}` })
  return {
    logs,
    calls,
    profiler: new Profiler(),
    metrics: (opened, repo) => metrics.read(opened, repo, calls),
    ready(addresses) {
      for (const address of addresses) logs.of('rpc').info('listening', { address })
      node.info('ready', { ms: Math.round(performance.now() - startedMs) })
    },
    stopping: (why) => node.info('stopping', { why }),
  }
}

/** Calls that somebody should know of; of the others only who asks for all. */
function logCall(logger: Logger, { path, status, ms, error }: EndedCall): void {
  const facts = { path, status, ms: Math.round(ms) }
  if (error === undefined) {
    if (ms >= SLOW_CALL_MS && path !== 'log/tail') logger.info('slow call', facts)
    else logger.debug('call ended', facts)
  } else if (isCairnError(error)) {
    const why = { ...facts, code: error.code, error: error.message }
    if (error.code === 'CORRUPT' || error.code === 'LIMIT') logger.warn('call failed', why)
    else logger.debug('call failed', why)
  } else {
    const told = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error)
    logger.error('call failed by a fault', { ...facts, error: told })
  }
}
