// Multiaddrs of trustless gateways, as routers name them, as URLs; and which of them are asked. Source: http-routing-v1.md,
// "transport-ipfs-gateway-http".

/** Host, port and what is spoken there; the peer identity at the end says nothing that TLS does not prove. */
const HTTP_ADDRESS =
  /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d+)\/(https?|tls(?:\/sni\/([^/]+))?\/http)(?:\/http-path\/([^/]+))?(?:\/p2p\/[^/]+)?$/

/** The URL of an address that is one of HTTP. */
export function gatewayUrl(address: string): string | undefined {
  const [, kind, name = '', port, way, sni, path = ''] = HTTP_ADDRESS.exec(address) ?? []
  if (kind === undefined) return undefined
  const host = kind === 'ip6' ? `[${name}]` : name
  const text = `${way === 'http' ? 'http' : 'https'}://${host}:${port}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  // A certificate for another name than the one that is dialled cannot be asked for.
  if (url === undefined || (sni !== undefined && sni !== name)) return undefined
  url.pathname = unescaped(path)
  return url.href
}

/**
 * Whether a router at `base` may name the gateway at `url`. One elsewhere must not have us call servers of this machine or its
 * network, and in the open a gateway proves its name by TLS.
 */
export function isGatewayFrom(base: string, url: string, isLocalHost: (host: string) => boolean): boolean {
  const { protocol, hostname } = new URL(url)
  if (isLocalHost(hostOf(new URL(base).hostname))) return true
  return protocol === 'https:' && !isLocalHost(hostOf(hostname))
}

/** Without the brackets that stand around an IPv6 address in a URL, and the dot that may end a name. */
function hostOf(hostname: string): string {
  return hostname.replace(/^\[|\]$|\.$/g, '')
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
