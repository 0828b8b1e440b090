// One answer on its way to a client: headers with the first result, back-pressure from the socket, and failures where
// the client looks for them. Source: go-ipfs-cmds http/responseemitter.go.
import type { ServerResponse } from 'node:http'
import { CairnError } from '@cairn/core'
import { HEADERS_WAIT_MS, IDLE_TIMEOUT_MS } from './limits.ts'
import { CODE_HEADER, ERROR_TRAILER, httpFailureOf } from './http-error.ts'

/** What an answer consists of, as clients tell it by its headers. */
export type AnswerKind =
  | { readonly kind: 'value' }
  | { readonly kind: 'lines' }
  | { readonly kind: 'bytes'; readonly contentType: string }

/** Writes one answer. */
export class Answer {
  readonly #response: ServerResponse
  readonly #kind: AnswerKind
  readonly #isOwn: boolean
  readonly #headersTimer: NodeJS.Timeout

  /** @param kind what the answer is, and whether it is for our own client, which understands our codes */
  constructor(response: ServerResponse, { isOwn = false, ...kind }: AnswerKind & { readonly isOwn?: boolean }) {
    this.#response = response
    this.#kind = kind
    this.#isOwn = isOwn
    this.#headersTimer = setTimeout(() => this.#begin(), HEADERS_WAIT_MS)
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
    if (!response.write(bytes)) await drained(response)
  }

  /** Resolves when all is on its way. */
  async end(): Promise<void> {
    this.#begin()
    if (this.#response.destroyed) return
    // What is corked would be lost by Node's own end.
    this.#response.uncork()
    await new Promise<void>((resolve) => {
      this.#response.once('close', resolve).end(resolve)
    })
  }

  /** Ends with a failure: as the whole answer where nothing has gone out yet, else as a trailer. */
  async fail(error: unknown): Promise<void> {
    const { status, message, code, name } = httpFailureOf(error)
    const response = this.#response
    if (response.destroyed) return
    if (response.headersSent) {
      response.addTrailers({
        [ERROR_TRAILER]: Buffer.from(message.replaceAll(/\p{Cc}/gu, ' ')).toString('latin1'),
        ...(this.#isOwn && { [CODE_HEADER]: name }),
      })
    } else {
      clearTimeout(this.#headersTimer)
      response.writeHead(status, {
        'Content-Type': 'application/json',
        Trailer: ERROR_TRAILER,
        ...(this.#isOwn && { [CODE_HEADER]: name }),
      })
      response.write(`${JSON.stringify({ Message: message, Code: code, Type: 'error' })}\n`)
    }
    await this.end()
  }

  /** Frees what waits. */
  close(): void {
    clearTimeout(this.#headersTimer)
  }

  #begin(): void {
    clearTimeout(this.#headersTimer)
    if (this.#response.headersSent || this.#response.destroyed) return
    this.#response.writeHead(200, { ...headersOf(this.#kind), Trailer: ERROR_TRAILER })
    this.#response.flushHeaders()
  }
}

function headersOf(kind: AnswerKind): Readonly<Record<string, string>> {
  if (kind.kind === 'value') return { 'Content-Type': 'application/json' }
  if (kind.kind === 'lines') return { 'Content-Type': 'application/json', 'X-Chunked-Output': '1' }
  return { 'Content-Type': kind.contentType, 'X-Stream-Output': '1', 'X-Content-Type-Options': 'nosniff' }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      response.destroy()
    }, IDLE_TIMEOUT_MS)
    const settle = (isDrained: boolean) => () => {
      clearTimeout(timer)
      response.off('drain', onDrain).off('close', onClose)
      if (isDrained) resolve()
      else reject(gone())
    }
    const [onDrain, onClose] = [settle(true), settle(false)]
    response.on('drain', onDrain).on('close', onClose)
  })
}

function gone(): CairnError {
  return new CairnError('UNAVAILABLE', 'Cannot answer: the client is gone')
}
