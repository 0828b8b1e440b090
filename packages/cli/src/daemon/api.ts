// The RPC of a daemon: its servers, and the file that tells other processes where they are.
import { CairnError } from '@cairn/core'
import { parseListenAddress, type HttpServer } from '@cairn/http'
import type { Config, Node } from '@cairn/node'
import { COMMANDS, UNBUILT, digestOfSecret, newProofText, openRpcServer, type AccessSettings } from '@cairn/rpc'
import type { Session } from '../session.ts'
import { readVersion } from '../version.ts'
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
  const { path, config } = await session.repo()
  const access = accessOf(config)
  if (config.Cairn?.API?.AllowPublic !== true && access.authorizations?.length === 0)
    config.Addresses.API.forEach(requireLoopback)
  const servers: HttpServer[] = []
  // All together: each waits a while for its clients.
  stack.defer(async () => void (await Promise.all(servers.map((server) => server.close()))))
  const proofKey = newProofText()
  for (const address of config.Addresses.API) {
    const server = await openRpcServer(parseListenAddress(address), {
      commands: [...COMMANDS, ...UNBUILT],
      access: () => access,
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

function accessOf({ API: { HTTPHeaders = {}, Authorizations = {} } = {} }: Config): AccessSettings {
  const [, origins = []] =
    Object.entries(HTTPHeaders).find(([name]) => name.toLowerCase() === 'access-control-allow-origin') ?? []
  const authorizations = Object.values(Authorizations).map(({ AuthSecret, AllowedPaths }) => ({
    digest: digestOfSecret(AuthSecret),
    allowedPaths: AllowedPaths,
  }))
  return { origins, authorizations }
}

/** The RPC may do everything, also read and delete: without a secret only what runs on this machine may call it. */
function requireLoopback(text: string): void {
  const address = parseListenAddress(text)
  if ('path' in address || ['localhost', '::1'].includes(address.host) || address.host.startsWith('127.')) return
  throw new CairnError(
    'DENIED',
    `Cannot listen on ${text}: others could call from there; set API.Authorizations, or Cairn.API.AllowPublic to true`,
  )
}
