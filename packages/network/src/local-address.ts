// Which addresses are of this machine or of a private network. Sources: RFC 1918, 3927, 4193, 4291, 5735.
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'

const LOCAL = new BlockList()
// Whoever calls this calls its own machine.
LOCAL.addSubnet('0.0.0.0', 8)
LOCAL.addAddress('::', 'ipv6')
LOCAL.addSubnet('10.0.0.0', 8)
LOCAL.addSubnet('127.0.0.0', 8)
LOCAL.addSubnet('169.254.0.0', 16)
LOCAL.addSubnet('172.16.0.0', 12)
LOCAL.addSubnet('192.168.0.0', 16)
LOCAL.addAddress('::1', 'ipv6')
LOCAL.addSubnet('fc00::', 7, 'ipv6')
LOCAL.addSubnet('fe80::', 10, 'ipv6')

/** Whether a host, an IP address or a name, is this machine or in its private network, as far as its text tells. */
export function isLocalHost(host: string): boolean {
  const version = isIP(host)
  if (version !== 0) return LOCAL.check(host, version === 6 ? 'ipv6' : 'ipv4')
  return !host.includes('.') || /\.(local|localhost|internal|lan|home\.arpa)$/i.test(host)
}

/** Whether an address is on this machine, link-local or private; a host name is not. */
export function isLocalAddress(address: Multiaddr): boolean {
  // A link-local address may come with its zone before it: /ip6zone/eth0/ip6/fe80::1.
  const host = address.getComponents().find(({ name }) => name !== 'ip6zone')
  if (host?.value === undefined || (host.name !== 'ip4' && host.name !== 'ip6')) return false
  return LOCAL.check(host.value, isIPv6(host.value) ? 'ipv6' : 'ipv4')
}
