// The HTTP server of the RPC. On node:http, since answers end in trailers and begin before the body has been read.
import type { Logger } from '@cairn/core'
import { openHttpServer, type HttpServer, type ListenAddress } from '@cairn/http'
import type { Command } from '../command.ts'
import type { AccessSettings } from './access.ts'
import type { CallLog } from './call-log.ts'
import { handleRequest } from './handle-request.ts'
import { CommandPaths } from './http-call.ts'
import { SERVER_LIMITS, type ServerLimits } from './limits.ts'
import type { CallContext } from './serve-call.ts'

/** What a server needs from outside. */
export interface RpcServerParts {
  readonly commands: readonly Command[]
  readonly context: CallContext
  /** Asked at every call, so that a change counts at once. */
  readonly access: () => AccessSettings | Promise<AccessSettings>
  /** Where calls are noted; nowhere by default. */
  readonly calls?: CallLog | undefined
  /** Where it tells whom it refuses, and why; nowhere by default. */
  readonly logger?: Logger | undefined
  /** What a scrape of `/debug/metrics/prometheus` is answered with; there is no such path by default. */
  readonly metrics?: (() => Promise<string>) | undefined
  /** By which it proves that it is the daemon of its repo; it proves nothing by default. */
  readonly proofKey?: string | undefined
  /** What of its bounds is not as it is by default. */
  readonly limits?: Partial<ServerLimits>
}

/** Listens at `address` and serves the calls that come. @throws UNAVAILABLE, DENIED or INVALID when it cannot listen there */
export function openRpcServer(address: ListenAddress, parts: RpcServerParts): Promise<HttpServer> {
  const paths = new CommandPaths(parts.commands.filter(({ isLocal }) => !isLocal))
  const limits = { ...SERVER_LIMITS, ...parts.limits }
  return openHttpServer(address, {
    limits,
    serve({ port, ...call }) {
      const record = parts.calls?.begin()
      const { response } = call
      response.once('close', () => record?.end(response.headersSent ? response.statusCode : 0))
      return handleRequest({ ...call, limits, record }, { ...parts, paths, port })
    },
  })
}
