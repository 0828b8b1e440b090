// A request as the gateway needs it: of node:http, or web-standard.

/** Reads the headers of a request. */
export interface HeaderReader {
  /** The value of the header, those of several joined by commas, whatever the case of its name. */
  get(name: string): string | null
}

/** A request. */
export interface GatewayRequest {
  readonly method: string
  /** Path and query as they were sent: percent-encoded, or a whole URL where the client takes us for a proxy. */
  readonly target: string
  readonly headers: HeaderReader
}

/** A web-standard request as one of ours. */
export function requestOf({ method, url, headers }: Request): GatewayRequest {
  const { pathname, search, host } = new URL(url)
  return {
    method,
    target: pathname + search,
    headers: { get: (name) => headers.get(name) ?? (name === 'host' ? host : null) },
  }
}
