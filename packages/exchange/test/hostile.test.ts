// Peers that break the protocol: each is bounded, and most are reset, while honest peers go on.
import { createBlock, RAW_CODE } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, test } from 'vitest'
import { REPEATED_BLOCKS_MAX, WRONG_BLOCKS_MAX } from '../src/client/limits.ts'
import { decodeMessage, encodeMessage } from '../src/message.ts'
import { openWorld, randomBlocks, want } from './peer.ts'

/** The message with the first byte of each block changed. */
function lie(message: Uint8Array): Uint8Array[] {
  const { wants, presences, blocks } = decodeMessage(message)
  const wrong = blocks.map(({ bytes }) =>
    createBlock(
      bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte)),
      { codec: RAW_CODE },
    ),
  )
  return [encodeMessage({ wants, presences, blocks: wrong })]
}

describe('a peer that sends', () => {
  test('wrong bytes is reset, and the blocks come from another', async () => {
    const { clock, network, peer } = openWorld()
    const [a, liar, honest] = [peer('a'), peer('liar'), peer('honest')]
    const blocks = randomBlocks(50, 10_000)
    liar.put(blocks)
    honest.put(blocks)
    liar.node.tamper = lie
    network.connect('a', 'liar')
    const fetching = Promise.all(blocks.map(({ cid }) => a.bitswap.fetch(cid)))
    await clock.pass(50)
    network.connect('a', 'honest')
    const got = await clock.settle(fetching)
    expect(
      got.every((block, index) => Buffer.compare(block.bytes, blocks[index]?.bytes ?? new Uint8Array()) === 0),
    ).toBe(true)
    expect(a.node.resets.map(([id]) => id)).toEqual(['liar'])
    expect(a.bitswap.stats().unaskedBlksReceived).toBe(WRONG_BLOCKS_MAX)
  })

  test('blocks that nobody asked for is reset', async () => {
    const { clock, network, peer, actor } = openWorld()
    const [a, b] = [peer('a'), actor('b')]
    network.connect('a', 'b')
    await b.send('a', { blocks: randomBlocks(WRONG_BLOCKS_MAX - 1, 10) })
    await clock.pass(10)
    expect(a.node.resets).toEqual([])
    await b.send('a', { blocks: randomBlocks(1, 10) })
    await clock.pass(10)
    expect(a.node.resets.map(([id]) => id)).toEqual(['b'])
  })

  test('a wanted block again and again is reset', async () => {
    const { clock, network, peer, actor } = openWorld()
    const [a, b] = [peer('a'), actor('b')]
    const blocks = randomBlocks(1, 10)
    network.connect('a', 'b')
    const fetching = a.bitswap.fetch(blocks[0]?.cid ?? CID.parse('bafkqaaa'))
    await clock.pass(10)
    for (let times = 0; times < REPEATED_BLOCKS_MAX + 2; times++) await b.send('a', { blocks })
    await clock.settle(fetching)
    await clock.pass(1000)
    expect(a.node.resets).toEqual([])
    expect(a.bitswap.stats()).toMatchObject({
      dupBlksReceived: 1,
      unaskedBlksReceived: REPEATED_BLOCKS_MAX,
      refused: { 'block-repeated': REPEATED_BLOCKS_MAX, 'block-unasked': 0 },
    })
    await b.send('a', { blocks })
    await clock.pass(10)
    expect(a.node.resets.map(([id]) => id)).toEqual(['b'])
  })

  test.each([
    ['bytes that are no message', 'message-malformed', Uint8Array.of(0xff)],
    ['a want without CID', 'cid-malformed', Uint8Array.of(0x0a, 2, 0x0a, 0)],
    [
      'more parts than a message may have',
      'message-too-many-parts',
      new Uint8Array(2 * 20_000).fill(0x12).map((byte, index) => (index % 2 === 0 ? byte : 0)),
    ],
  ])('%s has it counted, and loses what it came on', async (_, reason, bytes) => {
    const { clock, network, peer, actor } = openWorld()
    const [a, b] = [peer('a'), actor('b')]
    network.connect('a', 'b')
    await b.node.send('a', bytes)
    await b.node.send('a', bytes)
    await clock.pass(10)
    expect(a.node.resets).toEqual([])
    expect(a.bitswap.stats()).toMatchObject({ peers: ['b'], messagesReceived: 2, refused: { [reason]: 2 } })
  })

  test('HAVE and never the block loses the want to another', async () => {
    const { clock, network, peer, actor } = openWorld()
    const [a, b, c] = [peer('a'), actor('b'), peer('c')]
    const blocks = randomBlocks(3, 5000)
    network.connect('a', 'b')
    network.connect('a', 'c')
    const fetching = Promise.all(blocks.map(({ cid }) => a.bitswap.fetch(cid)))
    for (let second = 0; second < 20; second++) {
      await b.send('a', { presences: blocks.map(({ cid }) => ({ cid, has: true })) })
      await clock.pass(500)
    }
    c.put(blocks)
    await clock.settle(fetching)
    expect(clock.now()).toBeLessThan(45_000)
    expect(a.bitswap.stats().refused['peer-silent']).toBeGreaterThan(0)
  })

  test('presences, cancels, empty messages and pending bytes that mean nothing does no harm', async () => {
    const { clock, network, peer, actor } = openWorld()
    const [a, b] = [peer('a'), actor('b')]
    const blocks = randomBlocks(200, 100)
    network.connect('a', 'b')
    for (const has of [true, false])
      await b.send('a', { presences: blocks.map(({ cid }) => ({ cid, has })), pendingBytes: 7 })
    await b.send('a', { wants: blocks.map(({ cid }) => want(cid, { cancel: true })) })
    for (let times = 0; times < 1000; times++) await b.node.send('a', new Uint8Array(0))
    await clock.pass(1000)
    expect(a.node.resets).toEqual([])
    expect(a.bitswap.stats().messagesReceived).toBe(1003)
  })
})

test.each(['wants', 'presences'] as const)('%s that are passed over are work like others', async (kind) => {
  const { clock, network, peer, actor } = openWorld()
  const [a, b] = [peer('a'), actor('b')]
  network.connect('a', 'b')
  const cids = Array.from({ length: 16_000 }, () => CID.createV1(RAW_CODE, createDigest(0, new Uint8Array(5))))
  const wants = cids.map((cid) => want(cid))
  const message = kind === 'wants' ? { wants } : { presences: cids.map((cid) => ({ cid, has: true })) }
  const sending = Promise.all(Array.from({ length: 3 }, () => b.send('a', message)))
  await clock.pass(50)
  expect(a.bitswap.stats().messagesReceived).toBe(1)
  await clock.settle(sending)
  await clock.pass(1000)
  expect(a.bitswap.stats()).toMatchObject({ messagesReceived: 3, refused: { 'cid-identity': 48_000 } })
  expect(a.node.resets).toEqual([])
})

/** Bytes of a message of 16,000 wants, and how to turn it into the next of that size without encoding it again. */
function floodOf(wants: number): { bytes: Uint8Array; renew: (round: number) => void } {
  const digests = Array.from({ length: wants }, () => new Uint8Array(32).fill(0xab))
  const entries = digests.map((digest) => want(CID.createV1(RAW_CODE, createDigest(0x12, digest))))
  const bytes = encodeMessage({ wants: entries })
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const [first, stride] = [bytes.indexOf(0xab), (bytes.length - 4) / wants]
  return {
    bytes,
    renew(round) {
      for (let index = 0; index < wants; index++) view.setUint32(first + index * stride, round * wants + index)
    },
  }
}

test('a million wants stay bounded, and another peer is served', async () => {
  const { clock, network, peer } = openWorld()
  const [a, flood, b] = [peer('a'), network.node('flood'), peer('b')]
  flood.attach({ connected() {}, disconnected() {}, async message() {} })
  const blocks = randomBlocks(10, 5000)
  a.put(blocks)
  network.connect('a', 'flood')
  network.connect('a', 'b')
  const fetching = Promise.all(blocks.map(({ cid }) => b.bitswap.fetch(cid)))
  const before = process.memoryUsage().heapUsed
  const { bytes, renew } = floodOf(16_000)
  expect((bytes.length - 4) % 16_000).toBe(0)
  for (let round = 0; round * 16_000 < 1_000_000; round++) {
    renew(round)
    await clock.settle(flood.send('a', bytes.slice()))
    await clock.pass(50)
  }
  expect(a.node.resets).toEqual([])
  expect((await clock.settle(fetching)).map(({ bytes: { length } }) => length)).toEqual(blocks.map(() => 5000))
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(300 * 1024 * 1024)
})
