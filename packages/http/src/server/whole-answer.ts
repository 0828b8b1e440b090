// Answers that are told at once: failures before the first byte, and refusals.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dropBody, isBodyUnread } from './request-body.ts'

/** What is told. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

interface OneExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly limits: { readonly lingerMs: number }
}

/**
 * Sends `answer` whole. Where the client has not sent all of its body, the connection ends with it, but not before the
 * client has had time to read the answer, which a reset would take away.
 */
export async function sendWhole({ request, response, limits }: OneExchange, answer: WholeAnswer): Promise<void> {
  if (response.destroyed || response.headersSent) return
  const { status, headers, text } = answer
  const isCut = isBodyUnread(request)
  response.writeHead(status, {
    ...headers,
    'Content-Length': Buffer.byteLength(text),
    ...(isCut && { Connection: 'close' }),
  })
  response.write(text)
  if (isCut) await dropBody(request, limits.lingerMs)
  response.end()
}
