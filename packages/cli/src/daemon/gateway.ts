// The HTTP gateway of a daemon: its servers, and the file that tells other programs where it is.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemError } from '@cairn/core'
import type { GatewayBackend, GatewaySettings, HostSettings } from '@cairn/gateway'
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
    const { Gateway, LOCALHOST, openGatewayServer } = await import('@cairn/gateway')
    const gateway = new Gateway(
      {
        blocks: config.Gateway?.NoFetch === true ? node.local : node.blocks,
        has: async (cid) => (await node.local.size(cid)) !== undefined,
        archive: tarOf,
        resolveName: namesOf(config),
      },
      { ...settingsOf(config), hosts: { localhost: LOCALHOST, ...hostsOf(config) } },
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

function settingsOf({ Gateway: gateway = {}, Cairn: own = {} }: Config): GatewaySettings {
  const perSecond = own.Gateway?.RequestsPerSecond
  const { RetrievalTimeout, MaxRequestDuration, MaxConcurrentRequests } = gateway
  return {
    deserializes: gateway.DeserializedResponses ?? true,
    hasTextErrors: gateway.DisableHTMLErrors ?? false,
    headers: gateway.HTTPHeaders ?? {},
    servesSites: gateway.NoDNSLink !== true,
    limits: {
      ...(RetrievalTimeout !== undefined && { retrievalTimeoutMs: RetrievalTimeout }),
      ...(MaxRequestDuration !== undefined && { requestDurationMs: MaxRequestDuration }),
      ...(perSecond !== undefined && { requestsPerSecond: perSecond }),
      ...(MaxConcurrentRequests !== undefined && { requestsMax: MaxConcurrentRequests }),
    },
  }
}

/** What hosts are for; one with `null` is for nothing. */
function hostsOf({ Gateway: { PublicGateways = {} } = {} }: Config): Readonly<Record<string, HostSettings>> {
  return Object.fromEntries(
    Object.entries(PublicGateways).map(([host, settings]): [string, HostSettings] => {
      const { Paths, UseSubdomains = false, InlineDNSLink = false } = settings ?? { Paths: ['/ipfs', '/ipns'] }
      return [host, { paths: Paths, usesSubdomains: UseSubdomains, inlinesNames: InlineDNSLink }]
    }),
  )
}

/** Names by the config, and by `IPFS_NS_MAP` as Kubo has it: `name:/ipfs/CID,name:/ipfs/CID`. */
function namesOf({ Cairn: { Gateway: { DNSLinks = {} } = {} } = {} }: Config): GatewayBackend['resolveName'] {
  const pairs = (process.env['IPFS_NS_MAP'] ?? '').split(',').flatMap((pair): [string, string][] => {
    const at = pair.indexOf(':')
    return at < 0 ? [] : [[pair.slice(0, at).toLowerCase(), pair.slice(at + 1)]]
  })
  const links = new Map([...Object.entries(DNSLinks), ...pairs])
  return (name) => {
    const path = links.get(name)
    return Promise.resolve(path === undefined ? undefined : { path })
  }
}

/** A Unix socket has no URL. */
function urlOf(address: string): string | undefined {
  const listens = parseListenAddress(address)
  if ('path' in listens) return undefined
  const host = listens.host.includes(':') ? `[${listens.host}]` : listens.host
  return `http://${host}:${listens.port}`
}
