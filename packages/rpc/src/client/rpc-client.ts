// Calls commands of a node in another process. On node:http, since failures after the first byte come in trailers, and
// answers begin before the body has been sent.
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { CairnError, ERROR_CODES, isCairnError, systemError, type ErrorCode, type NamedSource } from '@cairn/core'
import { formatListenAddress, type ListenAddress } from '@cairn/http'
import { API_PATH } from '../http/paths.ts'
import { CODE_HEADER, ERROR_TRAILER } from '../http/http-error.ts'
import { CLIENT_CONNECTIONS_MAX, FAILURE_BYTES_MAX, PROOF_WAIT_MS } from '../http/limits.ts'
import { CHALLENGE_HEADER, isProof, newProofText, PROOF_HEADER } from '../http/proof.ts'
import { multipartBody } from './multipart-body.ts'

/** One call. */
export interface RpcCall {
  /** Words that call the command. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** What goes along as the body, `undefined` for none. */
  readonly sources?: AsyncIterable<NamedSource> | readonly NamedSource[] | undefined
  readonly signal: AbortSignal
}

/** How calls are made. */
export interface RpcClientOptions {
  /** Value of the header of this name, for a node that asks for it. */
  readonly authorization?: string | undefined
  /** When calls have to be done, on the clock of `performance`: the node then ends them and says what it has waited for. */
  readonly deadlineMs?: number | undefined
}

/** A node in another process, by the address of its RPC. */
export class RpcClient {
  readonly #address: ListenAddress
  readonly #authorization: string | undefined
  readonly #deadlineMs: number | undefined
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CLIENT_CONNECTIONS_MAX })

  constructor(address: ListenAddress, { authorization, deadlineMs }: RpcClientOptions = {}) {
    this.#address = address
    this.#authorization = authorization
    this.#deadlineMs = deadlineMs
  }

  /**
   * The bytes that the call gives, as they come. Ending early ends the call at the other side.
   *
   * @throws UNAVAILABLE when the node cannot be reached or goes away, and what the command there throws
   */
  async *call({ path, query, sources, signal }: RpcCall): AsyncGenerator<Uint8Array> {
    signal.throwIfAborted()
    const body = sources && multipartBody(sources)
    const timed = new URLSearchParams(query)
    if (this.#deadlineMs !== undefined)
      timed.set('timeout', `${Math.max(Math.ceil(this.#deadlineMs - performance.now()), 1)}ms`)
    const request = httpRequest({
      ...connectionTo(this.#address),
      agent: this.#agent,
      method: 'POST',
      path: `${API_PATH}${path.join('/')}?${timed}`,
      headers: {
        ...(body && { 'Content-Type': body.contentType }),
        ...(this.#authorization !== undefined && { Authorization: this.#authorization }),
      },
    })
    const abort = (): void => void request.destroy(asError(signal.reason))
    signal.addEventListener('abort', abort)
    // What is wrong with our own sources is told in place of what the other side makes of a cut body.
    let failure: unknown
    const sent = send(request, body?.bytes).catch((error: unknown) => {
      failure = error
      request.destroy(asError(error))
    })
    try {
      const response = await answerTo(request)
      if (response.statusCode !== 200) throw await failureIn(response)
      for await (const bytes of response) yield bytes as Uint8Array
      const message = response.trailers[ERROR_TRAILER.toLowerCase()]
      if (message !== undefined)
        throw new CairnError(
          codeOf(response.trailers[CODE_HEADER.toLowerCase()]),
          // Headers are bytes to Node, of which it makes a character each.
          Buffer.from(message, 'latin1').toString(),
        )
    } catch (cause) {
      signal.throwIfAborted()
      throw failure ?? this.#unreachable(cause)
    } finally {
      signal.removeEventListener('abort', abort)
      request.destroy()
      await sent
    }
  }

  /** Whether who answers there has `key`, which stands in the repo of the daemon that is meant. */
  async proves(key: string): Promise<boolean> {
    const challenge = newProofText()
    const request = httpRequest({
      ...connectionTo(this.#address),
      agent: this.#agent,
      method: 'OPTIONS',
      path: API_PATH,
      headers: { [CHALLENGE_HEADER]: challenge },
      timeout: PROOF_WAIT_MS,
    })
    request.once('timeout', () => request.destroy()).end()
    try {
      const response = await answerTo(request)
      response.resume()
      return isProof(key, challenge, response.headers[PROOF_HEADER.toLowerCase()])
    } catch {
      return false // nobody answers, or something that is no server of HTTP
    }
  }

  /** Closes the connections that wait for a next call. */
  close(): void {
    this.#agent.destroy()
  }

  #unreachable(cause: unknown): unknown {
    if (isCairnError(cause)) return cause
    return systemError(`reach the node at ${formatListenAddress(this.#address)}`, cause)
  }
}

function connectionTo(address: ListenAddress): { socketPath: string } | { host: string; port: number } {
  return 'path' in address ? { socketPath: address.path } : { host: address.host, port: address.port }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).on('error', reject)
    request.once('close', () =>
      reject(new CairnError('UNAVAILABLE', 'Cannot go on: the node has closed the connection')),
    )
  })
}

/** Sends the body as fast as the other side takes it, until it has answered without it. */
async function send(request: ClientRequest, bytes: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (bytes !== undefined) {
    for await (const piece of bytes) {
      if (request.destroyed) return
      if (!request.write(piece)) await drained(request)
    }
  }
  request.end()
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      request.off('drain', settle).off('close', settle)
      resolve()
    }
    request.on('drain', settle).on('close', settle)
  })
}

async function failureIn(response: IncomingMessage): Promise<CairnError> {
  let text = ''
  for await (const piece of response.setEncoding('utf8')) {
    text += String(piece)
    if (text.length > FAILURE_BYTES_MAX) break
  }
  return new CairnError(codeOf(response.headers[CODE_HEADER.toLowerCase()]), messageIn(text))
}

function messageIn(text: string): string {
  try {
    const { Message: message } = JSON.parse(text) as { readonly Message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // Plain text, as for a call that does not read.
  }
  return text.trim()
}

function codeOf(text: string | readonly string[] | undefined): ErrorCode {
  return ERROR_CODES.find((code) => code === text) ?? 'UNAVAILABLE'
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
