// Requests and answers of the gateway, without a socket.
import { randomBytes } from 'node:crypto'
import { BlockService, encodeValue, readCar, type IpldValue } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import { openGateway } from './open-gateway.ts'

const MISSING = 'bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const big = randomBytes(3_000_000)
const opened = openGateway()
const { get } = opened
const root = await opened.add({
  'big.bin': big,
  'note.txt': 'hello',
  page: '<!doctype html><p>x',
  'data.json': '{"a":1}',
  dir: { 'a <b>"&.txt': 'x', 'ą ę?#100%.txt': 'y', ipfs: { api: 'z' } },
  site: { 'index.html': '<h1>site</h1>' },
})
const value = encodeValue(
  'dag-cbor',
  new Map<string, IpldValue>([
    ['link', CID.parse(root)],
    ['<script>', 1],
  ]),
)
const node = await opened.put(0x71, value)

describe('trustless', () => {
  test.each([
    ['raw by query', '?format=raw', undefined],
    ['raw by Accept', '', 'application/vnd.ipld.raw'],
    ['query over Accept', '?format=raw', 'application/vnd.ipld.car'],
  ])('%s', async (_, query, accept) => {
    const response = await get(`/ipfs/${root}/note.txt${query}`, accept === undefined ? {} : { headers: { accept } })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('hello')
    expect(response.headers.get('content-type')).toBe('application/vnd.ipld.raw')
    expect(response.headers.get('etag')).toMatch(/^"bafkrei\w+\.raw"$/)
    expect(response.headers.get('cache-control')).toBe('public, max-age=29030400, immutable')
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="bafkrei\w+\.bin"$/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-location') === null).toBe(query !== '' && accept === undefined)
  })

  test('the probe', async () => {
    const raw = await get('/ipfs/bafkqaaa?format=raw')
    expect([raw.status, (await raw.bytes()).length]).toEqual([200, 0])
    const car = readCar(bodyOf(await get('/ipfs/bafkqaaa?format=car')))
    const header = (await car.next()).value
    expect(header).toMatchObject({ kind: 'header', roots: [{}] })
    expect(await car.next()).toMatchObject({ done: true })
  })

  const blocksOf = async (query: string): Promise<string[]> => {
    const response = await get(`/ipfs/${root}${query}`)
    expect(response.status).toBe(200)
    const found: string[] = []
    for await (const event of readCar(bodyOf(response))) if (event.kind === 'block') found.push(String(event.block.cid))
    return found
  }

  test('scopes, in order, each block once', async () => {
    const all = await blocksOf('?format=car')
    expect(all[0]).toBe(root)
    expect(new Set(all).size).toBe(all.length)
    expect(await blocksOf('?format=car&dag-scope=block')).toEqual([root])
    expect(await blocksOf('?format=car&dag-scope=entity')).toEqual([root])
    const file = await blocksOf('/big.bin?format=car&dag-scope=entity')
    expect(file.length).toBe(5)
    expect(await blocksOf('/big.bin?format=car&entity-bytes=0:9')).toEqual(file.slice(0, 3))
    expect(await blocksOf('/dir?format=car&dag-scope=block')).toHaveLength(2)
  })

  test('repeats where they are asked for', async () => {
    const twice = await opened.add({ a: big, b: big })
    const count = async (query: string): Promise<number> => {
      const response = await get(`/ipfs/${twice}?format=car${query}`)
      expect(response.headers.get('content-type')).toContain(query.includes('=y') ? 'dups=y' : 'dups=n')
      let blocks = 0
      for await (const { kind } of readCar(bodyOf(response))) if (kind === 'block') blocks++
      return blocks
    }
    expect([await count(''), await count('&car-dups=n'), await count('&car-dups=y')]).toEqual([5, 5, 9])
  })

  test('a block that is missing breaks the CAR off', async () => {
    const { add, store, get: from } = openGateway()
    const file = await add(big)
    const leaves: CID[] = []
    for await (const event of readCar(bodyOf(await from(`/ipfs/${file}?format=car`))))
      if (event.kind === 'block' && event.block.cid.code === 0x55) leaves.push(event.block.cid)
    await store.deleteMany(leaves.slice(-1))
    // Another gateway: the first one may have kept it.
    const { get: fromOther } = openGateway({}, { blocks: new BlockService({ store }) })
    const broken = await fromOther(`/ipfs/${file}?format=car`)
    await expect(broken.bytes()).rejects.toThrow()
  })

  test('by itself it serves nothing else', async () => {
    const trustless = openGateway({ deserializes: false })
    const file = await trustless.add('x')
    const statuses = ['', '?format=raw', '?format=car', '?format=tar'].map(
      async (query) => (await trustless.get(`/ipfs/${file}${query}`)).status,
    )
    expect(await Promise.all(statuses)).toEqual([400, 200, 200, 406])
  })
})

describe('statuses', () => {
  test.each([
    ['/ipfs/nonsense', 400],
    ['/ipfs/', 404],
    ['/', 404],
    [`/ipfs/${MISSING}`, 404],
    [`/ipfs/${MISSING}?format=raw`, 404],
    [`/ipfs/${MISSING}?format=car`, 404],
    [`/ipfs/${root}/nope`, 404],
    [`/ipfs/${root}/note.txt/below`, 404],
    [`/ipfs/${root}?format=nonsense`, 400],
    [`/ipfs/${root}?format=car&dag-scope=some`, 400],
    [`/ipfs/${root}?format=car&car-version=2`, 400],
    [`/ipfs/${root}?format=car&car-order=bfs`, 400],
    [`/ipfs/${root}/big.bin?format=car&entity-bytes=x`, 400],
    [`/ipfs/${root}/big.bin?format=car&entity-bytes=9999999:*`, 400],
    [`/ipfs/${root}?format=ipns-record`, 400],
    [`/ipfs/${root}?format=dag-json`, 406],
    [`/ipfs/${node}?format=dag-json`, 406],
    [`/ipfs/${node}?format=tar`, 406],
    [`/ipfs/${node}/link/note.txt`, 200],
    [`/ipfs/${node}/%3Cscript%3E`, 501],
    [`/ipfs/${node}/none`, 404],
    [`/ipfs/ipfs/${root}`, 400],
    [`/ipfs/${root}/%ff`, 400],
    [`/ipfs/${root}/%2e%2e%2f%2e%2e%2fetc%2fpasswd`, 404],
    [`/ipfs/${root}/%252e%252e/x`, 404],
    [`/ipfs/${root}/dir/%0d%0aSet-Cookie:%20a=b`, 404],
    [`/ipfs/${root}/note.txt?filename=%0d%0aSet-Cookie:%20a=b`, 200],
    [`/ipfs/${root}/note.txt?filename=${'x'.repeat(20_000)}`, 200],
  ])('%s is %d', async (path, status) => {
    const response = await get(path)
    expect(response.status).toBe(status)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    await response.bytes()
  })

  test('methods', async () => {
    expect((await get(`/ipfs/${root}`, { method: 'POST' })).status).toBe(405)
    expect((await get(`/ipfs/${root}`, { method: 'OPTIONS' })).status).toBe(204)
    const head = await get(`/ipfs/${root}/big.bin`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), (await head.bytes()).length]).toEqual([200, '3000000', 0])
  })

  test('only what is cached', async () => {
    const headers = { 'cache-control': 'only-if-cached' }
    expect((await get(`/ipfs/${root}/note.txt`, { headers })).status).toBe(200)
    expect((await get(`/ipfs/${MISSING}`, { headers })).status).toBe(412)
    expect((await get(`/ipfs/${MISSING}`, { headers, method: 'HEAD' })).status).toBe(412)
  })

  test('nobody gives the block in time', async () => {
    const blocks = {
      get: (_: unknown, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    }
    const { get: from } = openGateway({ limits: { retrievalTimeoutMs: 20 } }, { blocks })
    const response = await from(`/ipfs/${MISSING}`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([504, '30'])
  })

  test('a page in a browser, a line elsewhere', async () => {
    const browser = await get('/ipfs/<script>', { headers: { accept: 'text/html,*/*' } })
    expect(browser.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await browser.text()).not.toContain('<script')
    expect((await get('/ipfs/x')).headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })
})

describe('files', () => {
  test.each([
    ['big.bin', 'application/octet-stream'],
    ['note.txt', 'text/plain; charset=utf-8'],
    ['page', 'text/html; charset=utf-8'],
    ['data.json', 'application/json'],
  ])('%s is %s', async (name, type) => {
    expect((await get(`/ipfs/${root}/${name}`)).headers.get('content-type')).toBe(type)
  })

  test.each([
    ['bytes=0-9', 206, big.subarray(0, 10)],
    ['bytes=2999990-', 206, big.subarray(2_999_990)],
    ['bytes=-5', 206, big.subarray(-5)],
    ['bytes=1000000-2000000', 206, big.subarray(1_000_000, 2_000_001)],
    ['bytes=0-99999999999', 206, big],
    ['bytes=3000000-', 416, Buffer.alloc(0)],
    ['bytes=-0', 416, Buffer.alloc(0)],
    ['bytes=9-0', 200, big],
    ['bits=0-1', 200, big],
    ['bytes=0-1,0-2999999', 200, big],
    [`bytes=${'0-0,'.repeat(100)}`, 200, big],
  ])('range %s', async (range, status, bytes) => {
    const response = await get(`/ipfs/${root}/big.bin`, { headers: { range } })
    expect(response.status).toBe(status)
    expect(Buffer.compare(await response.bytes(), bytes)).toBe(0)
  })

  test('several ranges', async () => {
    const response = await get(`/ipfs/${root}/note.txt`, { headers: { range: 'bytes=0-0,3-4' } })
    const text = await response.text()
    expect(response.headers.get('content-type')).toMatch(/^multipart\/byteranges; boundary=/)
    expect(text.length).toBe(Number(response.headers.get('content-length')))
    expect(text).toMatch(/Content-Range: bytes 0-0\/5\r\n\r\nh\r\n--.*Content-Range: bytes 3-4\/5\r\n\r\nlo\r\n--/s)
  })

  test('conditions', async () => {
    const etag = (await get(`/ipfs/${root}/note.txt`)).headers.get('etag') ?? ''
    const status = async (headers: Record<string, string>) => (await get(`/ipfs/${root}/note.txt`, { headers })).status
    expect(await status({ 'if-none-match': `"x", W/${etag}` })).toBe(304)
    expect(await status({ 'if-none-match': '*' })).toBe(304)
    expect(await status({ 'if-none-match': '"x"' })).toBe(200)
    expect(await status({ 'if-range': '"x"', range: 'bytes=0-0' })).toBe(200)
    expect(await status({ 'if-range': etag, range: 'bytes=0-0' })).toBe(206)
  })

  test('names for saving', async () => {
    const of = async (query: string) =>
      (await get(`/ipfs/${root}/note.txt?${query}`)).headers.get('content-disposition')
    expect(await of('')).toBeNull()
    expect(await of('download=true')).toBe('attachment; filename="note.txt"')
    expect(await of(`filename=${encodeURIComponent('testтест.txt')}`)).toBe(
      'inline; filename="test____.txt"; filename*=UTF-8\'\'test%D1%82%D0%B5%D1%81%D1%82.txt',
    )
    expect(await of(`filename=${encodeURIComponent('a"b\\')}`)).toBe('inline; filename="a\\"b\\\\"')
  })
})

describe('directories', () => {
  test('a slash at the end', async () => {
    const response = await get(`/ipfs/${root}/dir?a=b%0a`)
    expect([response.status, response.headers.get('location')]).toEqual([301, `/ipfs/${root}/dir/?a=b%0a`])
  })

  test('index.html', async () => {
    const response = await get(`/ipfs/${root}/site/`)
    expect(await response.text()).toBe('<h1>site</h1>')
    expect(response.headers.get('x-ipfs-roots')?.split(',')).toHaveLength(2)
  })

  test('a listing shows names as text, and links that lead there', async () => {
    const response = await get(`/ipfs/${root}/dir/`)
    const html = await response.text()
    expect(html).not.toContain('<b>')
    expect(html).toContain(`<a href="/ipfs/${root}/dir/%C4%85%20%C4%99%3F%23100%25.txt">ą ę?#100%.txt</a>`)
    expect(html).toContain(`<a href="/ipfs/${root}/dir/..">..</a>`)
    for (const [, href] of html.matchAll(/<td><a href="([^"]*)">/g))
      expect((await get((href ?? '').replaceAll('&#38;', '&'))).status).toBeLessThan(302)
    expect(response.headers.get('etag')).toMatch(/^"DirIndex-/)
    expect(response.headers.get('cache-control')).not.toContain('immutable')
    const headers = { 'if-none-match': response.headers.get('etag') ?? '' }
    expect((await get(`/ipfs/${root}/dir/`, { headers })).status).toBe(304)
  })

  test('pages of a sharded one have every name once', async () => {
    const names = Array.from({ length: 6000 }, (_, index) => `a rather long name for a file, number ${index}`)
    const sharded = await opened.add(Object.fromEntries(names.map((name) => [name, ''])))
    const found: string[] = []
    for (let page = 0, isLast = false; !isLast; page++) {
      const html = await (await get(`/ipfs/${sharded}/?page=${page}`)).text()
      found.push(...Array.from(html.matchAll(/number (\d+)<\/a>/g), ([, number = '']) => number))
      isLast = !html.includes('rel="next"')
    }
    expect(found.length).toBe(6000)
    expect(new Set(found).size).toBe(6000)
    expect((await get(`/ipfs/${sharded}/?page=77`)).status).toBe(404)
  })
})

describe('values', () => {
  test('as they are, and as a page', async () => {
    const plain = await get(`/ipfs/${node}`)
    expect(plain.headers.get('content-type')).toBe('application/vnd.ipld.dag-cbor')
    expect(Buffer.compare(await plain.bytes(), value)).toBe(0)
    expect((await get(`/ipfs/${node}?format=cbor`)).headers.get('content-type')).toBe('application/cbor')
    const page = await (await get(`/ipfs/${node}`, { headers: { accept: 'text/html' } })).text()
    expect(page).toContain(`<a href="/ipfs/${root}">${root}</a>`)
    expect(page).not.toContain('<script')
  })

  test('JSON that lies in a file', async () => {
    const headers = { accept: 'application/json' }
    expect((await get(`/ipfs/${root}/data.json`, { headers })).status).toBe(200)
    expect((await get(`/ipfs/${root}/note.txt`, { headers })).status).toBe(406)
    const lenient = { accept: 'application/json, text/plain, */*' }
    expect((await get(`/ipfs/${root}/note.txt`, { headers: lenient })).status).toBe(200)
  })
})

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  yield await response.bytes()
}
