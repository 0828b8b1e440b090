// What stands unread: that of honest peers which were asked for it, and that of one which floods.
import { createBlock, RAW_CODE } from '@cairn/core'
import { afterEach, expect, test } from 'vitest'
import { openBitswap, openLibp2pNetwork, RateLimiter, Refusals, systemClock } from '../src/index.ts'
import { UNREAD_BYTES_MAX } from '../src/limits.ts'
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
  const gate = Promise.withResolvers<void>()
  node.seen.gate = gate.promise
  const good = await (await dial(honest, node.libp2p)).newStream(PROTOCOL)
  for (let times = 0; times < 3; times++) good.send(frame(new Uint8Array(1000)))
  const connection = await dial(flooder, node.libp2p)
  const [streams, bytes] = [300, 200_000]
  expect(streams * bytes).toBeGreaterThan(UNREAD_BYTES_MAX)
  for (let index = 0; index < streams; index++) {
    const stream = await connection.newStream(PROTOCOL, { maxOutboundStreams: 1000 })
    stream.send(frame(new Uint8Array(bytes)))
  }
  await expect.poll(() => node.network.stat().droppedStreams, { timeout: 20_000 }).toBeGreaterThan(0)
  await expect.poll(() => node.network.stat().bufferedBytes).toBeLessThan(UNREAD_BYTES_MAX)
  gate.resolve()
  await expect.poll(() => node.seen.messages.filter(({ length }) => length === 1000)).toHaveLength(3)
  expect([good.status, connection.status]).toEqual(['open', 'open'])
})
