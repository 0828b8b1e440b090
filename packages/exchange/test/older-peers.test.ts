// Peers below bitswap 1.2.0 over real sockets: what they get is what their version can read, byte by byte.
import { RAW_CODE, createBlock, ProtobufWriter } from '@cairn/core'
import { afterEach, describe, expect, test } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../src/limits.ts'
import { downgradeMessage, encodeMessage } from '../src/message.ts'
import { closeAll, dial, frame, openNode, openPlain, PROTOCOL } from './libp2p-node.ts'
import { BLAKE, LATER, LEAF, NODE, OlderPeer, openOurs } from './older-peer.ts'
import { openWorld, randomBlocks, want } from './peer.ts'

afterEach(closeAll)

const OLDER = ['/ipfs/bitswap/1.1.0', '/ipfs/bitswap/1.0.0', '/ipfs/bitswap'] as const
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A want as any version reads it: field 1 of the message, whose field 1 holds CID and priority. */
function plainWant(cidHex: string, priority: string): string {
  const entry = `0a24${cidHex}${priority}`
  return `1 0a${(entry.length / 2).toString(16)}${entry}`
}

describe.each(OLDER)('a peer that speaks %s alone', (protocol) => {
  const hasPrefixes = protocol === OLDER[0]

  test('is served blocks in its form, never presences, and what it waits for when that comes', async () => {
    const ours = await openOurs([NODE, LEAF, BLAKE])
    const peer = await OlderPeer.open(ours.libp2p, protocol)
    await peer.send(
      encodeMessage({
        wants: [NODE, LEAF, BLAKE, LATER].map(({ cid }, index) => want(cid, { priority: 9 - index })),
      }),
    )
    const payload = [`3 0a04007012201204${hex(NODE.bytes)}`, `3 0a04015512201205${hex(LEAF.bytes)}`]
    const served = hasPrefixes
      ? [...payload, `3 0a060155a0e402201205${hex(BLAKE.bytes)}`]
      : [`2 ${hex(NODE.bytes)}`, `2 ${hex(LEAF.bytes)}`]
    await expect.poll(() => peer.fields).toEqual(served)
    ours.store.put([LATER])
    ours.bitswap.announce([LATER.cid])
    const later = hasPrefixes ? `3 0a040155122012d00f${hex(LATER.bytes)}` : `2 ${hex(LATER.bytes)}`
    await expect.poll(() => peer.fields).toEqual([...served, later])
  })

  test('is asked for blocks alone, and gives them in its form', async () => {
    const ours = await openOurs([])
    const peer = await OlderPeer.open(ours.libp2p, protocol)
    await expect.poll(() => ours.bitswap.stats().peers).toHaveLength(1)
    const fetched = ours.bitswap.fetch(LEAF.cid)
    await expect.poll(() => peer.fields).toEqual([plainWant(hex(LEAF.cid.bytes), '10ffffffff03')])
    await peer.send(downgradeMessage(encodeMessage({ blocks: [LEAF] }), { hasPrefixes }))
    const block = await fetched
    expect([block.cid.toString(), hex(block.bytes)]).toEqual([LEAF.cid.toString(), hex(LEAF.bytes)])
    const abort = new AbortController()
    const waiting = ours.bitswap.fetch(LATER.cid, abort)
    await expect.poll(() => peer.messages).toHaveLength(2)
    abort.abort()
    await expect(waiting).rejects.toThrow()
    const cid = hex(LATER.cid.bytes)
    await expect.poll(() => peer.fields.slice(1)).toEqual([plainWant(cid, '10feffffff03'), plainWant(cid, '10001801')])
  })

  test('a block of 2 MiB passes both ways', async () => {
    const large = createBlock(new Uint8Array(2 * 1024 * 1024).fill(3), { codec: RAW_CODE })
    const [ours, empty] = [await openOurs([large]), await openOurs([])]
    const peer = await OlderPeer.open(ours.libp2p, protocol)
    await peer.send(encodeMessage({ wants: [want(large.cid)] }))
    await expect.poll(() => peer.messages.length).toBe(1)
    const answer = peer.messages[0] ?? new Uint8Array(0)
    expect(answer.length).toBeLessThan(MESSAGE_BYTES_MAX)
    const other = await OlderPeer.open(empty.libp2p, protocol)
    await expect.poll(() => empty.bitswap.stats().peers).toHaveLength(1)
    const fetched = empty.bitswap.fetch(large.cid)
    await expect.poll(() => other.messages.length).toBe(1)
    await other.send(answer)
    expect(Buffer.compare((await fetched).bytes, large.bytes)).toBe(0)
  })
})

describe('a peer that knows several versions', () => {
  test('is answered in the one that it speaks to us', async () => {
    const ours = await openOurs([NODE])
    const peer = await OlderPeer.open(ours.libp2p, '/ipfs/bitswap/1.1.0')
    await peer.libp2p.handle(PROTOCOL, (stream) => stream.abort(new Error('not this one')))
    await peer.send(encodeMessage({ wants: [want(LATER.cid), want(NODE.cid)] }))
    await expect.poll(() => peer.fields).toEqual([`3 0a04007012201204${hex(NODE.bytes)}`])
  })

  test('is sent to in an older form once it falls back, and reported so', async () => {
    const node = await openNode()
    const plain = await openPlain()
    const received: { protocol: string; bytes: Buffer }[] = []
    const versions = [PROTOCOL, '/ipfs/bitswap/1.1.0']
    await plain.handle(versions, (stream) => {
      stream.addEventListener('message', ({ data }) =>
        received.push({ protocol: stream.protocol, bytes: Buffer.from(data.subarray()) }),
      )
    })
    const connection = await dial(plain, node.libp2p)
    await expect.poll(() => node.seen.presences).toEqual([true])
    const id = plain.peerId.toString()
    const message = encodeMessage({ wants: [want(LEAF.cid, { type: 'have' }), want(LATER.cid)] })
    await node.network.send(id, message)
    await expect.poll(() => received).toEqual([{ protocol: PROTOCOL, bytes: frame(message) }])
    await plain.unhandle(PROTOCOL)
    for (const stream of connection.streams) if (stream.protocol === PROTOCOL) stream.abort(new Error('a test'))
    await expect
      .poll(async () => {
        await node.network.send(id, message)
        return received.at(-1)
      })
      .toEqual({
        protocol: versions[1],
        bytes: frame(encodeMessage({ wants: [want(LATER.cid, { sendDontHave: false })] })),
      })
    expect(node.seen.presences).toEqual([true, false])
    const full = encodeMessage({ full: true })
    await node.network.send(id, full)
    await expect.poll(() => received.at(-1)?.bytes).toEqual(frame(full))
    // Nothing of this can be said in 1.1.0.
    const before = received.length
    await node.network.send(id, encodeMessage({ presences: [{ cid: LEAF.cid, has: false }] }))
    await node.network.send(id, encodeMessage({ wants: [want(LATER.cid, { cancel: true })] }))
    await expect.poll(() => received.at(-1)?.bytes).not.toEqual(frame(full))
    expect(received).toHaveLength(before + 1)
  })
})

describe('in virtual time', () => {
  test('what an older peer lacks keeps it from nothing that it has for longer than round trips', async () => {
    const { clock, network, peer } = openWorld()
    const blocks = randomBlocks(60, 200_000)
    const [reader, old] = [peer('reader'), peer('old')]
    old.node.abilities = { presences: false }
    const here = blocks.filter((_, index) => index % 10 === 0)
    old.put(here)
    network.connect('reader', 'old', { delayMs: 10 })
    const abort = new AbortController()
    const missing = blocks.filter((block) => !here.includes(block))
    const lacked = Promise.allSettled(missing.map(({ cid }) => reader.bitswap.fetch(cid, abort)))
    const start = clock.now()
    await clock.settle(Promise.all(here.map(({ cid }) => reader.bitswap.fetch(cid))))
    // Asked for one at a time after 5 s of silence each, they took 255 s.
    expect(clock.now() - start).toBeLessThan(10_000)
    abort.abort()
    await clock.settle(lacked)
  })
})

test('below 1.1.0 a block of another hash function is left out', () => {
  const message = encodeMessage({ blocks: [BLAKE], presences: [{ cid: LEAF.cid, has: true }], pendingBytes: 9 })
  expect(downgradeMessage(message, { hasPrefixes: false })).toHaveLength(0)
  const block = new ProtobufWriter().bytes(1, Uint8Array.of(1, 0x55, 0xa0, 0xe4, 2, 0x20)).bytes(2, BLAKE.bytes)
  expect(hex(downgradeMessage(message, { hasPrefixes: true }))).toBe(
    hex(new ProtobufWriter().message(3, block).finish()),
  )
})
