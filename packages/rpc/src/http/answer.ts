// One answer on its way to a client: headers with the first result, back-pressure from the socket, and failures where
// the client looks for them. Source: go-ipfs-cmds http/responseemitter.go.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ended, gone, sendWhole, written } from '@cairn/http'
import { CODE_HEADER, ERROR_TRAILER, httpFailureOf } from './http-error.ts'
import type { ServerLimits } from './limits.ts'

/** A request, what is answered to it, and how long its client may keep us waiting. */
export interface Answered {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly limits: ServerLimits
}

/** What an answer consists of, as clients tell it by its headers. */
export type AnswerKind =
  | { readonly kind: 'value' }
  | { readonly kind: 'lines' }
  | { readonly kind: 'bytes'; readonly contentType: string }

/** Writes one answer. */
export class Answer {
  readonly #exchange: Answered
  readonly #response: ServerResponse
  readonly #kind: AnswerKind
  readonly #isOwn: boolean
  readonly #headersTimer: NodeJS.Timeout
  #length: number | undefined

  /** @param kind what the answer is, and whether it is for our own client, which understands our codes */
  constructor(exchange: Answered, { isOwn = false, ...kind }: AnswerKind & { readonly isOwn?: boolean }) {
    this.#exchange = exchange
    this.#response = exchange.response
    this.#kind = kind
    this.#isOwn = isOwn
    this.#headersTimer = setTimeout(() => this.#begin(), exchange.limits.headersWaitMs)
  }

  /** Tells how many bytes there will be; to be called before the first of them. */
  setLength(bytes: number): void {
    this.#length = bytes
  }

  /** Resolves when there is room for more. @throws UNAVAILABLE when the client is gone or takes nothing for too long */
  async write(bytes: Uint8Array | string): Promise<void> {
    this.#begin()
    const response = this.#response
    if (response.destroyed) throw gone()
    // Results of one turn go out together: a packet a line would be slow.
    if (response.writableCorked === 0) {
      response.cork()
      setImmediate(() => response.uncork())
    }
    await written(response, bytes, this.#exchange.limits.idleTimeoutMs)
  }

  /** Resolves when all is on its way, or the client takes nothing of it for too long. */
  async end(): Promise<void> {
    this.#begin()
    const response = this.#response
    if (response.destroyed) return
    // What is corked would be lost by Node's own end.
    response.uncork()
    await ended(response, this.#exchange.limits.idleTimeoutMs)
  }

  /** Ends with a failure: as the whole answer where nothing has gone out yet, else as a trailer. */
  async fail(error: unknown): Promise<void> {
    const { status, message, code, name } = httpFailureOf(error)
    const response = this.#response
    if (response.destroyed) return
    clearTimeout(this.#headersTimer)
    const own = this.#isOwn ? { [CODE_HEADER]: name } : {}
    if (!response.headersSent) {
      const headers = { 'Content-Type': 'application/json', ...own }
      const text = `${JSON.stringify({ Message: message, Code: code, Type: 'error' })}\n`
      await sendWhole(this.#exchange, { status, headers, text })
    } else if (response.chunkedEncoding) {
      const text = Buffer.from(message.replaceAll(/\p{Cc}/gu, ' ')).toString('latin1')
      response.addTrailers({ [ERROR_TRAILER]: text, ...own })
      await this.end()
    } else {
      // An answer that just ends would count as whole.
      response.socket?.resetAndDestroy()
    }
  }

  /** Frees what waits. */
  close(): void {
    clearTimeout(this.#headersTimer)
  }

  #begin(): void {
    clearTimeout(this.#headersTimer)
    if (this.#response.headersSent || this.#response.destroyed) return
    // HTTP/1.0, as proxies speak it to what is behind them, has no trailers.
    const hasTrailers = this.#exchange.request.httpVersion !== '1.0'
    this.#response.writeHead(200, {
      ...headersOf(this.#kind),
      ...(this.#length !== undefined && { 'X-Content-Length': this.#length }),
      ...(hasTrailers && { Trailer: ERROR_TRAILER }),
    })
    this.#response.flushHeaders()
  }
}

function headersOf(kind: AnswerKind): Readonly<Record<string, string>> {
  if (kind.kind === 'value') return { 'Content-Type': 'application/json' }
  if (kind.kind === 'lines') return { 'Content-Type': 'application/json', 'X-Chunked-Output': '1' }
  return { 'Content-Type': kind.contentType, 'X-Stream-Output': '1', 'X-Content-Type-Options': 'nosniff' }
}
