import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CairnError,
  createBlock,
  encodeValue,
  exportCar,
  linksOf,
  parseCid,
  RAW_CODE,
  walk as walkDag,
  writeCar,
} from '@cairn/core'
import type { Block } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { expect, onTestFinished, test } from 'vitest'
import { openBitswap, openGatewayNetwork, systemClock, type Bitswap } from '../../src/index.ts'
import { decodeMessage, encodeMessage } from '../../src/message.ts'
import { MapStore } from '../map-store.ts'
import { serveBlocks, type WebServer } from './web-server.ts'

const CBOR_CODE = 0x71

const leafOf = (size: number): Block => createBlock(randomBytes(size), { codec: RAW_CODE })

/** A node that links to `children`. */
function nodeOf(children: readonly Block[]): Block {
  const links = children.map(({ cid }) => cid)
  return createBlock(encodeValue('dag-cbor', links), { codec: CBOR_CODE })
}

/** A root over `count` leaves, root first. */
function wide(count: number, size = 500): Block[] {
  const leaves = Array.from({ length: count }, () => leafOf(size))
  return [nodeOf(leaves), ...leaves]
}

/** Nodes one below the other. */
function deep(count: number): Block[] {
  const blocks: Block[] = [leafOf(50)]
  for (let index = 1; index < count; index++) blocks.unshift(nodeOf(blocks.slice(0, 1)))
  return blocks
}

/** A gateway that gives CARs of `blocks` too. */
async function serveCars(blocks: readonly Block[], write = writeBody): Promise<WebServer> {
  const server = await serveBlocks(blocks)
  const byCid = new Map(blocks.map((block) => [block.cid.toString(), block]))
  server.behaviour = (request, response) => {
    const [, cid = '', scope] = /^\/ipfs\/(\w+)\?format=car&dag-scope=(entity|all)/.exec(request.url ?? '') ?? []
    if (scope === undefined) return false
    response.writeHead(200, { 'content-type': 'application/vnd.ipld.car; version=1; order=dfs; dups=n' })
    const get = async (wanted: CID): Promise<Block> => {
      const block = byCid.get(wanted.toString())
      if (block === undefined) throw new CairnError('NOT_FOUND', 'no such block')
      return block
    }
    void write(exportCar({ get }, cid, { scope: scope === 'all' ? 'all' : 'entity' }), response)
    return true
  }
  return server
}

async function writeBody(body: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  await pipeline(Readable.from(body), response).catch(() => undefined)
}

async function open(server: WebServer): Promise<Bitswap> {
  const network = openGatewayNetwork({ clock: systemClock })
  const bitswap = openBitswap({ network, store: new MapStore(), clock: systemClock })
  onTestFinished(async () => {
    await bitswap.close()
    await network.close()
  })
  await network.add(server.url)
  return bitswap
}

/** Fetches a DAG as a reader does: what lies below a block once it is here. */
async function walk(bitswap: Bitswap, cid: CID, signal = AbortSignal.timeout(10_000)): Promise<number> {
  const block = await bitswap.fetch(cid, { signal })
  const below = await Promise.all(linksOf(block).map((link) => walk(bitswap, link.cid, signal)))
  return below.reduce((sum, count) => sum + count, 1)
}

const rootOf = ([root]: readonly Block[]): CID => root?.cid ?? parseCid('bafkqaaa')

const carsOf = ({ requests }: WebServer): number => requests.filter((request) => request.includes('format=car')).length

test('many small blocks under one root come in a few requests', async () => {
  const blocks = wide(2000)
  const server = await serveCars(blocks)
  const bitswap = await open(server)
  expect(await walk(bitswap, rootOf(blocks))).toBe(blocks.length)
  expect(carsOf(server)).toBe(1)
  expect(server.requests.length).toBeLessThan(100)
  expect(bitswap.stats()).toMatchObject({ blocksReceived: blocks.length, unaskedBlksReceived: 0 })
})

test('more than is held at a time comes as well, with few links a node', async () => {
  let level = Array.from({ length: 6000 }, () => leafOf(900))
  const blocks = [...level]
  while (level.length > 1) {
    const below = level
    level = Array.from({ length: Math.ceil(below.length / 10) }, (_, index) =>
      nodeOf(below.slice(index * 10, index * 10 + 10)),
    )
    blocks.unshift(...level)
  }
  const server = await serveCars(blocks)
  const bitswap = await open(server)
  let count = 0
  const reader = { get: (cid: CID) => bitswap.fetch(cid, { signal: AbortSignal.timeout(20_000) }) }
  for await (const _ of walkDag(reader, rootOf(blocks))) count++
  expect(count).toBe(blocks.length)
  expect(server.requests.length).toBeLessThan(blocks.length / 4)
})

test('messages of a gateway are taken one after another', async () => {
  const blocks = wide(100)
  const server = await serveCars(blocks)
  const network = openGatewayNetwork({ clock: systemClock })
  onTestFinished(() => network.close())
  let [taking, most] = [0, 0]
  const came = new Set<string>()
  network.attach({
    connected: () => undefined,
    disconnected: () => undefined,
    async message(_, bytes) {
      most = Math.max(most, ++taking)
      await sleep(1)
      for (const block of decodeMessage(bytes).blocks) came.add(Buffer.from(block.bytes).toString('hex'))
      taking--
    },
  })
  const peer = await network.add(server.url)
  const want = { priority: 1, cancel: false, type: 'block', sendDontHave: true } as const
  const [root] = blocks
  await network.send(peer, encodeMessage({ wants: [{ cid: root?.cid ?? rootOf(blocks), ...want }] }))
  await expect.poll(() => came.size).toBe(1)
  await network.send(peer, encodeMessage({ wants: blocks.slice(1).map(({ cid }) => ({ cid, ...want })) }))
  await expect.poll(() => came.size).toBe(blocks.length)
  expect(most).toBe(1)
})

test('a deep chain comes in a few requests', async () => {
  const blocks = deep(500)
  const server = await serveCars(blocks)
  expect(await walk(await open(server), rootOf(blocks))).toBe(blocks.length)
  expect(carsOf(server)).toBe(1)
  expect(server.requests.length).toBeLessThan(12)
})

test('large blocks are asked for one by one, many at a time', async () => {
  const blocks = wide(20, 200_000)
  const server = await serveCars(blocks)
  expect(await walk(await open(server), rootOf(blocks))).toBe(blocks.length)
  expect(carsOf(server)).toBe(0)
})

test.each([400, 404, 406, 501])('a gateway that answers %i to a CAR is not asked for another', async (status) => {
  const blocks = wide(300)
  const server = await serveBlocks(blocks)
  server.behaviour = (request, response) => {
    if (request.url?.includes('format=car') !== true) return false
    response.writeHead(status).end()
    return true
  }
  expect(await walk(await open(server), rootOf(blocks))).toBe(blocks.length)
  expect(carsOf(server)).toBe(1)
})

test('what a CAR lacks that breaks off is asked for by itself', async () => {
  const blocks = wide(300)
  const server = await serveCars(blocks, async (body, response) => {
    for await (const piece of body) {
      response.write(piece.subarray(0, 30_000), () => response.destroy())
      return
    }
  })
  expect(await walk(await open(server), rootOf(blocks))).toBe(blocks.length)
})

test('a gateway whose CAR holds wrong bytes is let go', async () => {
  const blocks = wide(300)
  const root = rootOf(blocks)
  const server = await serveCars(blocks, async (_, response) => {
    const content = async function* (): AsyncGenerator<Block> {
      const [first = leafOf(1)] = blocks.slice(1)
      yield { ...first, bytes: randomBytes(500) }
    }
    await writeBody(writeCar([root], content()), response)
  })
  const bitswap = await open(server)
  const walking = walk(bitswap, root)
  walking.catch(() => undefined)
  await expect.poll(() => bitswap.stats().peers).toEqual([])
})

test('a gateway that fills a CAR with what nobody wants is bounded, and asked for the rest block by block', async () => {
  const blocks = wide(300)
  let sentBytes = 0
  const server = await serveCars(blocks, async (_, response) => {
    const content = async function* (): AsyncGenerator<Block> {
      for (;;) {
        const block = leafOf(100_000)
        sentBytes += block.bytes.length
        yield block
      }
    }
    await writeBody(writeCar([rootOf(blocks)], content()), response)
  })
  expect(await walk(await open(server), rootOf(blocks))).toBe(blocks.length)
  expect(sentBytes).toBeLessThan(32 * 1024 * 1024)
})
