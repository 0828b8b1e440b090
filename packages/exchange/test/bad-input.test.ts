// What strangers send over real sockets that breaks the protocol: each is dropped for the reason that is counted, nothing of it is
// stored or served, and the honest peer beside them loses nothing.
import { BLOCK_BYTES_MAX, createBlock, ProtobufWriter, RAW_CODE, type Block } from '@cairn/core'
import type { Libp2p } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  openBitswap,
  openLibp2pNetwork,
  Refusals,
  systemClock,
  type Bitswap,
  type RefusalReason,
} from '../src/index.ts'
import { BREACHES_MAX } from '../src/guard/limits.ts'
import { CID_BYTES_MAX, MESSAGE_BYTES_MAX, MESSAGE_PARTS_MAX } from '../src/limits.ts'
import { encodeMessage } from '../src/message.ts'
import { closeAll, closeLater, dial, frame, openLibp2p, openPlain, PROTOCOL, sendOnce } from './libp2p-node.ts'
import { MapStore } from './map-store.ts'
import { randomBlocks, want } from './peer.ts'

interface Peer {
  readonly libp2p: Libp2p
  readonly bitswap: Bitswap
  readonly store: MapStore
}

const HELLO = createBlock(Buffer.from('hello'), { codec: RAW_CODE })
const SHA2 = 0x12

const nodes: Peer[] = []
let fetched = 0

beforeAll(async () => {
  nodes.push(await openPeer(), await openPeer())
  await dial(honest().libp2p, target().libp2p)
})
afterAll(closeAll)

const target = (): Peer => nodes[0] as Peer
const honest = (): Peer => nodes[1] as Peer

async function openPeer(): Promise<Peer> {
  const [libp2p, store, refusals] = [await openLibp2p(), new MapStore(), new Refusals()]
  const network = await openLibp2pNetwork(libp2p, { refusals })
  closeLater(() => network.close())
  const bitswap = openBitswap({ network, store, clock: systemClock, refusals })
  closeLater(() => bitswap.close())
  return { libp2p, bitswap, store }
}

/** Both ways, a block that was never there before. */
async function exchangeHonestly(): Promise<void> {
  const ways = [
    [honest(), target()],
    [target(), honest()],
  ] as const
  for (const [giver, taker] of ways) {
    const [block] = randomBlocks(1, 5000, 1000 + fetched++) as [Block]
    giver.store.put([block])
    giver.bitswap.announce([block.cid])
    expect((await taker.bitswap.fetch(block.cid)).bytes).toEqual(block.bytes)
    await giver.store.deleteMany([block.cid])
  }
}

/** What was counted since `before`, without zeros. */
function countedSince(before: Readonly<Record<string, number>>): Record<string, number> {
  const rows = Object.entries(target().bitswap.stats().refused)
  return Object.fromEntries(
    rows.map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const).filter(([, count]) => count > 0),
  )
}

const field = (number: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  new ProtobufWriter().bytes(number, Buffer.concat(parts)).finish()
const bytesOf = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes)
const wantOf = (cid: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array =>
  field(1, field(1, field(1, cid), ...more))
const presenceOf = (cid: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array => field(4, field(1, cid), ...more)
const blockOf = (prefix: readonly number[], bytes: Uint8Array): Uint8Array =>
  field(3, field(1, bytesOf(...prefix)), field(2, bytes))
const cidOf = (hash: number, digestBytes: number): Uint8Array =>
  CID.createV1(RAW_CODE, createDigest(hash, new Uint8Array(digestBytes))).bytes
/** A CID whose version takes two bytes where one would do. */
const padded = Buffer.concat([bytesOf(0x81, 0x00), HELLO.cid.bytes.subarray(1)])
const RAW_PREFIX = [1, RAW_CODE, SHA2, 32]

type BadInput = readonly [name: string, reason: RefusalReason, bytes: Uint8Array]

const BROKEN_STREAMS: readonly BadInput[] = [
  ['a length above 4 MiB', 'length-too-large', frame(new Uint8Array(10), MESSAGE_BYTES_MAX + 1)],
  ['a length that never ends', 'length-malformed', new Uint8Array(100).fill(0xff)],
  ['a stream that ends within its message', 'stream-cut', frame(encodeMessage({ blocks: [HELLO] }), 1000)],
  ['a stream that ends within a length', 'stream-cut', bytesOf(0x80)],
]

const BROKEN_MESSAGES: readonly BadInput[] = [
  ['bytes that are no fields', 'message-malformed', bytesOf(0xff, 0xff)],
  ['an integer of eleven bytes', 'message-malformed', bytesOf(0x28, ...Array<number>(10).fill(0x80), 1)],
  ['a field longer than its message', 'message-malformed', encodeMessage({ blocks: [HELLO] }).subarray(0, -1)],
  ['a field of a group', 'message-malformed', bytesOf(0x0b)],
  ['a want list that is a number', 'message-malformed', bytesOf(0x08, 1)],
  [
    'too many presences',
    'message-too-many-parts',
    new Uint8Array(2 * MESSAGE_PARTS_MAX + 2).fill(0x12).map((byte, index) => (index % 2 === 0 ? byte : 0)),
  ],
  ['a block without prefix', 'prefix-malformed', field(3, field(2, HELLO.bytes))],
  ['a prefix of three numbers', 'prefix-malformed', blockOf(RAW_PREFIX.slice(0, 3), HELLO.bytes)],
  ['a prefix of five numbers', 'prefix-malformed', blockOf([...RAW_PREFIX, 0], HELLO.bytes)],
  ['a prefix of version 2', 'prefix-malformed', blockOf([2, ...RAW_PREFIX.slice(1)], HELLO.bytes)],
  [
    'a prefix with a huge number',
    'message-malformed',
    blockOf([1, ...Array<number>(9).fill(0xff), 1, SHA2, 32], HELLO.bytes),
  ],
  ['a want without CID', 'cid-malformed', field(1, field(1))],
  ['a want of no CID', 'cid-malformed', wantOf(bytesOf(9, 9, 9))],
  ['a want of a CID cut short', 'cid-malformed', wantOf(HELLO.cid.bytes.subarray(0, 20))],
  ['a want of a CID with a padded varint', 'cid-malformed', wantOf(padded)],
  ['a presence of a CID with a padded varint', 'cid-malformed', presenceOf(padded)],
]

const PASSED_OVER: readonly BadInput[] = [
  ['a want of an identity CID', 'cid-identity', wantOf(cidOf(0, 5))],
  ['a presence of an identity CID', 'cid-identity', presenceOf(cidOf(0, 5))],
  ['a want of a CID that is too long', 'cid-too-long', wantOf(new Uint8Array(CID_BYTES_MAX + 1))],
  ['a want of md5', 'cid-hash-refused', wantOf(cidOf(0xd5, 16))],
  ['a want of a short digest', 'cid-hash-refused', wantOf(cidOf(SHA2, 10))],
  ['a presence of md5', 'cid-hash-refused', presenceOf(cidOf(0xd5, 16))],
  ['a want of an unknown type', 'type-unknown', wantOf(HELLO.cid.bytes, bytesOf(0x20, 7))],
  ['a presence of an unknown type', 'type-unknown', presenceOf(HELLO.cid.bytes, bytesOf(0x10, 7))],
  ['a block above 2 MiB', 'block-too-large', blockOf(RAW_PREFIX, new Uint8Array(BLOCK_BYTES_MAX + 1))],
  ['a block of an unknown hash', 'block-hash-refused', blockOf([1, RAW_CODE, 0x7f, 32], HELLO.bytes)],
  ['a block of identity', 'block-hash-refused', blockOf([1, RAW_CODE, 0, 5], HELLO.bytes)],
  ['a block of a short digest', 'block-hash-refused', blockOf([1, RAW_CODE, SHA2, 4], HELLO.bytes)],
  ['a block that nobody wants', 'block-unasked', blockOf(RAW_PREFIX, HELLO.bytes)],
]

const HARMLESS: readonly (readonly [string, Uint8Array])[] = [
  ['a negative priority', encodeMessage({ wants: [want(HELLO.cid, { priority: -(2 ** 31) })] })],
  ['negative pending bytes', new ProtobufWriter().varint(5, -1).finish()],
  [
    'unknown fields',
    Buffer.concat([field(15, bytesOf(1, 2)), bytesOf(0x78, 1), wantOf(HELLO.cid.bytes, bytesOf(0x78, 1))]),
  ],
  ['presences that nobody asked for', encodeMessage({ presences: [{ cid: HELLO.cid, has: true }] })],
  ['an empty message', new Uint8Array(0)],
]

describe('a stranger that sends', () => {
  async function meet() {
    const before = target().bitswap.stats().refused
    const stranger = await openPlain()
    return { before, stranger, connection: await dial(stranger, target().libp2p) }
  }

  test.each(BROKEN_STREAMS)('%s: loses the stream', async (_, reason, bytes) => {
    const { before, connection } = await meet()
    const stream = await connection.newStream(PROTOCOL)
    stream.send(bytes)
    await stream.close().catch(() => undefined)
    await expect.poll(() => countedSince(before)).toEqual({ [reason]: 1 })
    await exchangeHonestly()
    expect([connection.status, target().store.received]).toEqual(['open', 0])
  })

  test.each(BROKEN_MESSAGES)('%s: loses the stream, and nothing after it counts', async (_, reason, bytes) => {
    const { before, connection } = await meet()
    const stream = await connection.newStream(PROTOCOL)
    stream.send(frame(bytes))
    await expect.poll(() => countedSince(before)).toEqual({ [reason]: 1 })
    await expect.poll(() => stream.status).toBe('reset')
    await exchangeHonestly()
    expect([connection.status, target().store.received]).toEqual(['open', 0])
  })

  test.each(PASSED_OVER)('%s: has it passed over', async (_, reason, bytes) => {
    const { before, connection } = await meet()
    const stream = await connection.newStream(PROTOCOL)
    stream.send(frame(bytes))
    await expect.poll(() => countedSince(before)).toEqual({ [reason]: 1 })
    await exchangeHonestly()
    expect([stream.status, connection.status, target().store.received]).toEqual(['open', 'open', 0])
  })

  test.each(HARMLESS)('%s: does no harm', async (_, bytes) => {
    const { before, connection } = await meet()
    const { messagesReceived } = target().bitswap.stats()
    await sendOnce(await connection.newStream(PROTOCOL), bytes)
    await expect.poll(() => target().bitswap.stats().messagesReceived).toBe(messagesReceived + 1)
    await exchangeHonestly()
    expect([countedSince(before), connection.status]).toEqual([{}, 'open'])
  })

  test('a full list in each message: is remembered by the last alone', async () => {
    const { before, stranger, connection } = await meet()
    const [first, second] = [randomBlocks(1000, 50, 1), randomBlocks(1000, 50, 2)]
    const stream = await connection.newStream(PROTOCOL)
    for (const blocks of [first, second, first, second])
      stream.send(frame(encodeMessage({ wants: blocks.map(({ cid }) => want(cid)), full: true })))
    const wanted = () => target().bitswap.wantsOf(stranger.peerId.toString()).map(String)
    await expect.poll(wanted, { timeout: 10_000 }).toEqual(second.map(({ cid }) => cid.toString()))
    await exchangeHonestly()
    expect(countedSince(before)).toEqual({})
  })
})

test('who breaks the protocol again and again is disconnected, and refused when it comes back', async () => {
  const before = target().bitswap.stats().refused
  const stranger = await openPlain()
  const connection = await dial(stranger, target().libp2p)
  for (let times = 1; times <= BREACHES_MAX; times++) {
    const stream = await connection.newStream(PROTOCOL)
    stream.send(frame(bytesOf(0xff)))
    await expect.poll(() => countedSince(before)).toEqual({ 'message-malformed': times })
  }
  await expect.poll(() => connection.status).not.toBe('open')
  const again = await dial(stranger, target().libp2p)
  const stream = await again.newStream(PROTOCOL).catch(() => undefined)
  stream?.send(frame(encodeMessage({ wants: [want(HELLO.cid)] })))
  await expect.poll(() => again.status).not.toBe('open')
  expect(countedSince(before)).toMatchObject({ 'message-malformed': BREACHES_MAX })
  expect(countedSince(before)['peer-refused']).toBeGreaterThan(0)
  expect(target().bitswap.wantsOf(stranger.peerId.toString())).toEqual([])
  await exchangeHonestly()
})
