// Downloads whose clients go away leave nothing behind: no reading, no place, no connection, no memory that grows.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MemoryStore } from '@cairn/blockstore'
import { BlockService, importTree, PROFILES, storeBlocks, type BlockReader } from '@cairn/core'
import { parseListenAddress } from '@cairn/http'
import { tarOf } from '@cairn/rpc'
import { expect, test } from 'vitest'
import { Gateway, openGatewayServer } from '../src/index.ts'

const DOWNLOADS = process.env['CAIRN_SLOW'] === '1' ? 10_000 : 600
const AT_ONCE = 50
const BYTES = 12 * 1024 * 1024

/** Bytes that each may leave: what the counters of the test itself take is less. */
const BYTES_EACH_MAX = 2048

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

test(`${DOWNLOADS} downloads that are broken off leave nothing`, { timeout: 600_000 }, async () => {
  const blocks = new BlockService({ store: new MemoryStore() })
  let root = ''
  const source = { kind: 'file' as const, content: () => once(randomBytes(BYTES)) }
  for await (const event of storeBlocks(blocks)(importTree({ name: '', source }, PROFILES['unixfs-v1-2025'])))
    if (event.kind === 'entry') root = String(event.cid)
  let reading = 0
  const reader: BlockReader = {
    async get(cid, options) {
      reading++
      try {
        return await blocks.get(cid, options)
      } finally {
        reading--
      }
    },
  }
  const gateway = new Gateway({ blocks: reader, has: () => Promise.resolve(true), archive: tarOf })
  await using server = await openGatewayServer({ host: '127.0.0.1', port: 0 }, gateway)
  const { port } = parseListenAddress(server.address) as { port: number }
  const targets = [
    `GET /ipfs/${root}`,
    `GET /ipfs/${root}?format=car`,
    `GET /ipfs/${root}?format=tar`,
    `HEAD /ipfs/${root}`,
  ]

  /** Goes away after the headers, in the middle of the body, or at once. */
  const abandon = (number: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      const ranges = number % 5 === 4 ? 'Range: bytes=0-99,2000000-9000000\r\n' : ''
      socket.on('error', () => undefined).once('close', () => resolve())
      socket.write(`${targets[number % targets.length]} HTTP/1.1\r\nHost: 127.0.0.1\r\n${ranges}\r\n`)
      if (number % 3 === 0) setTimeout(() => socket.resetAndDestroy(), number % 7)
      else socket.on('data', () => socket.destroy())
    })
  const abandonMany = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, offset) => abandon(at + offset)))
    await until(() => reading === 0)
  }
  await abandonMany(DOWNLOADS / 4)
  const before = await heldBytes()
  const handles = handlesNow()
  await abandonMany(DOWNLOADS)
  const after = await heldBytes()
  expect(reading).toBe(0)
  expect(handlesNow()).toEqual(handles)
  expect((after - before) / DOWNLOADS).toBeLessThan(BYTES_EACH_MAX)
  const bytes = await (await fetch(`http://127.0.0.1:${port}/ipfs/${root}`)).bytes()
  expect(bytes.length).toBe(BYTES)
  const car = await (await fetch(`http://127.0.0.1:${port}/ipfs/${root}?format=car`)).bytes()
  expect(car.length).toBeGreaterThan(BYTES)
})

/** Memory of the heap and of buffers, once nothing of what ended is under way. */
async function heldBytes(): Promise<number> {
  await sleep(500)
  collect()
  await sleep(100)
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Connections and timers that there are. */
function handlesNow(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout')
}

async function until(isSo: () => boolean): Promise<void> {
  for (let look = 0; look < 100 && !isSo(); look++) await sleep(50)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
