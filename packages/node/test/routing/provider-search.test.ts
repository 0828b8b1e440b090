import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { createBlock, RAW_CODE } from '@cairn/core'
import { expect, onTestFinished, test } from 'vitest'
import { createRepo, openNode, readRepo, type Node } from '../../src/index.ts'
import { tempFolder } from '../temp-folder.ts'

/** A routing service on loopback; gives its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the service does not listen')
  return `http://127.0.0.1:${address.port}`
}

async function online(routers: readonly string[] = []): Promise<Node> {
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  await (await readRepo(path)).settings.set('Routing.DelegatedRouters', routers)
  const node = await openNode(path, { online: {} })
  onTestFinished(() => node.close())
  return node
}

const block = createBlock(new Uint8Array(1000).fill(7), { codec: RAW_CODE })

async function provider(): Promise<{ readonly node: Node; readonly record: object }> {
  const node = await online()
  await node.store.putMany([block])
  const host = node.swarm?.host
  return {
    node,
    record: { Schema: 'peer', ID: host?.peerId, Addrs: host?.addresses(), Protocols: ['transport-bitswap'] },
  }
}

const json = 'application/json'
const ndjson = 'application/x-ndjson'

test.each([
  ['lines', ndjson, (record: object) => `{"Schema":"other"}\n${JSON.stringify(record)}\n`],
  ['one document', json, (record: object) => JSON.stringify({ Providers: [{ ID: 5 }, record], Extra: 1 })],
])('a block that nobody connected has comes from whom a router names, in %s', async (_, type, bodyOf) => {
  const { record } = await provider()
  const asked: (string | undefined)[] = []
  const url = await serve((request, response) => {
    asked.push(request.url)
    response.setHeader('Content-Type', type).end(bodyOf(record))
  })
  const { bytes } = await (await online([url])).blocks.get(block.cid, { signal: AbortSignal.timeout(15_000) })
  expect(bytes).toEqual(block.bytes)
  expect(asked).toEqual([`/routing/v1/providers/${block.cid}`])
})

test('routers that fail, lie or never end, and peers that cannot be reached, keep nobody from those that do', async () => {
  const { record } = await provider()
  const bad = [
    await serve((_, response) => response.writeHead(500).end()),
    await serve((_, response) => response.writeHead(404).end()),
    await serve((_, response) => response.setHeader('Content-Type', ndjson).end('no JSON\n')),
    await serve((_, response) => void response.setHeader('Content-Type', ndjson).write('{"Schema":"peer"')),
    await serve((_, response) => response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end()),
    await serve((_, response) => {
      const lost = { Schema: 'peer', ID: 'nonsense', Addrs: ['/ip4/127.0.0.1/tcp/9', '…'] }
      response.setHeader('Content-Type', ndjson).end(`${JSON.stringify(lost)}\n`)
    }),
    'http://127.0.0.1:9',
  ]
  const good = await serve((_, response) => response.setHeader('Content-Type', ndjson).end(JSON.stringify(record)))
  const node = await online([...bad, good])
  const { bytes } = await node.blocks.get(block.cid, { signal: AbortSignal.timeout(15_000) })
  expect(bytes).toEqual(block.bytes)
})

test('what a connected peer has is searched nowhere', async () => {
  const { node: other } = await provider()
  let asked = 0
  const url = await serve((_, response) => {
    asked++
    response.end()
  })
  const node = await online([url])
  await node.swarm?.connect(other.swarm?.host.addresses()[0] ?? '')
  await node.blocks.get(block.cid, { signal: AbortSignal.timeout(15_000) })
  expect(asked).toBe(0)
})

/** A trustless gateway on loopback that has the block; gives its URL. */
async function gateway(): Promise<string> {
  return await serve((request, response) => {
    const bytes = { [`/ipfs/${block.cid}`]: block.bytes, '/ipfs/bafkqaaa': new Uint8Array(0) }[
      request.url?.split('?')[0] ?? ''
    ]
    if (bytes === undefined) return void response.writeHead(404).end()
    response.setHeader('Content-Type', 'application/vnd.ipld.raw').end(request.method === 'HEAD' ? undefined : bytes)
  })
}

test('a provider that is only a gateway is asked over HTTP, also beside peers of the same identity', async () => {
  const { port } = new URL(await gateway())
  const ID = '12D3KooWGRUaJVNCWdSVYJBTvMVH6m5mRG1m1ATMuBZkbXCQJdRq'
  const records = [
    { Schema: 'peer', ID, Addrs: ['/ip4/127.0.0.1/tcp/9'], Protocols: ['transport-bitswap'] },
    { Schema: 'peer', ID, Addrs: [`/ip4/127.0.0.1/tcp/${port}/http`], Protocols: ['transport-ipfs-gateway-http'] },
  ]
  const url = await serve((_, response) =>
    response.setHeader('Content-Type', json).end(JSON.stringify({ Providers: records })),
  )
  const [node, lost] = [await online([url, 'http://127.0.0.1:9']), 'http://127.0.0.1:9']
  const events: string[] = []
  node.observe((event) => {
    const { kind } = event
    if (kind === 'searching' || kind === 'named' || kind === 'failed')
      events.push(`${kind} ${'peer' in event ? event.peer : ''}`)
    if (kind === 'failed' && event.peer === undefined) expect(event.why).toContain(lost)
  })
  const { bytes } = await node.blocks.get(block.cid, { signal: AbortSignal.timeout(15_000) })
  expect(bytes).toEqual(block.bytes)
  expect(events[0]).toBe('searching ')
  expect(events).toContain('failed ')
  expect(events).toContain(`named ${ID}`)
  expect(events).toContain(`named http://127.0.0.1:${port}/`)
  await expect.poll(() => events).toContain(`failed ${ID}`)
  expect(node.swarm?.bitswap.stats().peers).toEqual([`http://127.0.0.1:${port}`])
})

test('gateways of the config count while the node runs', async () => {
  const url = await gateway()
  const path = join(await tempFolder(), 'repo')
  await createRepo(path, 'test')
  const node = await openNode(path, { online: {} })
  onTestFinished(() => node.close())
  const { settings } = await readRepo(path)
  await settings.set('Cairn.Gateways', [url])
  const { bytes } = await node.blocks.get(block.cid, { signal: AbortSignal.timeout(15_000) })
  expect(bytes).toEqual(block.bytes)
  await settings.set('Cairn.Gateways', [])
  await expect.poll(() => node.swarm?.bitswap.stats().peers, { timeout: 10_000 }).toEqual([])
})
