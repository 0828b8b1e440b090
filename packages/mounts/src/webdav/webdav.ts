// A folder as a WebDAV share, of class 1 and 2. Source: RFC 4918, and RFC 4331 for quotas.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CairnError } from '@cairn/core'
import {
  dropBody,
  HTTP_LIMITS,
  isBodyUnread,
  openHttpServer,
  sendWhole,
  type HttpCall,
  type HttpLimits,
  type HttpServer,
  type ListenAddress,
} from '@cairn/http'
import { DavError, statusOf } from './dav-error.ts'
import { pathOf } from './dav-path.ts'
import { lock, unlock } from './lock-methods.ts'
import { Locks } from './locks.ts'
import { DeadProperties } from './properties.ts'
import { get, propfind } from './read-methods.ts'
import { DavCall, type DavAnswer, type Share } from './share.ts'
import { copy, mkcol, move, proppatch, put, remove } from './write-methods.ts'

/** What a caller may do: everything, only read, or nothing. */
export type DavRights = 'all' | 'read' | 'none'

/** What is shared, and with whom. */
export interface WebDavParts extends Pick<Share, 'vfs' | 'root' | 'room'> {
  /** What a request may do, by its headers and where it comes from. */
  authorize(request: IncomingMessage): Promise<DavRights>
  /** Told of what should never happen. */
  onError?(error: unknown): void
}

/** A method: it has answered by itself, or says what is to be answered. */
type Method = (call: DavCall) => Promise<DavAnswer | undefined>

const METHODS: Readonly<Record<string, { readonly run: Method; readonly changes: boolean }>> = {
  OPTIONS: { run: () => Promise.resolve({ status: 200 }), changes: false },
  GET: { run: get, changes: false },
  HEAD: { run: get, changes: false },
  PROPFIND: { run: propfind, changes: false },
  PUT: { run: put, changes: true },
  DELETE: { run: remove, changes: true },
  MKCOL: { run: mkcol, changes: true },
  COPY: { run: copy, changes: true },
  MOVE: { run: move, changes: true },
  PROPPATCH: { run: proppatch, changes: true },
  LOCK: { run: lock, changes: true },
  UNLOCK: { run: unlock, changes: true },
}

/** Listens at `address` and shares a folder. @throws UNAVAILABLE, DENIED or INVALID when it cannot listen there */
export function openWebDav(
  address: ListenAddress,
  parts: WebDavParts,
  limits: Partial<HttpLimits> = {},
): Promise<HttpServer> {
  const { vfs, root, room } = parts
  vfs.hold(root)
  const bounds = { ...HTTP_LIMITS, ...limits }
  const share = { vfs, root, room, limits: bounds, locks: new Locks(), dead: new DeadProperties() }
  return openHttpServer(address, { limits: bounds, serve: (call) => serve(call, parts, share) })
}

async function serve({ request, response, signal }: HttpCall, parts: WebDavParts, share: Share): Promise<void> {
  // What is wrong with the connection shows where it is read or written.
  request.on('error', () => undefined)
  response.on('error', () => undefined)
  const gone = new AbortController()
  const onClose = (): void => gone.abort(new CairnError('UNAVAILABLE', 'Cannot go on: the client is gone'))
  response.once('close', onClose)
  try {
    const call = { request, response, signal: AbortSignal.any([signal, gone.signal]) }
    const answer = await answerTo(call, parts, share)
    if (answer !== undefined) await sendWhole({ request, response, limits: share.limits }, whole(answer))
  } catch (error) {
    const status = statusOf(error)
    if (status === 500) parts.onError?.(error)
    if (response.headersSent || response.destroyed) response.socket?.resetAndDestroy()
    else await sendWhole({ request, response, limits: share.limits }, refusal(error, status))
  } finally {
    response.off('close', onClose)
  }
  await dropBody(request, share.limits.lingerMs)
  if (isBodyUnread(request)) request.destroy()
}

async function answerTo(
  call: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly signal: AbortSignal },
  parts: WebDavParts,
  share: Share,
): Promise<DavAnswer | undefined> {
  const { request } = call
  const method = Object.hasOwn(METHODS, request.method ?? '') ? METHODS[request.method ?? ''] : undefined
  const rights = await parts.authorize(request)
  if (rights === 'none') return { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="cairn", charset="UTF-8"' } }
  if (request.method === 'OPTIONS') return { status: 200, headers: ABILITIES }
  if (method === undefined) return { status: 405, headers: { Allow: ABILITIES.Allow } }
  if (method.changes && (rights === 'read' || share.root.tree.isFrozen)) throw new DavError(403)
  return method.run(new DavCall(share, call, pathOf(request.url ?? '')))
}

const ABILITIES = { DAV: '1, 2', 'MS-Author-Via': 'DAV', Allow: Object.keys(METHODS).join(', ') } as const

function whole({ status, headers = {}, body = '' }: DavAnswer) {
  const texts = Object.entries(headers).map(([name, value]): [string, string] => [name, `${value}`])
  return { status, headers: Object.fromEntries(texts), text: body }
}

function refusal(error: unknown, status: number) {
  const condition = error instanceof DavError ? error.condition : undefined
  if (condition === undefined) return { status, headers: {}, text: '' }
  const text = `<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:${condition}/></D:error>`
  return { status, headers: { 'Content-Type': 'application/xml; charset=utf-8' }, text }
}
