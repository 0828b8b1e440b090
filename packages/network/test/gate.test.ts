import { isCairnError } from '@cairn/core'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { Gate, origin } from '../src/gate.ts'
import { isLocalAddress } from '../src/local-address.ts'
import { addressOf, codeOf, Hosts, placeOf } from './open-host.ts'

const hosts = new Hosts()
afterEach(() => hosts.close())

test('a range refuses its addresses alone, also those of IPv6 and those written as IPv6', () => {
  const gate = new Gate({ ranges: ['/ip4/10.0.0.0/ipcidr/8', '/ip6/2001:db8::/ipcidr/32'] })
  const refused = (text: string): boolean => gate.refusesAddress(multiaddr(text))
  expect(refused('/ip4/10.255.0.1/tcp/4001')).toBe(true)
  expect(refused('/ip6/::ffff:10.0.0.1/tcp/4001')).toBe(true)
  expect(refused('/ip6/2001:db8::7/tcp/4001/ws')).toBe(true)
  expect(refused('/ip4/11.0.0.1/tcp/4001')).toBe(false)
  expect(refused('/ip6/2001:db9::7/tcp/4001')).toBe(false)
  expect(refused('/dns4/example.com/tcp/4001')).toBe(false)
})

test.each([
  ['10.0.0.0/8'],
  ['/ip4/10.0.0.0'],
  ['/ip4/10.0.0.0/ipcidr/33'],
  ['/ip4/10.0.0.0/tcp/1'],
  ['/dns/a/ipcidr/8'],
])('the filter "%s" is refused and leaves the rules as they were', (range) => {
  const gate = new Gate({ ranges: ['/ip4/10.0.0.0/ipcidr/8'] })
  expect(() => gate.setRules({ ranges: [range] })).toThrow(
    expect.toSatisfy((error: unknown) => isCairnError(error, 'INVALID')),
  )
  expect(gate.refusesAddress(multiaddr('/ip4/10.0.0.1/tcp/1'))).toBe(true)
})

test.each([
  ['/ip4/127.0.0.1/tcp/1', true],
  ['/ip4/192.168.7.7/tcp/1', true],
  ['/ip4/172.32.0.1/tcp/1', false],
  ['/ip4/8.8.8.8/tcp/1', false],
  ['/ip6/::1/tcp/1', true],
  ['/ip6/fe80::1/tcp/1', true],
  ['/ip6zone/eth0/ip6/fe80::1/tcp/1', true],
  ['/ip6/::ffff:192.168.0.1/tcp/1', true],
  ['/ip6/2606:4700::1/tcp/1', false],
  ['/dns4/localhost/tcp/1', false],
])('whether %s is local: %s', (text, isLocal) => {
  expect(isLocalAddress(multiaddr(text))).toBe(isLocal)
})

test('a refused peer is neither dialled, by its id or by its place alone, nor let in', async () => {
  const [one, two] = [await hosts.open(), await hosts.open()]
  one.setRefused({ peers: [two.peerId] })
  expect(await codeOf(one.connect(addressOf(two)))).toBe('DENIED')
  expect(await codeOf(one.connect(placeOf(two)))).toBe('DENIED')
  expect(await codeOf(one.connectPeer(two.peerId, [placeOf(two)]))).toBe('DENIED')
  await two.connect(addressOf(one)).catch(() => undefined)
  await expect.poll(() => two.peers()).toEqual([])
  expect(await one.peers()).toEqual([])
})

test('an address in a refused range is neither dialled nor let in', async () => {
  const [one, two] = [await hosts.open({ refuse: { ranges: ['/ip4/127.0.0.0/ipcidr/8'] } }), await hosts.open()]
  expect(await codeOf(one.connect(addressOf(two)))).toBe('DENIED')
  expect(await codeOf(two.connect(addressOf(one)))).toBe('UNAVAILABLE')
})

test('connections that new rules refuse end, the others stay', async () => {
  const [one, two, three] = [await hosts.open(), await hosts.open(), await hosts.open()]
  await one.connect(addressOf(two))
  await one.connect(addressOf(three))
  one.setRefused({ peers: [two.peerId] })
  await expect.poll(() => one.peers()).toMatchObject([{ peer: three.peerId }])
  one.setRefused({})
  await one.connect(addressOf(two))
  expect(await one.peers()).toHaveLength(2)
})

test('a doorkeeper is asked about what comes in, by its address and then by its peer', async () => {
  const [asked, refused] = [new Set<string>(), new Set<string>()]
  const doorkeeper = {
    mayCome(address: string): boolean {
      asked.add(address)
      return !refused.has(address)
    },
    mayStay(peer: string, address: string): boolean {
      asked.add(`${peer} ${address}`)
      return !refused.has(peer)
    },
  }
  const [one, two, three] = [await hosts.open({ doorkeeper }), await hosts.open(), await hosts.open()]
  refused.add(three.peerId)
  await two.connect(addressOf(one))
  await three.connect(addressOf(one)).catch(() => undefined)
  await expect.poll(() => three.peers()).toEqual([])
  await expect.poll(() => [...asked]).toEqual(['127.0.0.1', `${two.peerId} 127.0.0.1`, `${three.peerId} 127.0.0.1`])
  refused.add('127.0.0.1')
  refused.delete(three.peerId)
  expect(await codeOf(three.connect(addressOf(one)))).toBe('UNAVAILABLE')
  expect(await one.peers()).toMatchObject([{ peer: two.peerId }])
})

test.each([
  ['/ip4/10.1.2.3/tcp/1', '10.1.2.3'],
  ['/ip6/2001:db8::7/tcp/1', '2001:db8:0:0'],
  ['/ip6/2001:db8:1:2:3:4:5:6/tcp/1', '2001:db8:1:2'],
  ['/ip6/::1/tcp/1', '0:0:0:0'],
  ['/ip6zone/eth0/ip6/fe80::1/tcp/1', 'fe80:0:0:0'],
])('%s comes from %s', (address, from) => {
  expect(origin(multiaddr(address))).toBe(from)
})
