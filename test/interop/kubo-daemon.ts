// A Cairn daemon in a process of its own, and kubo-rpc-client on it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { create, type KuboRPCClient } from 'kubo-rpc-client'
import { createRepo } from '@cairn/node'

const CLI = fileURLToPath(new URL('../../packages/cli/bin/cairn.js', import.meta.url))

/** A running daemon. */
export interface KuboDaemon extends AsyncDisposable {
  readonly client: KuboRPCClient
  /** URL of its gateway. */
  readonly gateway: string
  /** Multiaddr with the peer id. */
  readonly address: string
  /** Resolves when the process has ended, with its exit code. */
  readonly ended: Promise<number | null>
}

/** Starts a daemon on a new repo, which listens on loopback alone. */
export async function startDaemon(): Promise<KuboDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-interop-'))
  await createRepo(folder, 'test')
  const child = spawn(process.execPath, [CLI, '--repo', folder, 'daemon'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  let [address, api] = ['', '']
  for await (const line of createInterface({ input: child.stdout })) {
    address ||= /^Swarm listening on (\S+)/.exec(line)?.[1] ?? ''
    api ||= /^RPC API server listening on: (\S+)/.exec(line)?.[1] ?? ''
    if (line === 'Daemon is ready') break
  }
  return {
    client: create({ url: api }),
    gateway: await readFile(join(folder, 'gateway'), 'utf8'),
    address,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
