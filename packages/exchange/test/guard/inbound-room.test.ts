// What a peer may have unread, before it has sent what we wanted and after.
import { afterEach, expect, test } from 'vitest'
import { STRANGER_WINDOW_BYTES } from '../../src/guard/limits.ts'
import { STRANGERS_UNREAD_BYTES_MAX } from '../../src/libp2p/limits.ts'
import { closeAll, dial, frame, MIB, openNode, openPlain, PROTOCOL } from '../libp2p-node.ts'

afterEach(closeAll)

test('a stranger keeps small windows, until it is trusted', async () => {
  const [node, plain] = [await openNode(), await openPlain()]
  const connection = await dial(plain, node.libp2p)
  const windows = (): unknown[] =>
    node.libp2p
      .getConnections()
      .flatMap(({ streams }) => streams)
      .filter(({ protocol, direction }) => protocol === PROTOCOL && direction === 'inbound')
      .map((stream) => 'maxStreamWindowSize' in stream && stream.maxStreamWindowSize)
  const first = await connection.newStream(PROTOCOL)
  first.send(frame(new Uint8Array(1)))
  await expect.poll(() => node.seen.messages.length).toBe(1)
  expect(windows()).toEqual([STRANGER_WINDOW_BYTES])
  node.network.trust?.(plain.peerId.toString())
  expect(windows()).toEqual([4 * MIB])
  const second = await connection.newStream(PROTOCOL)
  second.send(frame(new Uint8Array(1)))
  await expect.poll(() => node.seen.messages.length).toBe(2)
  expect(windows()).toEqual([4 * MIB, 4 * MIB])
})

test('strangers that fill many streams lose them, and others are heard', async () => {
  const [node, plain, honest] = [await openNode(), await openPlain(), await openPlain()]
  const connection = await dial(plain, node.libp2p)
  const streams = 1.5 * (STRANGERS_UNREAD_BYTES_MAX / STRANGER_WINDOW_BYTES)
  for (let index = 0; index < streams; index++) {
    const stream = await connection.newStream(PROTOCOL, { maxOutboundStreams: 2 * streams })
    // Never whole: what has come waits for the rest.
    // One that was dropped before it could say anything has no room either.
    if (stream.status === 'open') stream.send(frame(new Uint8Array(STRANGER_WINDOW_BYTES - 1000), 4 * MIB))
  }
  await expect.poll(() => node.network.stat().droppedStreams, { timeout: 10_000 }).toBeGreaterThan(0)
  await expect.poll(() => node.network.stat().bufferedBytes).toBeLessThanOrEqual(STRANGERS_UNREAD_BYTES_MAX)
  const stream = await (await dial(honest, node.libp2p)).newStream(PROTOCOL)
  stream.send(frame(Uint8Array.of(7)))
  await expect.poll(() => node.seen.messages).toEqual([Uint8Array.of(7)])
})

test('a whole message of the largest size is read from a stranger', async () => {
  const [node, plain] = [await openNode(), await openPlain()]
  const stream = await (await dial(plain, node.libp2p)).newStream(PROTOCOL)
  const message = Uint8Array.from({ length: 4 * MIB }, (_, index) => index % 251)
  stream.send(frame(message))
  await expect.poll(() => node.seen.messages.length, { timeout: 10_000 }).toBe(1)
  expect(Buffer.compare(node.seen.messages[0] ?? new Uint8Array(0), message)).toBe(0)
})
