// The HTTP gateway of a daemon: its servers, and the file that tells other programs where it is.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemError } from '@cairn/core'
import type { GatewaySettings } from '@cairn/gateway'
import { parseListenAddress, type HttpServer } from '@cairn/http'
import type { Config, Node } from '@cairn/node'
import { tarOf } from '@cairn/rpc'
import type { Session } from '../session.ts'

/** The open gateway of a daemon. */
export interface OpenGateway extends AsyncDisposable {
  readonly servers: readonly HttpServer[]
}

/** Name of the file in a repo that has the URL of the gateway while a daemon runs, as Kubo writes it. */
const GATEWAY_FILE = 'gateway'

/** Listens as the config says. @throws as `openGatewayServer`; nothing stays open then */
export async function openGateway(session: Session, node: Node): Promise<OpenGateway> {
  await using stack = new AsyncDisposableStack()
  const { path, config } = await session.repo()
  const servers: HttpServer[] = []
  // All together: each waits a while for its clients.
  stack.defer(async () => void (await Promise.all(servers.map((server) => server.close()))))
  if (config.Addresses.Gateway.length > 0) {
    const { Gateway, openGatewayServer } = await import('@cairn/gateway')
    const gateway = new Gateway(
      {
        blocks: config.Gateway?.NoFetch === true ? node.local : node.blocks,
        has: async (cid) => (await node.local.size(cid)) !== undefined,
        archive: tarOf,
      },
      settingsOf(config),
    )
    for (const address of config.Addresses.Gateway)
      servers.push(await openGatewayServer(parseListenAddress(address), gateway))
  }
  const url = servers.map(({ address }) => urlOf(address)).find((found) => found !== undefined)
  if (url !== undefined) {
    const file = join(path, GATEWAY_FILE)
    stack.defer(() => rm(file, { force: true }))
    await writeFile(file, url).catch((cause: unknown) => {
      throw systemError(`write ${file}`, cause)
    })
  }
  const opened = stack.move()
  return { servers, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

function settingsOf({ Gateway: gateway = {} }: Config): GatewaySettings {
  const { RetrievalTimeout, MaxRequestDuration, MaxConcurrentRequests } = gateway
  return {
    deserializes: gateway.DeserializedResponses ?? true,
    hasTextErrors: gateway.DisableHTMLErrors ?? false,
    headers: gateway.HTTPHeaders ?? {},
    limits: {
      ...(RetrievalTimeout !== undefined && { retrievalTimeoutMs: RetrievalTimeout }),
      ...(MaxRequestDuration !== undefined && { requestDurationMs: MaxRequestDuration }),
      ...(MaxConcurrentRequests !== undefined && { requestsMax: MaxConcurrentRequests }),
    },
  }
}

/** A Unix socket has no URL. */
function urlOf(address: string): string | undefined {
  const listens = parseListenAddress(address)
  if ('path' in listens) return undefined
  const host = listens.host.includes(':') ? `[${listens.host}]` : listens.host
  return `http://${host}:${listens.port}`
}
