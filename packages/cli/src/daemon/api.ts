// The RPC of a daemon: its servers, and the file that tells other processes where they are.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemError } from '@cairn/core'
import type { Node } from '@cairn/node'
import { COMMANDS, openRpcServer, parseListenAddress, type AccessSettings, type RpcServer } from '@cairn/rpc'
import type { Session } from '../session.ts'
import { readVersion } from '../version.ts'

/** The open RPC of a daemon. */
export interface Api extends AsyncDisposable {
  readonly servers: readonly RpcServer[]
}

/** Name of the file in a repo that has the address of the RPC while a daemon runs. */
export const API_FILE = 'api'

/** Listens as the config says; `shutdown` ends the daemon. @throws as `openRpcServer`; nothing stays open then */
export async function openApi(session: Session, node: Node, shutdown: () => void): Promise<Api> {
  await using stack = new AsyncDisposableStack()
  const { path, config } = await session.repo()
  const access = accessOf(config.API?.HTTPHeaders)
  const servers: RpcServer[] = []
  for (const address of config.Addresses.API) {
    const server = await openRpcServer(parseListenAddress(address), {
      commands: COMMANDS,
      access: () => access,
      context: {
        node: () => Promise.resolve(node),
        running: node,
        repo: () => session.repo(),
        agentVersion: `cairn/${readVersion()}`,
        shutdown,
      },
    })
    servers.push(stack.use(server))
  }
  const [first] = servers
  if (first !== undefined) {
    const file = join(path, API_FILE)
    stack.defer(() => rm(file, { force: true }))
    await writeFile(file, first.address).catch((cause: unknown) => {
      throw systemError(`write ${file}`, cause)
    })
  }
  const opened = stack.move()
  return { servers, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

function accessOf(headers: Readonly<Record<string, readonly string[]>> = {}): AccessSettings {
  const [, origins = []] =
    Object.entries(headers).find(([name]) => name.toLowerCase() === 'access-control-allow-origin') ?? []
  return { origins }
}
