// The HTTP server of a gateway: sockets, bounds, and the end of answers that nobody waits for.
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/core'
import {
  dropBody,
  HTTP_LIMITS,
  isBodyUnread,
  openHttpServer,
  type HttpCall,
  type HttpLimits,
  type HttpServer,
  type ListenAddress,
} from '@cairn/http'
import { tooManyRequests } from '../content/failure.ts'
import type { Gateway } from '../gateway.ts'
import { CONNECTIONS_MAX, HELD_BYTES_MAX, HELD_READERS_MAX, READERS_MAX } from '../limits.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import { Waiting } from '../request/waiting.ts'
import { ClientRates } from './client-rates.ts'
import { ReadingPlaces } from '../request/reading-places.ts'
import { heldBytes, send, type Sending } from './send.ts'
import { Slabs } from './slabs.ts'

/** Listens at `address` and serves from `gateway`. @throws UNAVAILABLE, DENIED or INVALID when it cannot listen there */
export function openGatewayServer(
  address: ListenAddress,
  gateway: Gateway,
  limits: Partial<HttpLimits> = {},
): Promise<HttpServer> {
  const bounds = { ...HTTP_LIMITS, connectionsMax: CONNECTIONS_MAX, ...limits }
  const serving = new Serving(gateway, bounds)
  return openHttpServer(address, { limits: bounds, serve: (call) => serving.serve(call) })
}

class Serving {
  readonly #gateway: Gateway
  readonly #limits: HttpLimits
  readonly #places = new ReadingPlaces(READERS_MAX)
  readonly #heldPlaces = new ReadingPlaces(HELD_READERS_MAX)
  readonly #slabs = new Slabs()
  readonly #rates: ClientRates
  #requests = 0
  #heldBytes = 0

  constructor(gateway: Gateway, limits: HttpLimits) {
    this.#gateway = gateway
    this.#limits = limits
    this.#rates = new ClientRates(gateway.limits.requestsPerSecond)
  }

  async serve(call: HttpCall): Promise<void> {
    const { request, response, signal } = call
    // What is wrong with the connection shows where it is read or written.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    const waiting = new Waiting(this.#gateway.limits, signal)
    const onClose = (): void => {
      // Every answer ends so; an error with its stack costs as much as a tenth of a small one.
      if (!response.writableFinished) waiting.stop(new CairnError('UNAVAILABLE', 'Cannot go on: the client is gone'))
    }
    response.once('close', onClose)
    this.#requests++
    try {
      await this.#answer(call, waiting)
    } catch {
      // An answer that just ends would count as whole.
      response.socket?.resetAndDestroy()
    } finally {
      this.#requests--
      response.off('close', onClose)
      waiting.close()
    }
    await dropBody(request, this.#limits.lingerMs)
    if (isBodyUnread(request)) request.destroy()
  }

  async #answer({ request, response }: HttpCall, waiting: Waiting): Promise<void> {
    const asked = requestOf(request)
    const isFull = this.#requests > this.#gateway.limits.requestsMax
    // Without an address the client is on this machine, behind a Unix socket.
    const isOften = !this.#rates.take(request.socket.remoteAddress ?? '', performance.now())
    const answer =
      isFull || isOften
        ? this.#gateway.refuse(asked, tooManyRequests(isFull ? TOO_MUCH : 'Too many requests'))
        : await this.#gateway.answer(asked, waiting)
    const held = heldBytes(answer)
    if (held === 0) return send(response, answer, this.#sending(waiting))
    if (this.#heldBytes + held > HELD_BYTES_MAX)
      return send(response, this.#gateway.refuse(asked, tooManyRequests(TOO_MUCH)), this.#sending(waiting))
    this.#heldBytes += held
    try {
      await send(response, answer, this.#sending(waiting))
    } finally {
      this.#heldBytes -= held
    }
  }

  #sending({ signal }: Waiting): Sending {
    const { idleTimeoutMs } = this.#limits
    return { idleTimeoutMs, places: this.#places, heldPlaces: this.#heldPlaces, slabs: this.#slabs, signal }
  }
}

/** Why a request is turned away that others leave no room for. */
const TOO_MUCH = 'The gateway has too much to do'

function requestOf({ method = 'GET', url = '/', headers }: IncomingMessage): GatewayRequest {
  return {
    method,
    target: url,
    headers: {
      get: (name) => {
        const value = headers[name.toLowerCase()]
        return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
      },
    },
  }
}
