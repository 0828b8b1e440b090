import { isLocalHost } from '@cairn/network'
import { expect, test } from 'vitest'
import { gatewayUrl, isGatewayFrom } from '../../src/routing/gateway-address.ts'

test.each([
  ['/dns/example.com/tcp/443/https', 'https://example.com/'],
  ['/dns4/example.com/tcp/8443/tls/http', 'https://example.com:8443/'],
  ['/dns6/example.com/tcp/443/tls/sni/example.com/http/p2p/12D3KooWx', 'https://example.com/'],
  ['/ip4/127.0.0.1/tcp/8080/http', 'http://127.0.0.1:8080/'],
  ['/ip6/::1/tcp/8080/http', 'http://[::1]:8080/'],
  ['/dns/example.com/tcp/443/https/http-path/a%2Fb', 'https://example.com/a/b'],
  ['/dns/example.com/tcp/443/https/http-path/%2Fevil.example', 'https://example.com/evil.example'],
  ['/dns/example.com/tcp/443/tls/sni/other.example/http', undefined],
  ['/dns/user@example.com/tcp/443/https/x', undefined],
  ['/dns/example.com/udp/443/https', undefined],
  ['/dns/example.com/tcp/443/tls/ws', undefined],
  ['/dns/exa mple.com/tcp/443/https', undefined],
  ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWx', undefined],
])('%s is %s', (address, url) => {
  const found = gatewayUrl(address)
  expect(found).toBe(url)
})

const OPEN = 'https://router.example'
test.each([
  ['http://127.0.0.1:8000', 'http://127.0.0.1:8080/', true],
  ['http://[::1]:8000', 'http://192.168.1.5/', true],
  [OPEN, 'https://example.com/', true],
  [OPEN, 'https://8.8.8.8/', true],
  [OPEN, 'http://example.com/', false],
  [OPEN, 'https://127.1/', false],
  [OPEN, 'https://0.0.0.0/', false],
  [OPEN, 'https://[::ffff:127.0.0.1]/', false],
  [OPEN, 'https://[fd00::1]/', false],
  [OPEN, 'https://localhost/', false],
  [OPEN, 'https://localhost./', false],
  [OPEN, 'https://printer.local/', false],
  [OPEN, 'https://intranet/', false],
])('a router at %s names %s: %s', (base, url, isAllowed) => {
  expect(isGatewayFrom(base, url, isLocalHost)).toBe(isAllowed)
})
