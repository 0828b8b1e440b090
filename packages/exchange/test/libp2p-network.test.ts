// The network over real sockets on loopback: who is reported, and what becomes of messages.
import { afterEach, describe, expect, test } from 'vitest'
import { openLibp2pNetwork } from '../src/libp2p/libp2p-network.ts'
import { MESSAGE_BYTES_MAX } from '../src/limits.ts'
import {
  closeAll,
  closeLater,
  codeOf,
  dial,
  lengthsOf,
  MIB,
  openLibp2p,
  openNode,
  openPlain,
  openSilent,
  PROTOCOL,
  protocolsOf,
  Recorder,
  sendOnce,
  sizes,
  type Node,
} from './libp2p-node.ts'

afterEach(closeAll)

/** Two nodes that know of each other, the first having dialled. */
async function openPair(): Promise<[Node, Node]> {
  const [one, two] = [await openNode(), await openNode()]
  await dial(one.libp2p, two.libp2p)
  await expect.poll(() => one.seen.events).toEqual([`+${two.id}`])
  await expect.poll(() => two.seen.events).toEqual([`+${one.id}`])
  return [one, two]
}

describe('peers', () => {
  test('are reported once on both sides, and again after they came back', async () => {
    const [one, two] = await openPair()
    await one.libp2p.hangUp(two.libp2p.peerId)
    await expect.poll(() => two.seen.events).toHaveLength(2)
    await dial(two.libp2p, one.libp2p)
    const expected = (peer: string) => [`+${peer}`, `-${peer}`, `+${peer}`]
    await expect.poll(() => one.seen.events).toEqual(expected(two.id))
    await expect.poll(() => two.seen.events).toEqual(expected(one.id))
    await two.network.send(one.id, Uint8Array.of(1))
    await one.network.send(two.id, Uint8Array.of(2))
    await expect.poll(() => [one.seen.messages, two.seen.messages].map(lengthsOf)).toEqual([[1], [1]])
  })

  test('have their streams before there is anything to send', async () => {
    const [one, two] = await openPair()
    await expect.poll(() => [one, two].map(({ network }) => network.stat().inboundStreams)).toEqual([1, 1])
    await one.network.send(two.id, Uint8Array.of(1))
    await expect.poll(() => lengthsOf(two.seen.messages)).toEqual([1])
    expect(two.network.stat().inboundStreams).toBe(1)
  })

  test('that are connected and identified before are reported by attach', async () => {
    const one = await openNode()
    const late = await openLibp2p()
    await dial(late, one.libp2p)
    await expect.poll(() => protocolsOf(late, one.libp2p)).toContain(PROTOCOL)
    const network = await openLibp2pNetwork(late)
    closeLater(() => network.close())
    // The early peer hears of the protocol by a push, may send, and waits for the handler.
    await expect.poll(() => one.seen.events).toEqual([`+${late.peerId.toString()}`])
    await one.network.send(late.peerId.toString(), Uint8Array.of(7))
    await expect.poll(() => network.stat().inboundStreams).toBe(1)
    const seen = new Recorder()
    network.attach(seen)
    expect(seen.events).toEqual([`+${one.id}`])
    await expect.poll(() => lengthsOf(seen.messages)).toEqual([1])
    expect(() => network.attach(seen)).toThrow(TypeError)
  })

  test('that go while the network opens are not reported', async () => {
    const one = await openNode()
    const late = await openLibp2p()
    await dial(late, one.libp2p)
    await expect.poll(() => protocolsOf(late, one.libp2p)).toContain(PROTOCOL)
    const get = late.peerStore.get.bind(late.peerStore)
    late.peerStore.get = async (...args) => {
      const peer = await get(...args)
      await late.hangUp(one.libp2p.peerId)
      return peer
    }
    const network = await openLibp2pNetwork(late)
    closeLater(() => network.close())
    const seen = new Recorder()
    network.attach(seen)
    expect(seen.events).toEqual([])
  })

  test('without bitswap are not reported', async () => {
    const [node, plain] = [await openNode(), await openPlain()]
    await dial(plain, node.libp2p)
    await expect.poll(() => protocolsOf(node.libp2p, plain)).toContain('/ipfs/id/1.0.0')
    expect(node.seen.events).toEqual([])
    expect(await codeOf(node.network.send(plain.peerId.toString(), Uint8Array.of(1)))).toBe('UNAVAILABLE')
  })

  test('that identify too late are reported by their first stream', async () => {
    const node = await openNode()
    const plain = await openSilent()
    const connection = await dial(plain, node.libp2p)
    await sendOnce(await connection.newStream(PROTOCOL), Uint8Array.of(1, 2, 3))
    await expect.poll(() => lengthsOf(node.seen.messages)).toEqual([3])
    expect(node.seen.events).toEqual([`+${plain.peerId.toString()}`])
  })

  test('that were called are asked for bitswap themselves, before they identify', async () => {
    const node = await openNode()
    const plain = await openSilent()
    const heard = Promise.withResolvers<number>()
    await plain.handle(PROTOCOL, (stream) => {
      stream.addEventListener('message', ({ data }) => heard.resolve(data.byteLength))
    })
    const unable = await openSilent()
    await Promise.all([dial(node.libp2p, plain), dial(node.libp2p, unable)])
    await expect.poll(() => node.seen.events).toEqual([`+${plain.peerId.toString()}`])
    await node.network.send(plain.peerId.toString(), Uint8Array.of(1, 2, 3))
    expect(await heard.promise).toBe(4)
  })

  test('are dropped by reset', async () => {
    const [one, two] = await openPair()
    one.network.reset(two.id, 'a test')
    await expect.poll(() => one.seen.events).toEqual([`+${two.id}`, `-${two.id}`])
    await expect.poll(() => two.seen.events).toEqual([`+${one.id}`, `-${one.id}`])
    expect(await codeOf(one.network.send(two.id, Uint8Array.of(1)))).toBe('UNAVAILABLE')
    one.network.reset('nobody', 'nothing happens')
  })

  test('of an older bitswap are sent to as well', async () => {
    const node = await openNode()
    const plain = await openPlain()
    const received: Uint8Array[] = []
    await plain.handle('/ipfs/bitswap/1.1.0', (stream) => {
      stream.addEventListener('message', ({ data }) => received.push(data.subarray()))
    })
    await dial(node.libp2p, plain)
    await expect.poll(() => node.seen.events).toEqual([`+${plain.peerId.toString()}`])
    await node.network.send(plain.peerId.toString(), Uint8Array.of(10, 2, 16, 1))
    await expect.poll(() => Buffer.concat(received)).toEqual(Buffer.of(4, 10, 2, 16, 1))
  })
})

describe('messages', () => {
  test('of all sizes arrive whole and in order, both ways at once', async () => {
    const [one, two] = await openPair()
    const sent = [sizes(1000, 1), sizes(1000, 2)]
    const directions = [
      { from: one, to: two, lengths: sent[0] ?? [] },
      { from: two, to: one, lengths: sent[1] ?? [] },
    ]
    await Promise.all(
      directions.map(async ({ from, to, lengths }) => {
        // Up to ten at once, none waiting for another.
        for (let at = 0; at < lengths.length; at += 10) {
          const batch = lengths.slice(at, at + 10).map((length, index) => Buffer.alloc(length, at + index + 1))
          await Promise.all(batch.map((message) => from.network.send(to.id, message)))
        }
      }),
    )
    for (const { to, lengths } of directions) {
      await expect.poll(() => to.seen.messages.length, { timeout: 20_000 }).toBe(lengths.length)
      expect(lengthsOf(to.seen.messages)).toEqual(lengths)
      expect(to.seen.messages.every((message, index) => Buffer.alloc(message.length, index + 1).equals(message))).toBe(
        true,
      )
    }
    expect([one.network.stat(), two.network.stat()]).toEqual([
      { peers: 1, inboundStreams: 1, bufferedBytes: 0, droppedStreams: 0 },
      { peers: 1, inboundStreams: 1, bufferedBytes: 0, droppedStreams: 0 },
    ])
  })

  test('above the limit are a mistake of the caller', async () => {
    const [one, two] = await openPair()
    await expect(one.network.send(two.id, new Uint8Array(MESSAGE_BYTES_MAX + 1))).rejects.toThrow(TypeError)
    await one.network.send(two.id, new Uint8Array(MESSAGE_BYTES_MAX))
    await expect.poll(() => lengthsOf(two.seen.messages)).toEqual([MESSAGE_BYTES_MAX])
  })

  test('wait at the sender while a handler is slow', async () => {
    const [one, two] = await openPair()
    const gate = Promise.withResolvers<void>()
    two.seen.gate = gate.promise
    let passed = 0
    const sending = Array.from({ length: 64 }, async (_, index) => {
      await one.network.send(two.id, Buffer.alloc(MIB, index))
      passed++
    })
    // Until nothing moves any more: one message handled, two windows and what lies in the sockets.
    let before = -1
    let buffered = 0
    while (before !== passed) {
      before = passed
      for (let look = 0; look < 30; look++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        buffered = Math.max(buffered, two.network.stat().bufferedBytes)
      }
    }
    expect(lengthsOf(two.seen.messages)).toEqual([MIB])
    expect(buffered).toBeLessThanOrEqual(10 * MIB)
    expect(passed).toBeLessThan(24)
    gate.resolve()
    await Promise.all(sending)
    await expect.poll(() => two.seen.messages.length).toBe(64)
    expect(two.seen.messages.every((message, index) => Buffer.alloc(MIB, index).equals(message))).toBe(true)
  })

  test('that are aborted leave the others whole and in order', async () => {
    const [one, two] = await openPair()
    const gate = Promise.withResolvers<void>()
    two.seen.gate = gate.promise
    const controller = new AbortController()
    const reason = new Error('enough')
    const sending = Array.from({ length: 40 }, async (_, index) => {
      const signal = index % 2 === 1 ? controller.signal : undefined
      const error = await one.network.send(two.id, Buffer.alloc(MIB, index), { signal }).catch((e: unknown) => e)
      return error
    })
    await expect.poll(() => two.seen.messages.length).toBe(1)
    controller.abort(reason)
    const aborted = await Promise.all(sending.filter((_, index) => index % 2 === 1))
    expect(aborted.every((error) => error === undefined || error === reason)).toBe(true)
    expect(aborted.at(-1)).toBe(reason)
    await expect(one.network.send(two.id, Uint8Array.of(1), { signal: controller.signal })).rejects.toBe(reason)
    gate.resolve()
    expect(await Promise.all(sending.filter((_, index) => index % 2 === 0))).toEqual(Array(20).fill(undefined))
    await expect.poll(() => two.seen.messages.at(-1)?.[0]).toBe(38)
    const order = two.seen.messages.map((message) => message[0] ?? -1)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(order.filter((index) => index % 2 === 0)).toHaveLength(20)
    expect(two.seen.messages.every((message) => message.length === MIB && message[0] === message[MIB - 1])).toBe(true)
  })

  test('go over a new stream after the old one was reset', async () => {
    const [one, two] = await openPair()
    await one.network.send(two.id, Uint8Array.of(1))
    await expect.poll(() => two.seen.messages.length).toBe(1)
    const [connection] = two.libp2p.getConnections()
    const stream = connection?.streams.find(
      ({ direction, protocol }) => direction === 'inbound' && protocol === PROTOCOL,
    )
    stream?.abort(new Error('a test'))
    await expect.poll(() => two.network.stat().inboundStreams).toBe(0)
    await expect
      .poll(async () => {
        await one.network.send(two.id, Uint8Array.of(2))
        return two.seen.messages.length
      })
      .toBe(2)
    expect(one.seen.events).toHaveLength(1)
  })

  test('are rejected when the network closes, and when the peer goes, in the middle', async () => {
    for (const close of [(one: Node) => one.network.close(), (_: Node, two: Node) => two.libp2p.stop()]) {
      const [one, two] = await openPair()
      two.seen.gate = new Promise(() => undefined)
      const sending = Array.from({ length: 40 }, () => codeOf(one.network.send(two.id, new Uint8Array(MIB))))
      await expect.poll(() => two.seen.messages.length).toBe(1)
      await close(one, two)
      const codes = await Promise.all(sending)
      expect(new Set(codes)).toEqual(new Set(['resolved', 'UNAVAILABLE']))
      expect(await codeOf(one.network.send(two.id, Uint8Array.of(1)))).toBe('UNAVAILABLE')
    }
  })

  test('that were sent before closing still arrive', async () => {
    const [one, two] = await openPair()
    await one.network.send(two.id, new Uint8Array(MIB))
    await one.network.close()
    await one.network.close()
    await expect.poll(() => lengthsOf(two.seen.messages)).toEqual([MIB])
  })
})
