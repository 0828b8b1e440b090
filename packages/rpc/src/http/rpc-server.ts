// The HTTP server of the RPC. On node:http, since answers end in trailers and begin before the body has been read.
import { openHttpServer, type HttpServer, type ListenAddress } from '@cairn/http'
import type { Command } from '../command.ts'
import type { AccessSettings } from './access.ts'
import { handleRequest } from './handle-request.ts'
import { CommandPaths } from './http-call.ts'
import { SERVER_LIMITS, type ServerLimits } from './limits.ts'
import type { CallContext } from './serve-call.ts'

/** What a server needs from outside. */
export interface RpcServerParts {
  readonly commands: readonly Command[]
  readonly context: CallContext
  /** Asked at every call, so that a change counts at once. */
  readonly access: () => AccessSettings
  /** What of its bounds is not as it is by default. */
  readonly limits?: Partial<ServerLimits>
}

/** Listens at `address` and serves the calls that come. @throws UNAVAILABLE, DENIED or INVALID when it cannot listen there */
export function openRpcServer(address: ListenAddress, parts: RpcServerParts): Promise<HttpServer> {
  const paths = new CommandPaths(parts.commands.filter(({ isLocal }) => !isLocal))
  const limits = { ...SERVER_LIMITS, ...parts.limits }
  return openHttpServer(address, {
    limits,
    serve: ({ port, ...call }) => handleRequest({ ...call, limits }, { ...parts, paths, port }),
  })
}
