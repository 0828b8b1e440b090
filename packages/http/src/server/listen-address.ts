// Where the RPC listens, as a multiaddr: /ip4/127.0.0.1/tcp/5001, /ip6/::1/tcp/5001 or /unix/run/cairn.sock.
import { isIP } from 'node:net'
import { CairnError } from '@cairn/core'

/** A TCP address and port, 0 for any, or the path of a Unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string }

/** @throws INVALID for what is none of the three forms */
export function parseListenAddress(text: string): ListenAddress {
  const [, family, host = '', digits = ''] =
    /^\/(ip4|ip6|dns4|dns6|dns)\/([^/]+)\/tcp\/(\d{1,5})(?:\/http)?$/.exec(text) ?? []
  const port = Number(digits)
  const isKnown = family?.startsWith('dns') === true ? host === 'localhost' : isIP(host) === Number(family?.at(-1))
  if (isKnown && port <= 65_535) return { host, port }
  const path = /^\/unix(\/.+)$/.exec(text)?.[1]
  if (path !== undefined) return { path }
  throw new CairnError('INVALID', `Cannot listen on "${text}": it is no multiaddr such as /ip4/127.0.0.1/tcp/5001`)
}

/** The multiaddr of `address`. */
export function formatListenAddress(address: ListenAddress): string {
  if ('path' in address) return `/unix${address.path}`
  const { host, port } = address
  const family = isIP(host) === 0 ? 'dns' : `ip${isIP(host)}`
  return `/${family}/${host}/tcp/${port}`
}
