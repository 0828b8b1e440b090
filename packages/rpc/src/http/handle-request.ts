// One request: decides whether its client may call, and hands the call to its command.
import type { Logger } from '@cairn/core'
import { dropBody, isBodyUnread, sendWhole } from '@cairn/http'
import { answerHeaders, authorizationFor, mayCall, type AccessSettings } from './access.ts'
import { BadRequest, decodePath, readCall, type CommandPaths } from './http-call.ts'
import { httpFailureOf } from './http-error.ts'
import { API_PATH, METRICS_PATH } from './paths.ts'
import { CHALLENGE_HEADER, proofOf, PROOF_HEADER } from './proof.ts'
import { pinsView } from './pins-view.ts'
import { isReading } from './read-only.ts'
import { serveCall, type CallContext, type Exchange } from './serve-call.ts'

/** What a request is served with. */
export interface Serving {
  readonly paths: CommandPaths
  readonly context: CallContext
  readonly access: () => AccessSettings | Promise<AccessSettings>
  /** Of the server; a Unix socket has none. */
  readonly port: number | undefined
  readonly logger?: Logger | undefined
  readonly metrics?: (() => Promise<string>) | undefined
  readonly proofKey?: string | undefined
}

/** Kubo's words, which its clients show. */
const ACCESS_DENIED =
  'Kubo RPC Access Denied: Please provide a valid authorization token as defined in the API.Authorizations configuration.'

/** In the same form, so that who knows the one understands the other. */
const ONLY_READING = 'Kubo RPC Access Denied: this authorization token is only for reading.'

/** Answers one request; never rejects. Its connection can be used again, or is closed, when this resolves. */
export async function handleRequest(exchange: Exchange, serving: Serving): Promise<void> {
  const { request, response, limits } = exchange
  // What is wrong with the connection shows where it is read or written.
  request.on('error', () => undefined)
  response.on('error', () => undefined)
  try {
    await answer(exchange, serving)
  } catch (error) {
    const { status, message } = httpFailureOf(error instanceof TypeError ? new BadRequest(400, error.message) : error)
    await refuse(exchange, status, message)
  }
  await dropBody(request, limits.lingerMs)
  if (isBodyUnread(request)) request.destroy()
}

async function answer(exchange: Exchange, serving: Serving): Promise<void> {
  const { access, context, paths, port, logger, metrics, proofKey } = serving
  const { request, response } = exchange
  const settings = await access()
  const deny = (why: string, text: string): Promise<void> => {
    logger?.warn('call refused', { why, from: request.socket.remoteAddress })
    return refuse(exchange, 403, text)
  }
  if (!mayCall(request, settings, port)) return deny('origin, browser or host name', '403 - Forbidden')
  for (const [name, value] of Object.entries(answerHeaders(request.headers.origin, settings)))
    response.setHeader(name, value)
  if (request.method === 'OPTIONS') {
    const { [CHALLENGE_HEADER.toLowerCase()]: challenge } = request.headers
    const proof = proofKey === undefined ? undefined : proofOf(proofKey, challenge)
    response.writeHead(204, { Allow: 'OPTIONS, POST', ...(proof !== undefined && { [PROOF_HEADER]: proof }) }).end()
    return
  }
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (metrics !== undefined && request.method === 'GET' && url.pathname === METRICS_PATH) {
    if (authorizationFor(request, settings, METRICS_PATH) === undefined) return deny('secret', ACCESS_DENIED)
    const headers = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }
    return sendWhole(exchange, { status: 200, headers, text: await metrics() })
  }
  if (request.method !== 'POST') {
    if (!url.pathname.startsWith(API_PATH)) return refuse(exchange, 404, '404 page not found')
    response.setHeader('Allow', 'OPTIONS, POST')
    return refuse(exchange, 405, '405 - Method Not Allowed')
  }
  const authorization = authorizationFor(request, settings, decodePath(url))
  if (authorization === undefined) return deny('secret', ACCESS_DENIED)
  const call = readCall(paths, { url, contentType: request.headers['content-type'] })
  if (authorization.isReadOnly === true && !isReading(call)) return deny('secret for reading', ONLY_READING)
  const { pinNamespace = '' } = authorization
  const node = async () => pinsView(await context.node(), pinNamespace)
  await serveCall(call, { ...context, node }, exchange)
}

function refuse(exchange: Exchange, status: number, text: string): Promise<void> {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }
  return sendWhole(exchange, { status, headers, text: `${text}\n` })
}
