// A Router that asks an HTTP service. Source: http-routing-v1.md of the IPFS specifications, providers.
import { CairnError, type AbortOptions, type Provider, type Router } from '@cairn/core'
import { PROVIDER_ADDRESSES_MAX, ROUTER_BYTES_MAX, ROUTER_TIMEOUT_MS } from '../limits.ts'
import { gatewayUrl, isGatewayFrom } from './gateway-address.ts'

type CID = Parameters<Router['findProviders']>[0]

/** Asks the service whose routes begin at `base`, a URL. */
export class DelegatedRouter implements Router {
  readonly #base: string

  constructor(base: string) {
    this.#base = base.replace(/\/+$/, '').replace(/\/routing\/v1$/, '')
  }

  async *findProviders(cid: CID, { signal }: AbortOptions): AsyncGenerator<Provider> {
    const timeout = AbortSignal.timeout(ROUTER_TIMEOUT_MS)
    const response = await this.#ask(`${this.#base}/routing/v1/providers/${cid}`, signal, timeout)
    // Nobody is known to have it.
    if (response.status === 404) return
    if (!response.ok || response.body === null) throw this.#failed(`it answers ${response.status}`)
    const isLines = response.headers.get('content-type')?.includes('ndjson') === true
    const bytes = this.#whole(response.body, signal)
    // The host of a node has loaded it already.
    const { isLocalHost } = await import('@cairn/network')
    const isAllowed = (url: string): boolean => isGatewayFrom(this.#base, url, isLocalHost)
    for await (const value of isLines ? linesOf(bytes) : recordsOf(bytes)) {
      const provider = providerOf(value, isAllowed)
      if (provider !== undefined) yield provider
    }
  }

  async #ask(url: string, signal: AbortSignal | undefined, timeout: AbortSignal): Promise<Response> {
    try {
      return await fetch(url, {
        headers: { Accept: 'application/x-ndjson, application/json;q=0.9' },
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
    } catch (cause) {
      signal?.throwIfAborted()
      throw this.#failed('it cannot be reached', cause)
    }
  }

  /** The body; one that breaks off or takes too long is told as such. */
  async *#whole(body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const pieces = body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await pieces.next().catch((cause: unknown) => {
          signal?.throwIfAborted()
          throw this.#failed('its answer breaks off', cause)
        })
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await pieces.return?.().catch(() => undefined)
    }
  }

  #failed(why: string, cause?: unknown): CairnError {
    return new CairnError('UNAVAILABLE', `Cannot ask ${this.#base} for providers: ${why}`, { cause })
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator {
  let rest = ''
  for await (const text of textOf(body)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield parsed(line)
  }
  if (rest.trim() !== '') yield parsed(rest)
}

async function* recordsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator {
  const document = parsed((await Array.fromAsync(textOf(body))).join(''))
  if (isRecord(document) && Array.isArray(document['Providers'])) yield* document['Providers']
}

async function* textOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > ROUTER_BYTES_MAX)
      throw new CairnError('LIMIT', `Cannot read providers: an answer has at most ${ROUTER_BYTES_MAX} bytes`)
    yield decoder.decode(piece, { stream: true })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CairnError('INVALID', 'Cannot read providers: the answer is not JSON', { cause })
  }
}

/** The provider in a record; records of other kinds are left out. Old services give bitswap's in a schema of its own. */
function providerOf(value: unknown, isAllowed: (url: string) => boolean): Provider | undefined {
  if (!isRecord(value)) return undefined
  const { Schema: schema, ID: peer, Addrs: addresses } = value
  if ((schema !== 'peer' && schema !== 'bitswap') || typeof peer !== 'string') return undefined
  const all = Array.isArray(addresses) ? addresses.filter((item) => typeof item === 'string') : []
  const texts = all.slice(0, PROVIDER_ADDRESSES_MAX)
  const urls = texts.map(gatewayUrl)
  const rest = texts.filter((_, index) => urls[index] === undefined)
  const gateways = urls.filter((url) => url !== undefined)
  if (rest.length === 0 && gateways.length > 0 && !gateways.some(isAllowed)) return undefined
  return { peer, addresses: rest, gateways: gateways.filter(isAllowed) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
