// One trustless HTTP gateway, asked for raw blocks. Nothing that it says is believed: bytes go on as they come, and whoever
// takes them hashes them. Source: ipfs/specs src/http-gateways/trustless-gateway.md.
import { BLOCK_BYTES_MAX, CairnError } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { GATEWAY_COOLDOWN_MS_MAX, GATEWAY_TIMEOUT_MS } from './limits.ts'

/** What a gateway says to a request for a block. */
export type GatewayAnswer =
  | { readonly kind: 'block'; readonly bytes: Uint8Array }
  | { readonly kind: 'has' }
  | { readonly kind: 'lacks' }
  /** It cannot or will not answer now; `retryMs` is when it says to ask again. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retryMs?: number | undefined }

/** How much of what is below a block a CAR has: a file or a whole sharded directory, or all. */
export type CarScope = 'entity' | 'all'

const CAR = 'application/vnd.ipld.car'

const RAW = 'application/vnd.ipld.raw'

/** The empty identity block: every gateway has it, and its answer tells a gateway from any other web server. */
const PROBE = '/ipfs/bafkqaaa?format=raw'

/** Statuses of content that is not there, not known or not given: no fault of the gateway. Source: the same. */
const LACKING = new Set([404, 410, 412, 451])

/**
 * The base of a gateway: scheme, host, port and path, without a slash at the end.
 *
 * @throws INVALID for what is no http or https URL, or has a query, a fragment or credentials
 */
export function parseGatewayUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === undefined || !isHttp || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new CairnError('INVALID', `Cannot use gateway "${text}": it must be a URL like https://example.com`)
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** Asks whether there is a gateway at `base`. @throws UNAVAILABLE when there is none, or the signal's reason */
export async function probeGateway(base: string, signal: AbortSignal): Promise<void> {
  const answer = await request(base + PROBE, { method: 'GET', signal })
  if (answer.kind === 'block' && answer.bytes.length === 0) return
  const reason = answer.kind === 'failed' ? answer.reason : 'it does not answer as a gateway does'
  throw new CairnError('UNAVAILABLE', `Cannot use gateway ${base}: ${reason}`)
}

/** Asks for the bytes of a block, or with `HEAD` whether it is there. Rejects with the signal's reason alone. */
export async function requestBlock(
  base: string,
  cid: CID,
  options: { readonly method: 'GET' | 'HEAD'; readonly signal: AbortSignal },
): Promise<GatewayAnswer> {
  return request(`${base}/ipfs/${cid}?format=raw`, options)
}

/**
 * The bytes of a CAR of what is below `cid`, as they come, or `undefined` when the gateway gives none.
 *
 * @throws when the connection breaks or the signal aborts
 */
export async function requestCar(
  base: string,
  cid: CID,
  { scope, signal }: { readonly scope: CarScope; readonly signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const url = `${base}/ipfs/${cid}?format=car&dag-scope=${scope}&car-order=dfs&car-dups=n`
  const response = await fetch(url, {
    headers: { accept: `${CAR};version=1;order=dfs;dups=n` },
    redirect: 'error',
    signal,
  })
  if (response.status === 200 && response.headers.get('content-type')?.startsWith(CAR) === true) {
    return response.body ?? undefined
  }
  await response.body?.cancel()
  return undefined
}

async function request(
  url: string,
  { method, signal }: { readonly method: 'GET' | 'HEAD'; readonly signal: AbortSignal },
): Promise<GatewayAnswer> {
  signal.throwIfAborted()
  const both = AbortSignal.any([signal, AbortSignal.timeout(GATEWAY_TIMEOUT_MS)])
  try {
    // A redirect could lead to any server that this machine can reach, and is not followed.
    const response = await fetch(url, { method, headers: { accept: RAW }, redirect: 'error', signal: both })
    try {
      if (LACKING.has(response.status)) return { kind: 'lacks' }
      if (response.status !== 200) return refusal(response)
      if (response.headers.get('content-type')?.startsWith(RAW) !== true) {
        return { kind: 'failed', reason: 'it does not send raw blocks' }
      }
      if (method === 'HEAD') return { kind: 'has' }
      return await bodyOf(response)
    } finally {
      await response.body?.cancel().catch(() => undefined)
    }
  } catch (cause) {
    signal.throwIfAborted()
    return { kind: 'failed', reason: reasonOf(cause) }
  }
}

function refusal({ status, headers }: Response): GatewayAnswer {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  const retryMs = seconds >= 0 ? Math.min(seconds * 1000, GATEWAY_COOLDOWN_MS_MAX) : undefined
  return { kind: 'failed', reason: `it answers with status ${status}`, retryMs }
}

/** At most a block's bytes: the length that a server claims is not believed either. */
async function bodyOf({ body }: Response): Promise<GatewayAnswer> {
  const parts: Uint8Array[] = []
  let length = 0
  const pieces: AsyncIterable<Uint8Array> | readonly Uint8Array[] = body ?? []
  for await (const part of pieces) {
    parts.push(part)
    length += part.length
    if (length > BLOCK_BYTES_MAX) return { kind: 'failed', reason: `it sends more than ${BLOCK_BYTES_MAX} bytes` }
  }
  const [only] = parts
  return { kind: 'block', bytes: only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, length) }
}

/** Fetch says no more than that it failed; the cause below it tells why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `it did not answer in ${GATEWAY_TIMEOUT_MS / 1000} s`
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message
}
