// The RPC of a daemon: its servers, and the file that tells other processes where they are.
import { parseListenAddress, type HttpServer } from '@cairn/http'
import type { Node } from '@cairn/node'
import { COMMANDS, UNBUILT, newProofText, openRpcServer } from '@cairn/rpc'
import type { Session } from '../session.ts'
import { readVersion } from '../version.ts'
import { ApiAccess } from './api-access.ts'
import { removeDaemonFiles, writeDaemonFiles } from './daemon-files.ts'
import type { Watch } from './watch.ts'

/** The open RPC of a daemon. */
export interface Api extends AsyncDisposable {
  readonly servers: readonly HttpServer[]
}

/** What the RPC tells of the daemon, and how it ends it. */
export interface ApiParts {
  readonly agentSuffix: string
  readonly shutdown: () => void
  readonly watch: Watch
}

/** Listens as the config says. @throws as `openRpcServer`; nothing stays open then */
export async function openApi(session: Session, node: Node, { agentSuffix, shutdown, watch }: ApiParts): Promise<Api> {
  await using stack = new AsyncDisposableStack()
  const info = await session.repo()
  const { path, config } = info
  const access = new ApiAccess(info, (error) => session.say(`Warning: ${error.message}`))
  const servers: HttpServer[] = []
  // All together: each waits a while for its clients.
  stack.defer(async () => void (await Promise.all(servers.map((server) => server.close()))))
  const proofKey = newProofText()
  for (const address of config.Addresses.API) {
    const server = await openRpcServer(parseListenAddress(address), {
      commands: [...COMMANDS, ...UNBUILT],
      access: () => access.current(),
      calls: watch.calls,
      metrics: () => watch.metrics(node, { path, config }),
      logger: watch.logs.of('rpc'),
      proofKey,
      context: {
        node: () => Promise.resolve(node),
        running: node,
        repo: () => session.repo(),
        agentVersion: `cairn/${readVersion()}${agentSuffix}`,
        shutdown,
        operation: watch,
      },
    })
    servers.push(server)
  }
  const [first] = servers
  if (first !== undefined) {
    stack.defer(() => removeDaemonFiles(path))
    await writeDaemonFiles(path, { address: first.address, key: proofKey })
  }
  const opened = stack.move()
  return { servers, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
