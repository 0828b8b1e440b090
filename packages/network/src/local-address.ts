// Which addresses are of this machine or of a private network. Sources: RFC 1918, 3927, 4193, 4291, 5735.
import { BlockList, isIPv6 } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'

const LOCAL = new BlockList()
LOCAL.addSubnet('10.0.0.0', 8)
LOCAL.addSubnet('127.0.0.0', 8)
LOCAL.addSubnet('169.254.0.0', 16)
LOCAL.addSubnet('172.16.0.0', 12)
LOCAL.addSubnet('192.168.0.0', 16)
LOCAL.addAddress('::1', 'ipv6')
LOCAL.addSubnet('fc00::', 7, 'ipv6')
LOCAL.addSubnet('fe80::', 10, 'ipv6')

/** Whether an address is on this machine, link-local or private; a host name is not. */
export function isLocalAddress(address: Multiaddr): boolean {
  // A link-local address may come with its zone before it: /ip6zone/eth0/ip6/fe80::1.
  const host = address.getComponents().find(({ name }) => name !== 'ip6zone')
  if (host?.value === undefined || (host.name !== 'ip4' && host.name !== 'ip6')) return false
  return LOCAL.check(host.value, isIPv6(host.value) ? 'ipv6' : 'ipv4')
}
