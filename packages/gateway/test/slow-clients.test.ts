// Clients that pause, over real sockets: they get the right bytes, hold little, and keep nobody else from being served.
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseListenAddress } from '@cairn/http'
import { expect, test } from 'vitest'
import { openGatewayServer } from '../src/index.ts'
import { HELD_READERS_MAX, READERS_MAX } from '../src/limits.ts'
import { openGateway } from './open-gateway.ts'

/** More than the system takes for a connection that nobody reads. */
const BYTES = 24 * 1024 * 1024
const content = randomBytes(BYTES)

async function openServed() {
  const { gateway, add } = openGateway()
  const server = await openGatewayServer({ host: '127.0.0.1', port: 0 }, gateway)
  const { port } = parseListenAddress(server.address) as { port: number }
  const path = `/ipfs/${await add(content)}`
  return {
    path,
    ask: (target: string, headers = '') => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${headers}\r\n`)
      return socket
    },
    fetch: (target: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${target}`, init),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** All that comes, with a pause after its beginning in which what was read ahead is dropped. */
async function readWithPause(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of socket) {
    if (pieces.push(piece as Buffer) === 1) await sleep(1500)
  }
  return Buffer.concat(pieces)
}

function bodyOf(answer: Buffer): Buffer {
  return answer.subarray(answer.indexOf('\r\n\r\n') + 4)
}

test('whoever pauses gets all of a file, and of a part of it', async () => {
  await using served = await openServed()
  const [whole, part] = await Promise.all([
    readWithPause(served.ask(served.path)),
    readWithPause(served.ask(served.path, `Range: bytes=1234567-\r\n`)),
  ])
  expect(bodyOf(whole).equals(content)).toBe(true)
  expect(bodyOf(part).equals(content.subarray(1234567))).toBe(true)
})

test('whoever pauses gets several parts of a file as others do', async () => {
  await using served = await openServed()
  const ranges = 'bytes=5-4000000,4000100-4000200,4500000-23999999'
  const answer = await readWithPause(served.ask(served.path, `Range: ${ranges}\r\n`))
  const body = bodyOf(answer)
  const [, boundary = ''] = /boundary=(\S+)/.exec(answer.subarray(0, 4096).toString('latin1')) ?? []
  const bodies = [content.subarray(5, 4000001), content.subarray(4000100, 4000201), content.subarray(4500000, 24000000)]
  let at = 0
  for (const expected of bodies) {
    expect(body.toString('latin1', at, at + 4 + boundary.length)).toBe(`\r\n--${boundary}`)
    at = body.indexOf('\r\n\r\n', at) + 4
    expect(body.subarray(at, at + expected.length).equals(expected)).toBe(true)
    at += expected.length
  }
  expect(body.toString('latin1', at)).toBe(`\r\n--${boundary}--\r\n`)
})

test('those who take nothing of a file keep nobody from reading it', async () => {
  await using served = await openServed()
  const stalled = Array.from({ length: READERS_MAX * 4 }, () => served.ask(served.path).pause())
  await sleep(200)
  const bytes = await (await served.fetch(served.path)).bytes()
  expect(content.equals(bytes)).toBe(true)
  for (const socket of stalled) socket.destroy()
})

test(
  'CARs that nobody takes are cut off where others wait, and never as if they were whole',
  { timeout: 30_000 },
  async () => {
    await using served = await openServed()
    const target = `${served.path}?format=car`
    const stalled = Array.from({ length: HELD_READERS_MAX }, () => served.ask(target).pause())
    await sleep(500)
    const answer = await served.fetch(target)
    const car = await answer.bytes()
    expect(car.length).toBeGreaterThan(BYTES)
    const [first] = stalled
    const ends: string[] = []
    for (const socket of stalled) {
      const pieces: Buffer[] = []
      socket.on('data', (piece: Buffer) => pieces.push(piece))
      await new Promise<void>((resolve) => socket.once('close', () => resolve()).resume())
      ends.push(Buffer.concat(pieces).toString('latin1').slice(-5))
    }
    expect(first).toBeDefined()
    expect(ends.filter((end) => end !== '0\r\n\r\n').length).toBeGreaterThan(0)
  },
)
