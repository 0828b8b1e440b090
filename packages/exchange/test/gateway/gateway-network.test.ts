import { randomBytes } from 'node:crypto'
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { GATEWAYS_FOUND_MAX } from '../../src/gateway/limits.ts'
import { openBitswap, openGatewayNetwork, systemClock, type Bitswap, type GatewayNetwork } from '../../src/index.ts'
import { MapStore } from '../map-store.ts'
import { serveBlocks } from './web-server.ts'

const makeBlock = (size = 1000): Block => createBlock(randomBytes(size), { codec: RAW_CODE })

function open(): { network: GatewayNetwork; bitswap: Bitswap } {
  const network = openGatewayNetwork({ clock: systemClock })
  const bitswap = openBitswap({ network, store: new MapStore(), clock: systemClock })
  onTestFinished(async () => {
    await bitswap.close()
    await network.close()
  })
  return { network, bitswap }
}

const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) })

describe('a gateway as a peer', () => {
  test('gives blocks, many at a time, each asked for once', async () => {
    const blocks = Array.from({ length: 200 }, (_, index) => makeBlock(1 + index * 100))
    const server = await serveBlocks(blocks)
    const { network, bitswap } = open()
    expect(await network.add(`${server.url}/`)).toBe(server.url)
    const fetched = await Promise.all(blocks.map(({ cid }) => bitswap.fetch(cid, within(10_000))))
    expect(fetched.map(({ bytes }) => Buffer.from(bytes))).toEqual(blocks.map(({ bytes }) => Buffer.from(bytes)))
    const gets = server.requests.filter((request) => request.startsWith('GET') && !request.includes('bafkqaaa'))
    expect(gets).toHaveLength(blocks.length)
    expect(bitswap.stats()).toMatchObject({ blocksReceived: 200, dupBlksReceived: 0, peers: [server.url] })
  })

  test('shares the work with another, and lends it what it lacks', async () => {
    const [mine, theirs] = [makeBlock(), makeBlock()]
    const [first, second] = [await serveBlocks([mine]), await serveBlocks([theirs])]
    const { network, bitswap } = open()
    await network.add(first.url)
    await network.add(second.url)
    const got = await Promise.all([mine, theirs].map(({ cid }) => bitswap.fetch(cid, within(10_000))))
    expect(got.map(({ cid }) => cid)).toEqual([mine.cid, theirs.cid])
  })

  test('that lacks a block says so', async () => {
    const server = await serveBlocks([])
    const { network, bitswap } = open()
    await network.add(server.url)
    const { cid } = makeBlock()
    const waiting = bitswap.fetch(cid, within(500))
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(server.requests.some((request) => request.includes(cid.toString()))).toBe(true)
  })

  test('that sends wrong bytes is let go, and nothing of it is taken', async () => {
    const blocks = Array.from({ length: 40 }, () => makeBlock())
    const liar = await serveBlocks(blocks)
    liar.behaviour = (request, response) => {
      if (request.url?.includes('bafkqaaa') === true) return false
      response.writeHead(200, { 'content-type': 'application/vnd.ipld.raw' }).end(randomBytes(1000))
      return true
    }
    const honest = await serveBlocks(blocks)
    const { network, bitswap } = open()
    await network.add(liar.url)
    await network.add(honest.url)
    const fetched = await Promise.all(blocks.map(({ cid }) => bitswap.fetch(cid, within(20_000))))
    expect(fetched.map(({ bytes }) => Buffer.from(bytes))).toEqual(blocks.map(({ bytes }) => Buffer.from(bytes)))
  })

  test.each([
    ['a status of the server', 503, {}],
    ['too many requests', 429, { 'retry-after': '1' }],
  ])('that fails with %s is left alone for a while, and comes back', async (_, status, headers) => {
    const block = makeBlock()
    const server = await serveBlocks([block])
    const { network, bitswap } = open()
    await network.add(server.url)
    server.behaviour = (_request, response) => {
      response.writeHead(status, headers).end()
      return true
    }
    const fetching = bitswap.fetch(block.cid, within(10_000))
    await expect.poll(() => bitswap.stats().peers).toEqual([])
    const asked = server.requests.length
    server.behaviour = () => false
    expect((await fetching).cid).toEqual(block.cid)
    // One question to see whether it is there again, one for the block.
    expect(server.requests.length - asked).toBeLessThanOrEqual(4)
  })

  test.each([
    ['sends another type', { 'content-type': 'text/html' }, 10],
    ['sends more than a block may have', { 'content-type': 'application/vnd.ipld.raw' }, 3_000_000],
  ])('that %s is none', async (_, headers, size) => {
    const server = await serveBlocks([])
    server.behaviour = (_request, response) => {
      response.writeHead(200, headers).end(Buffer.alloc(size))
      return true
    }
    const { network } = open()
    await expect(network.add(server.url)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('is not followed elsewhere', async () => {
    const target = await serveBlocks([])
    const server = await serveBlocks([])
    server.behaviour = (request, response) => {
      response.writeHead(302, { location: `${target.url}${request.url}` }).end()
      return true
    }
    const { network } = open()
    await expect(network.add(server.url)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(target.requests).toEqual([])
  })

  test('ends a request when nobody wants its block any more, and all when it is closed', async () => {
    const [block, other] = [makeBlock(), makeBlock()]
    const server = await serveBlocks([block, other])
    const closed: string[] = []
    server.behaviour = (request, response) => {
      if (request.url?.includes('bafkqaaa') === true) return false
      response.on('close', () => closed.push(request.url ?? ''))
      return true
    }
    const { network, bitswap } = open()
    await network.add(server.url)
    await expect(bitswap.fetch(block.cid, within(300))).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect.poll(() => closed.length).toBeGreaterThan(0)
    const before = closed.length
    const waiting = bitswap.fetch(other.cid)
    await expect.poll(() => server.requests.some((request) => request.includes(other.cid.toString()))).toBe(true)
    await bitswap.close()
    await network.close()
    await expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect.poll(() => closed.length).toBeGreaterThan(before)
  })
})

test.each(['', 'gateway', 'ftp://x', 'http://', 'https://a/?x=1', 'https://a/#x', 'https://user@a/', '/ip4/127.0.0.1'])(
  '%j is no URL of a gateway',
  async (url) => {
    const { network } = open()
    await expect(network.add(url)).rejects.toMatchObject({ code: 'INVALID' })
  },
)

describe('gateways that the config keeps', () => {
  test('are peers until it names them no more; one that somebody added stays', async () => {
    const [kept, added] = [await serveBlocks([]), await serveBlocks([])]
    const { network, bitswap } = open()
    await network.add(added.url)
    network.setKept([kept.url, added.url])
    await expect.poll(() => bitswap.stats().peers).toEqual([added.url, kept.url])
    expect(() => network.setKept(['nonsense'])).toThrow()
    network.setKept([])
    expect(bitswap.stats().peers).toEqual([added.url])
  })

  test('are asked again while they cannot be reached, and not once they are let go', async () => {
    const block = makeBlock()
    const server = await serveBlocks([block])
    let isAway = true
    server.behaviour = (_, response) => isAway && response.writeHead(503).end() !== undefined
    const { network, bitswap } = open()
    network.setKept([server.url])
    await expect.poll(() => server.requests.length).toBeGreaterThan(0)
    isAway = false
    expect(await bitswap.fetch(block.cid, within(10_000))).toMatchObject({ cid: block.cid })
    network.setKept([])
    expect(bitswap.stats().peers).toEqual([])
  })
})

describe('a gateway that was found', () => {
  test('is let go when it fails, and may be found again', async () => {
    const block = makeBlock()
    const server = await serveBlocks([block])
    const { network, bitswap } = open()
    await network.find(server.url)
    server.behaviour = (_, response) => response.writeHead(503).end() !== undefined
    const fetching = bitswap.fetch(block.cid, within(10_000))
    await expect.poll(() => bitswap.stats().peers).toEqual([])
    const asked = server.requests.length
    await new Promise((resolve) => void setTimeout(resolve, 1500))
    expect(server.requests).toHaveLength(asked)
    server.behaviour = () => false
    await network.find(server.url)
    expect((await fetching).cid).toEqual(block.cid)
  })

  test('gives way to later ones when there are too many, unless it is kept or was added', async () => {
    const servers = await Promise.all(Array.from({ length: GATEWAYS_FOUND_MAX + 3 }, () => serveBlocks([])))
    const urls = servers.map(({ url }) => url)
    const [added = '', kept = '', first = ''] = urls
    const { network, bitswap } = open()
    for (const url of urls.slice(0, 3)) await network.find(url)
    await network.add(added)
    network.setKept([kept])
    for (const url of urls.slice(3)) await network.find(url)
    const { peers } = bitswap.stats()
    expect(peers).toHaveLength(GATEWAYS_FOUND_MAX + 2)
    expect(peers).toEqual(expect.arrayContaining([added, kept]))
    expect(peers).not.toContain(first)
  })
})
