// A command fetches from a trustless gateway as from a peer: a web server that serves raw blocks, and a lying one beside it.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { importTree, PROFILES } from '@cairn/core'
import { afterAll, expect, test } from 'vitest'
import { openPlace } from './cairn.ts'

const place = await openPlace()
afterAll(() => place[Symbol.asyncDispose]())

const content = randomBytes(9_000_000)
const blocks = new Map<string, Uint8Array>([['bafkqaaa', new Uint8Array(0)]])
let root = ''
const source = { kind: 'file', content: () => pieces(content) } as const
for await (const event of importTree({ name: '', source }, PROFILES['unixfs-v1-2025'])) {
  if (event.kind === 'block') blocks.set(event.block.cid.toString(), event.block.bytes)
  if (event.kind === 'entry') root = event.cid.toString()
}

test('get from a gateway, beside one that lies', { timeout: 30_000 }, async () => {
  const honest = await serve((request, response) => answer(response, blocks.get(cidIn(request.url))))
  const liar = await serve((request, response) =>
    answer(response, cidIn(request.url) === 'bafkqaaa' ? new Uint8Array(0) : randomBytes(1000)),
  )
  const out = place.path('out')
  const peers = ['--peer', honest.url, '--peer', liar.url]
  await place.output(['--repo', await place.repo('gateway'), 'get', '--json', '-o', out, ...peers, root])
  expect((await readFile(out)).equals(content)).toBe(true)
})

test('a gateway that is none ends the command', async () => {
  const none = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('hello'))
  const repo = await place.repo('none')
  expect(await place.start(['--repo', repo, 'cat', '--peer', none.url, root]).ended).toMatchObject({ code: 1 })
})

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const cidIn = (url = ''): string => /^\/ipfs\/([^/?]+)\?format=raw$/.exec(url)?.[1] ?? ''

function answer(response: Parameters<RequestListener>[1], bytes: Uint8Array | undefined): void {
  if (bytes === undefined) response.writeHead(404).end()
  else response.writeHead(200, { 'content-type': 'application/vnd.ipld.raw' }).end(bytes)
}

async function serve(listener: RequestListener): Promise<{ readonly url: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
