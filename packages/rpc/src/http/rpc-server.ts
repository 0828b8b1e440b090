// The HTTP server of the RPC: takes connections, decides who may call, and hands calls to their commands.
// On node:http, since answers end in trailers and begin before the body has been read.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { CairnError, systemError } from '@cairn/core'
import type { Command } from '../command.ts'
import {
  CLOSE_WAIT_MS,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  LINGER_MS,
} from './limits.ts'
import { corsHeaders, mayCall, type AccessSettings } from './access.ts'
import { API_PATH, BadRequest, CommandPaths, readCall } from './http-call.ts'
import { httpFailureOf } from './http-error.ts'
import { formatListenAddress, type ListenAddress } from './listen-address.ts'
import { serveCall, type CallContext } from './serve-call.ts'

/** What a server needs from outside. */
export interface RpcServerParts {
  readonly commands: readonly Command[]
  readonly context: CallContext
  /** Asked at every call, so that a change counts at once. */
  readonly access: () => AccessSettings
}

/** An HTTP server of commands; see {@link openRpcServer}. */
export class RpcServer implements AsyncDisposable {
  /** Where it listens, as a multiaddr with the port that it got. */
  readonly address: string
  readonly #server: Server
  readonly #stop: AbortController
  readonly #calls: ReadonlySet<Promise<void>>

  constructor(server: Server, address: string, { stop, calls }: Pick<RpcServerState, 'stop' | 'calls'>) {
    this.address = address
    this.#server = server
    this.#stop = stop
    this.#calls = calls
  }

  /** Ends calls under way, waits for what they still have to say, and closes all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#stop.abort(new CairnError('UNAVAILABLE', 'Cannot go on: the node is shutting down'))
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_WAIT_MS)
    await Promise.allSettled(this.#calls)
    this.#server.closeIdleConnections()
    await closed
    clearTimeout(timer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

interface RpcServerState {
  readonly stop: AbortController
  readonly calls: ReadonlySet<Promise<void>>
}

/** Listens at `address` and serves the calls that come. @throws UNAVAILABLE, DENIED or INVALID when it cannot listen there */
export async function openRpcServer(address: ListenAddress, parts: RpcServerParts): Promise<RpcServer> {
  const stop = new AbortController()
  const calls = new Set<Promise<void>>()
  const paths = new CommandPaths(parts.commands)
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const call = handle({ request, response, signal: stop.signal }, { ...parts, paths, port: portOf(server) })
      calls.add(call)
      void call.finally(() => calls.delete(call))
    },
  )
  // Uploads take as long as they take; silence ends them.
  server.requestTimeout = 0
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, address)
  const port = portOf(server)
  const own = 'path' in address || port === undefined ? address : { ...address, port }
  return new RpcServer(server, formatListenAddress(own), { stop, calls })
}

interface Request {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
}

interface Serving extends RpcServerParts {
  readonly paths: CommandPaths
  readonly port: number | undefined
}

async function handle(exchange: Request, serving: Serving): Promise<void> {
  const { request, response } = exchange
  // What is wrong with the connection shows where it is read or written.
  request.on('error', () => undefined)
  response.on('error', () => undefined)
  try {
    if (!mayCall(request, serving.access(), serving.port)) return refuse(exchange, 403, '403 - Forbidden')
    for (const [name, value] of Object.entries(corsHeaders(request.headers.origin))) response.setHeader(name, value)
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { Allow: 'OPTIONS, POST' }).end()
      return
    }
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (request.method !== 'POST') {
      if (!url.pathname.startsWith(API_PATH)) return refuse(exchange, 404, '404 page not found')
      response.setHeader('Allow', 'OPTIONS, POST')
      return refuse(exchange, 405, '405 - Method Not Allowed')
    }
    await serveCall(readCall(serving.paths, url), serving.context, exchange)
  } catch (error) {
    const { status, message } = httpFailureOf(error instanceof TypeError ? new BadRequest(400, error.message) : error)
    refuse(exchange, status, message)
  } finally {
    endBody(exchange)
  }
}

function refuse({ response }: Request, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

/** A body that nobody read is not read to its end: the connection goes, once the client has had time for the answer. */
function endBody({ request, response }: Request): void {
  if (request.complete || request.destroyed) return
  request.pause()
  const timer = setTimeout(() => request.destroy(), LINGER_MS)
  response.once('close', () => clearTimeout(timer))
}

function portOf(server: Server): number | undefined {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  const where = formatListenAddress(address)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(address, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    throw systemError(`listen on ${where}`, cause)
  }
}
