// Inbound streams of other implementations: those that keep the rules, and those that break them.
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tls } from '@libp2p/tls'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../src/limits.ts'
import { PEER_INBOUND_BYTES_MAX } from '../src/guard/limits.ts'
import { encodeMessage } from '../src/message.ts'
import {
  closeAll,
  dial,
  frame,
  lengthsOf,
  openNode,
  openPlain,
  PROTOCOL,
  sendOnce,
  sizes,
  type Encrypters,
} from './libp2p-node.ts'
import { randomBlocks, want } from './peer.ts'

afterEach(closeAll)

/** A node and a plain one that has dialled it, with a way to open streams to the node. */
async function openAgainstPlain(encrypters?: Encrypters) {
  const [node, plain] = [await openNode(), await openPlain(encrypters)]
  const connection = await dial(plain, node.libp2p)
  return { node, connection, openStream: async () => connection.newStream(PROTOCOL, { maxOutboundStreams: 2000 }) }
}

describe('another implementation', () => {
  test.each([
    ['TLS', [tls()]],
    ['Noise', [noise()]],
  ])('opens a stream for each message, over %s', async (_, encrypters) => {
    const { node, openStream, connection } = await openAgainstPlain(encrypters)
    const lengths = sizes(200, 3)
    for (let at = 0; at < lengths.length; at += 20) {
      const batch = lengths.slice(at, at + 20)
      await Promise.all(batch.map(async (length) => sendOnce(await openStream(), new Uint8Array(length))))
    }
    const sorted = (list: number[]) => list.toSorted((a, b) => a - b)
    await expect.poll(() => node.seen.messages.length).toBe(lengths.length)
    expect(sorted(lengthsOf(node.seen.messages))).toEqual(sorted(lengths))
    await expect
      .poll(() => node.network.stat())
      .toMatchObject({ inboundStreams: 0, bufferedBytes: 0, droppedStreams: 0 })
    await expect.poll(() => connection.streams.filter(({ protocol }) => protocol === PROTOCOL)).toEqual([])
  })

  test('sends many messages on one stream, cut anywhere', async () => {
    const { node, openStream } = await openAgainstPlain()
    const stream = await openStream()
    const bytes = Buffer.concat([3, 0, 200, 1, 70_000].map((length) => frame(Buffer.alloc(length, 9))))
    for (let at = 0; at < bytes.length; at += at < 230 ? 1 : 4999) {
      stream.send(bytes.subarray(at, at < 230 ? at + 1 : at + 4999))
    }
    await expect.poll(() => lengthsOf(node.seen.messages)).toEqual([3, 0, 200, 1, 70_000])
    expect(node.seen.messages.every((message) => message.every((byte) => byte === 9))).toBe(true)
  })

  test('is handled one message at a time, whatever the stream', async () => {
    const { node, openStream } = await openAgainstPlain()
    const gate = Promise.withResolvers<void>()
    node.seen.gate = gate.promise
    const streams = await Promise.all(Array.from({ length: 100 }, openStream))
    await Promise.all(streams.map((stream) => sendOnce(stream, new Uint8Array(1000))))
    await expect.poll(() => node.network.stat()).toMatchObject({ inboundStreams: 100 })
    await expect.poll(() => node.seen.messages.length).toBe(1)
    // Of the others there are as many as a stranger may have unread.
    await expect.poll(() => node.network.stat().bufferedBytes).toBeGreaterThan(50 * 1000)
    expect(node.seen.messages).toHaveLength(1)
    gate.resolve()
    await expect.poll(() => node.seen.messages.length).toBe(100)
  })
})

describe('a peer that breaks the rules', () => {
  const tooLong = frame(new Uint8Array(1000), MESSAGE_BYTES_MAX + 1)
  const endless = new Uint8Array(2000).fill(0xff)

  test.each([
    ['promises too much', tooLong],
    ['never ends its length', endless],
  ])('%s: loses that stream alone', async (_, bytes) => {
    const { node, openStream } = await openAgainstPlain()
    const [good, bad] = [await openStream(), await openStream()]
    good.send(frame(Uint8Array.of(1)))
    bad.send(bytes)
    await expect.poll(() => node.network.stat().droppedStreams).toBe(1)
    await expect.poll(() => bad.status).toBe('reset')
    good.send(frame(Uint8Array.of(2)))
    await expect.poll(() => lengthsOf(node.seen.messages)).toEqual([1, 1])
    expect(node.network.stat()).toMatchObject({ inboundStreams: 1, bufferedBytes: 0 })
  })

  test.each([
    ['ends the stream', async (stream: Stream) => stream.close(), 1],
    ['resets the stream', async (stream: Stream) => stream.abort(new Error('a test')), 0],
  ])('stops in the middle and %s: nothing is handled', async (_, end, dropped) => {
    const { node, openStream } = await openAgainstPlain()
    const [good, bad] = [await openStream(), await openStream()]
    bad.send(frame(new Uint8Array(500), 1000))
    good.send(frame(Uint8Array.of(1)))
    await expect.poll(() => lengthsOf(node.seen.messages)).toEqual([1])
    expect(node.network.stat()).toMatchObject({ inboundStreams: 2, bufferedBytes: 1000 })
    await end(bad)
    await expect
      .poll(() => node.network.stat())
      .toMatchObject({ inboundStreams: 1, droppedStreams: dropped, bufferedBytes: 0 })
    expect(node.seen.messages).toHaveLength(1)
  })

  test('stops in the middle and disconnects: nothing is handled', async () => {
    const { node, connection, openStream } = await openAgainstPlain()
    const stream = await openStream()
    stream.send(frame(new Uint8Array(500), 1000))
    await expect.poll(() => node.network.stat().bufferedBytes).toBe(1000)
    connection.abort(new Error('a test'))
    await expect.poll(() => node.seen.events).toHaveLength(2)
    expect(node.network.stat()).toEqual({ peers: 0, inboundStreams: 0, bufferedBytes: 0, droppedStreams: 0 })
    expect(node.seen.messages).toEqual([])
  })

  test('promises much on many streams: takes little memory, and only of its own budget', async () => {
    const { node, openStream } = await openAgainstPlain()
    const streams = await Promise.all(Array.from({ length: 200 }, openStream))
    for (const stream of streams) stream.send(frame(new Uint8Array(1), MESSAGE_BYTES_MAX))
    await expect.poll(() => node.network.stat().inboundStreams).toBe(200)
    expect(node.network.stat().bufferedBytes).toBeLessThanOrEqual(200 * 16 * 1024)
    for (const stream of streams) stream.send(new Uint8Array(200_000))
    const waiting = 200 * 256 * 1024
    for (let look = 0; look < 20; look++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(node.network.stat().bufferedBytes).toBeLessThanOrEqual(PEER_INBOUND_BYTES_MAX + waiting)
    }
    for (const stream of streams) stream.abort(new Error('a test'))
    await expect.poll(() => node.network.stat()).toMatchObject({ inboundStreams: 0, bufferedBytes: 0 })
    await sendOnce(await openStream(), Uint8Array.of(1))
    await expect.poll(() => lengthsOf(node.seen.messages)).toEqual([1])
  })

  test('cuts a message into single bytes while its last one is handled: costs no more than its bytes', async () => {
    const { node, openStream } = await openAgainstPlain()
    const gate = Promise.withResolvers<void>()
    node.seen.gate = gate.promise
    const stream = await openStream()
    stream.send(frame(Uint8Array.of(1)))
    await expect.poll(() => node.seen.messages.length).toBe(1)
    const bytes = frame(new Uint8Array(100_000))
    for (const byte of bytes) if (!stream.send(Uint8Array.of(byte))) await new Promise((next) => setImmediate(next))
    gate.resolve()
    await expect.poll(() => lengthsOf(node.seen.messages), { timeout: 20_000 }).toEqual([1, 100_000])
  })

  test('sends any bytes: nothing but messages or a dropped stream comes of it', async () => {
    const node = await openNode()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), async (parts) => {
        // Each by another peer: one that goes on like this is not talked to any more.
        const connection = await dial(await openPlain(), node.libp2p)
        const stream = await connection.newStream(PROTOCOL)
        try {
          for (const part of parts) if (part.length > 0) stream.send(part)
          await stream.close()
        } catch {
          expect(['reset', 'aborted']).toContain(stream.status)
        }
        await expect.poll(() => node.network.stat().inboundStreams).toBe(0)
      }),
      { numRuns: 50 },
    )
    expect(node.network.stat().bufferedBytes).toBe(0)
    const before = node.seen.messages.length
    const connection = await dial(await openPlain(), node.libp2p)
    await sendOnce(await connection.newStream(PROTOCOL), Uint8Array.of(1, 2))
    await expect.poll(() => node.seen.messages.length).toBe(before + 1)
  })

  test('sends real messages, cut anywhere and some broken: all before the break arrive, and nothing after it', async () => {
    const node = await openNode()
    const messages = fc.array(fc.tuple(fc.nat(3), fc.nat(2000), fc.nat(1000)), { minLength: 1, maxLength: 6 })
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 })
    const end = fc.option(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }))
    await fc.assert(
      fc.asyncProperty(messages, cuts, end, async (shapes, places, endsAt) => {
        node.seen.messages.length = 0
        const sent = shapes.map(([blocks, bytes, seed]) => {
          const made = randomBlocks(blocks, bytes, seed)
          return encodeMessage({ blocks: made, wants: made.map(({ cid }) => want(cid)) })
        })
        const whole = Buffer.concat(sent.map((message) => frame(message)))
        const bytes = whole.subarray(0, endsAt === null ? whole.length : Math.floor(endsAt * whole.length))
        const plain = await openPlain()
        const stream = await (await dial(plain, node.libp2p)).newStream(PROTOCOL)
        const at = [0, ...places.map((place) => Math.floor(place * bytes.length)), bytes.length].toSorted(
          (a, b) => a - b,
        )
        for (const [index, from] of at.entries()) {
          const part = bytes.subarray(from, at[index + 1] ?? from)
          if (part.length > 0) stream.send(part)
        }
        await stream.close()
        let room = bytes.length
        const complete = sent.filter((message) => (room -= frame(message).length) >= 0)
        await expect.poll(() => node.seen.messages.length).toBe(complete.length)
        await expect.poll(() => node.network.stat().inboundStreams).toBe(0)
        expect(node.seen.messages.map((message) => Buffer.from(message))).toEqual(complete.map((m) => Buffer.from(m)))
        await plain.stop()
      }),
      { numRuns: 60 },
    )
    expect(node.network.stat().bufferedBytes).toBe(0)
  })

  test('sends what the handler refuses: loses that stream', async () => {
    const { node, openStream } = await openAgainstPlain()
    node.seen.isRefusing = true
    const stream = await openStream()
    stream.send(frame(Uint8Array.of(1)))
    await expect.poll(() => stream.status).toBe('reset')
    expect(node.network.stat().droppedStreams).toBe(1)
    node.seen.isRefusing = false
    await sendOnce(await openStream(), Uint8Array.of(1, 2))
    await expect.poll(() => lengthsOf(node.seen.messages)).toEqual([2])
  })
})
