// The gateway of a daemon on its own port: fixtures of others, clients that go away, and bytes that are no request.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openPlace } from './cairn.ts'

const FIXTURES = join(import.meta.dirname, '../../../shared/fixtures/car')
const hasFixtures = existsSync(FIXTURES)
if (!hasFixtures) console.warn('Gateway fixtures are skipped: the collection is not beside the repository')
const CARS = [
  'gateway-raw-block',
  'subdir-with-two-single-block-files',
  'dag-cbor-traversal',
  'symlink',
  'utf8-names',
  'path-inside-root',
  'path-outside-root',
  'missing-block',
]

const place = await openPlace()
afterAll(() => place[Symbol.asyncDispose]())
const repo = await place.repo('gateway')
const content = randomBytes(20_000_000)
await writeFile(place.path('big.bin'), content)
await place.output(['--repo', repo, 'config', '--bool', 'Gateway.NoFetch', 'true'])
const big = (await place.output(['--repo', repo, 'add', '-Q', place.path('big.bin')])).trim()
if (hasFixtures)
  for (const name of CARS)
    await place.output(['--repo', repo, 'dag', 'import', '--pin-roots=false', join(FIXTURES, `${name}.car`)])
const daemon = await place.daemon(repo)
const url = await readFile(join(repo, 'gateway'), 'utf8')
const port = Number(new URL(url).port)

interface Row {
  readonly path: string
  readonly status: number
  readonly accept?: string
  readonly type?: string
  readonly has?: string
  readonly location?: string
}

const SUBDIR = '/ipfs/bafybeietjm63oynimmv5yyqay33nui4y4wx6u3peezwetxgiwvfmelutzu'
const RAW = '/ipfs/bafybeie72edlprgtlwwctzljf6gkn2wnlrddqjbkxo3jomh4n7omwblxly'
const CBOR = '/ipfs/bafyreibs4utpgbn7uqegmd2goqz4bkyflre2ek2iwv743fhvylwi4zeeim'
const SYMLINK = '/ipfs/QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt'
const UTF8 = '/ipfs/bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i'
const INSIDE = '/ipfs/bafybeibfevfxlvxp5vxobr5oapczpf7resxnleb7tkqmdorc4gl5cdva3y'
const OUTSIDE = '/ipfs/bafybeicaj7kvxpcv4neaqzwhrqqmdstu4dhrwfpknrgebq6nzcecfucvyu'
const MISSING = '/ipfs/QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk'
const RAW_TYPE = 'application/vnd.ipld.raw'
const CAR_TYPE = 'application/vnd.ipld.car'

describe.skipIf(!hasFixtures)('fixtures', () => {
  const rows: readonly Row[] = [
    { path: `${RAW}/dir/ascii.txt`, status: 200, type: 'text/plain', has: 'hello application/vnd.ipld.raw' },
    { path: `${RAW}/dir/ascii.txt?format=raw`, status: 200, type: RAW_TYPE, has: 'hello application/vnd.ipld.raw' },
    { path: `${RAW}/dir?format=raw`, status: 200, type: RAW_TYPE },
    { path: RAW, status: 200, accept: RAW_TYPE, type: RAW_TYPE },
    { path: RAW, status: 301, location: `${RAW}/` },
    { path: `${SUBDIR}/subdir`, status: 301, location: `${SUBDIR}/subdir/` },
    { path: `${SUBDIR}/subdir/ascii.txt`, status: 200, has: 'hello application/vnd.ipld.car' },
    { path: `${SUBDIR}/subdir/none`, status: 404 },
    { path: `${SUBDIR}?format=car`, status: 200, type: CAR_TYPE },
    {
      path: `${SUBDIR}/subdir/ascii.txt`,
      status: 200,
      accept: `${CAR_TYPE}; order=dfs; dups=y`,
      type: `${CAR_TYPE}; version=1; order=dfs; dups=y`,
    },
    { path: CBOR, status: 200, type: 'application/vnd.ipld.dag-cbor' },
    { path: `${CBOR}?format=dag-json`, status: 406 },
    { path: `${CBOR}?format=dag-cbor`, status: 200, type: 'application/vnd.ipld.dag-cbor' },
    { path: CBOR, status: 200, accept: 'text/html', type: 'text/html' },
    { path: `${SYMLINK}/`, status: 200, has: '>bar<' },
    { path: `${SYMLINK}/bar`, status: 200, has: 'foo' },
    { path: `${UTF8}/`, status: 200, has: '>api<' },
    { path: `${UTF8}/api/file.txt`, status: 200 },
    {
      path: `${UTF8}/${encodeURIComponent('ą')}/${encodeURIComponent('ę')}`,
      status: 301,
      location: `${UTF8}/%C4%85/%C4%99/`,
    },
    {
      path: `${UTF8}/${encodeURIComponent('ą')}/${encodeURIComponent('ę')}/${encodeURIComponent('file-źł.txt')}`,
      status: 200,
    },
    { path: `${INSIDE}?format=tar`, status: 200, type: 'application/x-tar', has: 'foobar/file' },
    { path: `${MISSING}?format=raw`, status: 200, type: RAW_TYPE },
  ]
  test.each(rows)('$path accepting $accept is $status', async ({ path, status, accept, type, has, location }) => {
    const response = await fetch(url + path, {
      redirect: 'manual',
      ...(accept !== undefined && { headers: { accept } }),
    })
    const body = await response.text()
    expect(response.status).toBe(status)
    if (location !== undefined) expect(response.headers.get('location')).toBe(location)
    if (type !== undefined) expect(response.headers.get('content-type')).toContain(type)
    if (has !== undefined) expect(body).toContain(has)
    const head = await fetch(url + path, {
      method: 'HEAD',
      redirect: 'manual',
      ...(accept !== undefined && { headers: { accept } }),
    })
    expect([head.status, await head.text()]).toEqual([status, ''])
  })

  test('an archive that would leave its root is cut, as is a file whose block is missing', async () => {
    await expect(fetch(`${url}${OUTSIDE}?format=tar`).then((response) => response.bytes())).rejects.toThrow()
    await expect(fetch(`${url}${MISSING}?filename=x.bin`).then((response) => response.bytes())).rejects.toThrow()
  })

  test('ranges before and after a block that is missing', async () => {
    for (const range of ['0:999', '2100:*']) {
      const response = await fetch(`${url}${MISSING}?format=car&entity-bytes=${range}`)
      expect([response.status, (await response.bytes()).length > 0]).toEqual([200, true])
    }
  })
})

test('a file is what was added, whole and resumed', async () => {
  const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const whole = await fetch(`${url}/ipfs/${big}`)
  expect(whole.headers.get('content-length')).toBe(String(content.length))
  expect(sum(await whole.bytes())).toBe(sum(content))
  const rest = await fetch(`${url}/ipfs/${big}`, { headers: { range: 'bytes=7000001-' } })
  expect(rest.status).toBe(206)
  expect(sum(await rest.bytes())).toBe(sum(content.subarray(7_000_001)))
})

test('a root has a host of its own below localhost', async () => {
  const ask = (host: string, path: string) =>
    new Promise<IncomingMessage>((resolve) => httpGet(`${url}${path}`, { headers: { host } }, resolve))
  const moved = await ask(`localhost:${port}`, `/ipfs/${big}?a=b`)
  moved.resume()
  expect([moved.statusCode, moved.headers.location]).toEqual([301, `http://${big}.ipfs.localhost:${port}/?a=b`])
  const own = await ask(`${big}.ipfs.localhost:${port}`, '/')
  const pieces: Buffer[] = []
  for await (const piece of own) pieces.push(piece as Buffer)
  expect(Buffer.concat(pieces).equals(content)).toBe(true)
})

test('a client that pauses gets the rest, and others are served meanwhile', async () => {
  const paused = await new Promise<IncomingMessage>((resolve) => httpGet(`${url}/ipfs/${big}`, resolve))
  const pieces: Buffer[] = []
  paused.pause()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect((await (await fetch(`${url}/ipfs/${big}`)).bytes()).length).toBe(content.length)
  for await (const piece of paused) pieces.push(piece as Buffer)
  expect(Buffer.concat(pieces).equals(content)).toBe(true)
})

test('clients that go away in the middle leave a gateway that serves', async () => {
  for (let round = 0; round < 100; round++) {
    const stop = new AbortController()
    const response = await fetch(`${url}/ipfs/${big}`, { signal: stop.signal })
    await response.body?.getReader().read()
    stop.abort()
  }
  expect((await fetch(`${url}/ipfs/${big}`, { headers: { range: 'bytes=0-0' } })).status).toBe(206)
})

test.each([
  ['GET /ipfs/../../../etc/passwd HTTP/1.1', 400],
  ['GET /ipfs/%2e%2e/%2e%2e/etc/passwd HTTP/1.1', 400],
  ['GET //evil.example/ HTTP/1.1', 404],
  [`GET /ipfs/${big}/%00 HTTP/1.1`, 404],
  [`GET /ipfs/${big}\\..\\x HTTP/1.1`, 400],
  [`GET /ipfs/${'b'.repeat(10_000)} HTTP/1.1`, 400],
  [`GET /ipfs/${big}?filename=%0d%0aX-Evil:%201 HTTP/1.1`, 200],
  [`GET /ipfs/${big} HTTP/1.1\r\nRange: bytes=0-99999999999999999999999`, 206],
  [`GET /ipfs/${big} HTTP/1.1\r\nRange: bytes=99999999999999999999999-`, 416],
  [`GET /ipfs/${big} HTTP/1.1\r\nAccept: ${';'.repeat(5000)}`, 200],
  ['PUT /ipfs/x HTTP/1.1\r\nContent-Length: 5', 405],
  [`GET http://127.0.0.1/ipfs/${big} HTTP/1.1\r\nRange: bytes=0-0`, 206],
])('%s is %d', async (lines, status) => {
  const head = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', reject)
    socket.write(`${lines}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
    let text = ''
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      socket.destroy()
      resolve(text.slice(0, text.indexOf('\r\n\r\n')))
    })
  })
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(head).not.toMatch(/^x-evil/im)
})

test('ends with the daemon, and its file is gone', async () => {
  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
  expect(existsSync(join(repo, 'gateway'))).toBe(false)
})
