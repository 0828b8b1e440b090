// What a client sees that does not get the content: a page in a browser, a line elsewhere.
import { STATUS_CODES } from 'node:http'
import type { GatewayAnswer } from './answer.ts'
import type { HttpFailure } from './failure.ts'
import { escapeHtml, PAGE_HEADERS, renderPage } from './page.ts'

/** The answer that tells of `failure`. */
export function failureAnswer({ status, message, headers }: HttpFailure, isForPeople: boolean): GatewayAnswer {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim()
  const body = isForPeople
    ? renderPage({ title, body: `<main>\n<h1>${title}</h1>\n<p>${escapeHtml(message)}</p>\n</main>` })
    : `${message.toWellFormed()}\n`
  const type = isForPeople
    ? PAGE_HEADERS
    : { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }
  const length = String(Buffer.byteLength(body))
  return { status, headers: { ...type, 'Cache-Control': 'no-store', 'Content-Length': length, ...headers }, body }
}
