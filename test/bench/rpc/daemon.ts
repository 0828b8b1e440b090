// A daemon that the bench starts, and the repo that it runs on.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCairn } from '../processes.ts'
import { WatchedProcess } from '../watched-process.ts'

const CLI = fileURLToPath(new URL('../bin/cairn.js', import.meta.resolve('@cairn/cli')))

/** A daemon that takes calls. */
export interface Daemon {
  readonly process: WatchedProcess
  readonly port: number
  /** From its start until it said so. */
  readonly readyMs: number
}

/** A new repo whose daemons listen on ports of their own. */
export async function makeRepo(repo: string): Promise<void> {
  await runCairn(repo, ['init', '--profile', 'test'])
  const path = join(repo, 'config')
  const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  const Addresses = { Swarm: ['/ip4/127.0.0.1/tcp/0'], API: '/ip4/127.0.0.1/tcp/0' }
  await writeFile(path, JSON.stringify({ ...config, Addresses }))
}

/** Starts a daemon on `repo`, as its installed file does; it ends with its process. */
export async function startDaemon(repo: string, options: readonly string[] = []): Promise<Daemon> {
  const settings = ['--max-semi-space-size=8', '--initial-heap-size=96']
  const daemon = new WatchedProcess([...settings, CLI, '--repo', repo, 'daemon', ...options])
  const [, port] = await daemon.line(/^RPC API server listening on: \/ip4\/127\.0\.0\.1\/tcp\/(\d+)/)
  await daemon.line(/^Daemon is ready/)
  return {
    process: daemon,
    port: Number(port),
    readyMs: performance.timeOrigin + performance.now() - daemon.startedMs,
  }
}
