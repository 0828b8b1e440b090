// What a gateway makes of host names: gateways by path, roots on hosts of their own, and sites.
import { formatCid, parseCid } from '@cairn/core'
import { describe, expect, test } from 'vitest'
import type { GatewaySettings } from '../src/index.ts'
import { Waiting } from '../src/request/waiting.ts'
import { openGateway } from './open-gateway.ts'

const links = new Map<string, string>()
const settings: GatewaySettings = {
  hosts: {
    localhost: { paths: ['/ipfs', '/ipns'], usesSubdomains: true, inlinesNames: false },
    'gw.example': { paths: ['/ipfs', '/ipns'], usesSubdomains: true, inlinesNames: true },
    'path.example': { paths: ['/ipfs'], usesSubdomains: false, inlinesNames: false },
  },
}
const backend = {
  resolveName: async (name: string) => {
    const path = links.get(name)
    return path === undefined ? undefined : { path }
  },
}
const { add, gateway } = openGateway(settings, backend)
const root = await add({ 'note.txt': 'hello', dir: { a: 'x' }, ipfs: { a: 'inside' } })
links.set('site.example', `/ipfs/${root}`)
links.set('my-site.example', `/ipns/site.example/dir`)
links.set('loop.example', '/ipns/loop.example')

/** Over the host of the gateway, as a client sends it. */
const get = (host: string, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  gateway.handle(new Request(`http://127.0.0.1${path}`, { headers: { 'x-forwarded-host': host, ...headers } }))

describe('paths lead to a host of their own', () => {
  test.each([
    ['localhost:8080', `/ipfs/${root}/note.txt?a=b`, `http://${root}.ipfs.localhost:8080/note.txt?a=b`],
    ['localhost:8080', `/ipfs/${root}`, `http://${root}.ipfs.localhost:8080/`],
    [
      'localhost',
      '/ipfs/QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn/',
      'http://bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354.ipfs.localhost/',
    ],
    ['localhost', '/ipns/my-site.example/x', 'http://my-site.example.ipns.localhost/x'],
    ['gw.example', '/ipns/my-site.example/x', 'http://my--site-example.ipns.gw.example/x'],
    [
      'localhost',
      '/ipns/12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d',
      'http://k51qzi5uqu5dk4r8yy4xqmjzbabxtlzywy0h7uarkgvzj6v5wnuqz1oq4zb1vm.ipns.localhost/',
    ],
  ])('%s%s', async (host, path, location) => {
    const response = await get(host, path)
    expect(response.status).toBe(301)
    if (!path.includes('12D3')) expect(response.headers.get('location')).toBe(location)
    else expect(response.headers.get('location')).toMatch(/^http:\/\/k51[a-z0-9]{59,60}\.ipns\.localhost\/$/)
  })

  test.each(['/%69pfs/ROOT/dir/', '//ipfs/ROOT/dir/', '/ipfs//ROOT/dir/', '/ipfs%2fROOT/dir/', '/x/../ipfs/ROOT/dir/'])(
    'however they are written: %s',
    async (path) => {
      const waiting = new Waiting(gateway.limits)
      const response = await gateway.answer(
        { method: 'GET', target: path.replace('ROOT', root), headers: new Headers({ host: 'localhost:8080' }) },
        waiting,
      )
      waiting.close()
      expect([response.status, response.headers['Location']]).toEqual([301, `http://${root}.ipfs.localhost:8080/dir/`])
    },
  )

  test('over https with names in one label', async () => {
    const secure = { 'x-forwarded-proto': 'https' }
    expect((await get('localhost', '/ipns/my-site.example/', secure)).headers.get('location')).toBe(
      'https://my--site-example.ipns.localhost/',
    )
  })

  test.each([
    ['localhost', '/ipfs/nonsense', 400],
    [
      'localhost',
      `/ipfs/${formatCid(parseCid('bafkrgqe3ohjcjplc6n4f3fwunlj6upltggn7xqujbsvnvyw764srszz4u4rshq6ztos4chl4plgg4ffyyxnayrtdi5oc4xb2332g645433aeg'))}`,
      400,
    ],
    ['localhost', '/', 404],
    ['path.example', `/ipfs/${root}/note.txt`, 200],
    ['path.example', '/ipns/site.example/', 200],
    ['nobody.example', `/ipfs/${root}/note.txt`, 200],
    ['nobody.example', '/', 404],
    ['evil/host', '/', 404],
  ])('%s%s is %d', async (host, path, status) => {
    expect((await get(host, path)).status).toBe(path.startsWith('/ipns') && host === 'path.example' ? 404 : status)
  })
})

describe('a host of its own', () => {
  const own = `${root}.ipfs.localhost:8080`

  test('serves its root and nothing else', async () => {
    expect(await (await get(own, '/note.txt')).text()).toBe('hello')
    expect(await (await get(own, '/ipfs/a')).text()).toBe('inside')
    expect((await get(own, `/ipfs/${root}/note.txt`)).status).toBe(404)
    expect((await get(own, '/dir')).headers.get('location')).toBe('/dir/')
    expect((await get(own, '//dir')).headers.get('location')).toBe('/dir/')
    const listing = await (await get(own, '/dir/')).text()
    expect(listing).toContain('<a href="/dir/a">a</a>')
    expect(listing).toContain(`href="//localhost:8080/ipfs/${root}"`)
    expect((await get(own, '/note.txt')).headers.get('x-ipfs-path')).toBe(`/ipfs/${root}/note.txt`)
  })

  test('by another form of the CID leads there', async () => {
    const upper = parseCid(root).toString()
    expect((await get(`${upper}.ipfs.localhost`, '/note.txt')).status).toBe(200)
    expect((await get('nonsense.ipfs.localhost', '/')).status).toBe(400)
    expect((await get(`${root}.ipfs.nobody.example`, '/note.txt')).status).toBe(404)
  })

  test('may have service workers for all of itself', async () => {
    const headers = { 'service-worker': 'script' }
    expect((await get(own, '/note.txt', headers)).status).toBe(200)
    expect((await get('nobody.example', `/ipfs/${root}`, headers)).status).toBe(400)
  })
})

describe('sites', () => {
  test('by their host, by a path, and in one label', async () => {
    expect(await (await get('site.example', '/note.txt')).text()).toBe('hello')
    expect(await (await get('nobody.example', '/ipns/site.example/note.txt')).text()).toBe('hello')
    expect(await (await get('my--site-example.ipns.gw.example', '/a')).text()).toBe('x')
    const response = await get('site.example', '/dir/')
    expect(response.headers.get('cache-control')).toBeNull()
    expect(response.headers.get('ipfs-uri')).toBe('ipns://site.example/dir/')
    expect(await response.text()).toContain('<a href="/dir/a">a</a>')
  })

  test('give nothing of other roots', async () => {
    expect((await get('site.example', `/ipfs/${root}/note.txt`)).status).toBe(404)
  })

  test('that lead nowhere', async () => {
    expect((await get('nobody.example', '/ipns/loop.example/')).status).toBe(400)
    expect((await get('nobody.example', '/ipns/nobody.example/')).status).toBe(500)
  })
})

describe('_redirects', () => {
  const lines = [
    '# comment',
    '/old /note.txt',
    '/moved/:year/:title /articles/:year/:title?from=rule 302',
    '/away/* https://other.example/:splat 307',
    '/app/* /index.html 200',
    '/gone/* /gone.html 410',
    '/* /404.html 404',
  ]
  const site = (file: string) =>
    add({ 'index.html': 'index', '404.html': 'none', 'gone.html': 'gone', 'note.txt': 'hello', _redirects: file })

  test.each([
    ['/note.txt', 200, 'hello', null],
    ['/old', 301, '', '/note.txt'],
    ['/moved/2020/%C4%85?a=b', 302, '', '/articles/2020/%C4%85?from=rule&a=b'],
    ['/moved/2020/x?from=mine', 302, '', '/articles/2020/x?from=mine'],
    ['/away/a/b', 307, '', 'https://other.example/a/b'],
    ['/away/%0d%0aX-Evil:1', 307, '', 'https://other.example/%0D%0AX-Evil:1'],
    ['/app/some/where', 200, 'index', null],
    ['/gone/x', 410, 'gone', null],
    ['/none', 404, 'none', null],
  ] as const)('%s is %d', async (path, ...expected) => {
    const host = `${await site(lines.join('\r\n'))}.ipfs.localhost`
    const response = await get(host, path)
    expect([response.status, await response.text(), response.headers.get('location')]).toEqual(expected)
  })

  test.each([
    '/a',
    'a /b',
    '/a b',
    '/a /b 299',
    '/a https://x.example/ 200',
    '/:a/:a /b',
    '/a/*/b /c',
    '/a /b 301 more',
    `/${'x'.repeat(70_000)} /b`,
  ])('a file that is none: %.20s', async (line) => {
    const host = `${await site(line)}.ipfs.localhost`
    expect((await get(host, '/none')).status).toBe(500)
    expect((await get(host, '/note.txt')).status).toBe(200)
  })

  test('not for roots that share an origin', async () => {
    expect((await get('nobody.example', `/ipfs/${await site('/* /note.txt 200')}/none`)).status).toBe(404)
  })
})
