// An HTTP server: takes connections within bounds, hands over their requests one after the other, and ends them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { chmod, lstat, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { CairnError, systemError } from '@cairn/core'
import { ConnectionTurns } from './connection-turns.ts'
import { CLOSE_WAIT_MS, CONNECTIONS_LOOK_MS, HEADER_BYTES_MAX, type HttpLimits } from '../limits.ts'
import { formatListenAddress, type ListenAddress } from './listen-address.ts'

/** A request that came, and what may be answered to it. */
export interface HttpCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborts when the server closes. */
  readonly signal: AbortSignal
  /** Of the server; a Unix socket has none. */
  readonly port: number | undefined
}

/** What a server does. */
export interface HttpServerParts {
  readonly limits: HttpLimits
  /** Answers one call; never rejects. */
  readonly serve: (call: HttpCall) => Promise<void>
}

/** An HTTP server that listens; see {@link openHttpServer}. */
export class HttpServer implements AsyncDisposable {
  /** Where it listens, as a multiaddr with the port that it got. */
  readonly address: string
  readonly #server: Server
  readonly #stop: AbortController
  readonly #calls: ReadonlySet<Promise<void>>

  constructor(server: Server, address: string, { stop, calls }: ServerState) {
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

interface ServerState {
  readonly stop: AbortController
  readonly calls: ReadonlySet<Promise<void>>
}

/** Listens at `address` and serves the calls that come. @throws UNAVAILABLE, DENIED or INVALID when it cannot listen there */
export async function openHttpServer(address: ListenAddress, { limits, serve }: HttpServerParts): Promise<HttpServer> {
  const stop = new AbortController()
  const calls = new Set<Promise<void>>()
  const turns = new ConnectionTurns()
  /** Asking the system for it costs more than a small header. */
  let port: number | undefined
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: limits.headersTimeoutMs,
      // Uploads take as long as they take; silence and next to nothing end them.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(CONNECTIONS_LOOK_MS, limits.headersTimeoutMs),
    },
    (request, response) => {
      const call = turns.run(request.socket, () => {
        // That of the answer before, where this request came during it.
        request.socket.setTimeout(0)
        return serve({ request, response, signal: stop.signal, port })
      })
      calls.add(call)
      void call.finally(() => calls.delete(call))
    },
  )
  server.maxConnections = limits.connectionsMax
  await listen(server, address)
  port = portOf(server)
  const own = 'path' in address || port === undefined ? address : { ...address, port }
  return new HttpServer(server, formatListenAddress(own), { stop, calls })
}

function portOf(server: Server): number | undefined {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  const where = formatListenAddress(address)
  try {
    if ('path' in address) await removeStale(address.path)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(address, () => {
        server.off('error', reject)
        resolve()
      })
    })
    // Whoever may write to it may do everything.
    if ('path' in address) await chmod(address.path, 0o600)
  } catch (cause) {
    server.close()
    throw systemError(`listen on ${where}`, cause)
  }
}

/** Takes away the socket of a server that was killed: nobody answers there, and nobody else could listen. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSocket() !== true) return
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect({ path })
    const settle = (isThere: boolean) => () => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', settle(true)).once('error', settle(false))
  })
  if (!answers) await rm(path, { force: true })
}
