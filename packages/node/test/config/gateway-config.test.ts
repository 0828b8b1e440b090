// Settings of the HTTP gateway as the config has them.
import { expect, test } from 'vitest'
import { newConfig, parseConfig } from '../../src/config/config.ts'

const VALID = newConfig('test')
const parsed = (Gateway: unknown) => parseConfig(JSON.stringify({ ...VALID, Gateway })).Gateway

test('settings are read in the notation of Kubo', () => {
  const headers = { 'X-Name': ['a', 'b'] }
  expect(
    parsed({ NoFetch: true, RetrievalTimeout: '1m30s', MaxConcurrentRequests: 5, HTTPHeaders: headers, Other: 1 }),
  ).toEqual({
    NoFetch: true,
    RetrievalTimeout: 90_000,
    MaxConcurrentRequests: 5,
    HTTPHeaders: headers,
  })
  expect(parsed({ NoFetch: null, HTTPHeaders: null })).toEqual({})
})

test.each([
  { NoFetch: 'yes' },
  { RetrievalTimeout: 30 },
  { RetrievalTimeout: 'soon' },
  { MaxRequestDuration: '0s' },
  { MaxConcurrentRequests: 0 },
  { PublicGateways: { x: { Paths: ['/api'] } } },
  { PublicGateways: { x: 1 } },
  { NoDNSLink: 1 },
  { HTTPHeaders: [] },
  { HTTPHeaders: { 'X-Name': 'a' } },
  { HTTPHeaders: { 'X Name': ['a'] } },
  { HTTPHeaders: { 'X-Name': ['a\r\nb'] } },
  { HTTPHeaders: { 'content-Length': ['5'] } },
  { HTTPHeaders: { 'Transfer-Encoding': ['chunked'] } },
])('%j is refused', (section) => {
  expect(() => parsed(section)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})

test('hosts and names', () => {
  const hosts = { localhost: null, 'a.example': { Paths: ['/ipfs'], UseSubdomains: true } }
  expect(parsed({ PublicGateways: hosts })?.PublicGateways).toEqual({
    localhost: null,
    'a.example': { Paths: ['/ipfs'], UseSubdomains: true, InlineDNSLink: false },
  })
  const own = (DNSLinks: unknown) =>
    parseConfig(JSON.stringify({ ...VALID, Cairn: { Gateway: { DNSLinks } } })).Cairn?.Gateway
  expect(own({ 'a.example': '/ipns/b.example' })).toEqual({ DNSLinks: { 'a.example': '/ipns/b.example' } })
  expect(() => parseConfig(JSON.stringify({ ...VALID, Cairn: { Gateway: { RequestsPerSecond: 0 } } }))).toThrow()
  expect(() => own({ 'a.example': 'QmX' })).toThrow(expect.objectContaining({ code: 'INVALID' }))
})

test('a repo without an address has no gateway', () => {
  const { Gateway: _, ...addresses } = VALID.Addresses
  expect(parseConfig(JSON.stringify({ ...VALID, Addresses: addresses })).Addresses.Gateway).toEqual([])
  expect(newConfig('lan').Addresses.Gateway).toEqual(['/ip4/127.0.0.1/tcp/8080'])
})
