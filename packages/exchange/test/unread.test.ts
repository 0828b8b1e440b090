// What stands unread: that of honest peers which were asked for it, and that of one which floods.
import { createBlock, RAW_CODE } from '@cairn/core'
import { afterEach, expect, test } from 'vitest'
import { openBitswap, openLibp2pNetwork, RateLimiter, Refusals, systemClock } from '../src/index.ts'
import { BRAKE_BYTES, STRANGERS_UNREAD_BYTES_MAX, STREAM_WORK, UNREAD_BYTES_MAX } from '../src/libp2p/limits.ts'
import { PEER_WORK_BURST, PEER_WORK_PER_MS, SHARED_WORK_PER_MS } from '../src/limits.ts'
import { closeAll, closeLater, dial, frame, MIB, openLibp2p, openNode, openPlain, PROTOCOL } from './libp2p-node.ts'
import { MapStore } from './map-store.ts'

afterEach(closeAll)

/** Each has up to a window of 4 MiB in its stream, and begun messages beside. */
const PEERS = 20
const BLOCKS = 192

async function openPeer(limiter?: RateLimiter) {
  const [libp2p, store, refusals] = [await openLibp2p(), new MapStore(), new Refusals()]
  const network = await openLibp2pNetwork(libp2p, { refusals })
  closeLater(() => network.close())
  const bitswap = openBitswap({ network, store, clock: systemClock, refusals, limiter })
  closeLater(() => bitswap.close())
  return { libp2p, network, store, bitswap }
}

test('a limit of our own takes no stream from honest peers', { timeout: 60_000 }, async () => {
  const blocks = Array.from({ length: BLOCKS }, (_, index) => {
    const bytes = new Uint8Array(MIB)
    new DataView(bytes.buffer).setUint32(0, index)
    return createBlock(bytes, { codec: RAW_CODE })
  })
  const limiter = new RateLimiter({ clock: systemClock, weekMinute: () => 0, isLocal: () => false })
  const { libp2p, network, bitswap } = await openPeer(limiter)
  for (let index = 0; index < PEERS; index++) {
    const giver = await openPeer()
    giver.store.put(blocks)
    await dial(giver.libp2p, libp2p)
  }
  await expect.poll(() => bitswap.stats().peers, { timeout: 10_000 }).toHaveLength(PEERS)
  const fetching = Promise.all(blocks.map(({ cid }) => bitswap.fetch(cid)))
  // Windows have grown by then.
  await expect.poll(() => bitswap.stats().blocksReceived, { interval: 1, timeout: 20_000 }).toBeGreaterThan(16)
  limiter.setPlan({ down: 1_000_000 })
  await expect.poll(() => network.stat().bufferedBytes, { timeout: 20_000 }).toBeGreaterThan(UNREAD_BYTES_MAX)
  // Several looks at what is unread.
  await new Promise((resolve) => setTimeout(resolve, 500))
  limiter.setPlan({})
  expect(await fetching).toHaveLength(BLOCKS)
  expect(bitswap.stats().refused).toMatchObject({ 'stream-unread': 0, 'stream-cut': 0 })
})

test('who fills more than there is room for loses its streams, and nobody else', { timeout: 60_000 }, async () => {
  const [node, flooder, honest] = [await openNode(), await openPlain(), await openPlain()]
  const good = await (await dial(honest, node.libp2p)).newStream(PROTOCOL)
  const connection = await dial(flooder, node.libp2p)
  const [streams, bytes] = [100, 200_000]
  expect(streams * bytes).toBeGreaterThan(STRANGERS_UNREAD_BYTES_MAX)
  for (let index = 0; index < streams; index++) {
    const stream = await connection.newStream(PROTOCOL, { maxOutboundStreams: 1000 })
    // Whatever comes, none of them is whole. The first are lost before the last are open.
    if (stream.status === 'open') stream.send(frame(new Uint8Array(bytes), 2 * bytes))
  }
  await expect.poll(() => node.network.stat().droppedStreams, { timeout: 20_000 }).toBeGreaterThan(0)
  await expect.poll(() => node.network.stat().bufferedBytes).toBeLessThan(STRANGERS_UNREAD_BYTES_MAX)
  for (let times = 0; times < 3; times++) good.send(frame(new Uint8Array(1000)))
  await expect.poll(() => node.seen.messages.filter(({ length }) => length === 1000)).toHaveLength(3)
  expect([good.status, connection.status]).toEqual(['open', 'open'])
})

test('a stranger whose message is in hand is not read on, and then it is', { timeout: 60_000 }, async () => {
  const [node, eager] = [await openNode(), await openPlain()]
  const gate = Promise.withResolvers<void>()
  node.seen.gate = gate.promise
  const connection = await dial(eager, node.libp2p)
  const [messages, bytes] = [40, 200_000]
  const streams = await Promise.all(Array.from({ length: 8 }, () => connection.newStream(PROTOCOL)))
  const sending = Array.from({ length: messages }, (_, index) => streams[index % streams.length])
  for (const stream of sending) stream?.send(frame(new Uint8Array(bytes)))
  await expect.poll(() => node.seen.messages.length).toBe(1)
  // Long enough for all 8 MB to come.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  // One in hand and one that has begun, what may be unread, and what was on its way through the layers when the brake came.
  expect(node.network.stat().bufferedBytes).toBeLessThan(2 * bytes + BRAKE_BYTES + MIB)
  expect(node.seen.messages).toHaveLength(1)
  gate.resolve()
  await expect.poll(() => node.seen.messages, { timeout: 20_000 }).toHaveLength(messages)
  expect(node.network.stat().droppedStreams).toBe(0)
})

test('a stranger that opens streams and gives them up waits, and others do not', { timeout: 60_000 }, async () => {
  const [node, churner, honest] = [await openNode(), await openPlain(), await openPlain()]
  const good = await (await dial(honest, node.libp2p)).newStream(PROTOCOL)
  const connection = await dial(churner, node.libp2p)
  const start = performance.now()
  let opened = 0
  for (; performance.now() - start < 3000; opened++) {
    const stream = await connection.newStream(PROTOCOL)
    stream.abort(new Error('enough'))
  }
  const seconds = (performance.now() - start) / 1000
  // What it may do at once, and then its own share and that of all, of which nobody else wants any.
  const unitsMax = PEER_WORK_BURST + seconds * 1000 * (PEER_WORK_PER_MS + 2 * SHARED_WORK_PER_MS)
  expect(opened).toBeLessThan(unitsMax / STREAM_WORK + 50)
  good.send(frame(new Uint8Array(1000)))
  await expect.poll(() => node.seen.messages).toHaveLength(1)
  expect(connection.status).toBe('open')
})
