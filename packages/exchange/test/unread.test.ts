// Many honest peers that are faster than our own limit: what they were asked for stands unread, and is no flood.
import { createBlock, RAW_CODE } from '@cairn/core'
import { afterEach, expect, test } from 'vitest'
import { openBitswap, openLibp2pNetwork, RateLimiter, Refusals, systemClock } from '../src/index.ts'
import { UNREAD_BYTES_MAX } from '../src/limits.ts'
import { closeAll, closeLater, dial, MIB, openLibp2p } from './libp2p-node.ts'
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
