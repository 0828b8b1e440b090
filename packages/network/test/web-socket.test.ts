import { randomBytes } from 'node:crypto'
import type { Stream } from '@libp2p/interface'
import { afterEach, expect, test } from 'vitest'
import { addressOf, codeOf, Hosts, LOOPBACK } from './open-host.ts'

const hosts = new Hosts()
afterEach(() => hosts.close())

test('hosts meet over a WebSocket, and bytes come through as they were', async () => {
  const [one, two] = [await hosts.open({ listen: [`${LOOPBACK}/ws`] }), await hosts.open({ listen: [] })]
  expect(addressOf(one)).toMatch(/\/tcp\/\d+\/ws\/p2p\//)
  const sent = randomBytes(1024 * 1024)
  const received = Promise.withResolvers<Buffer>()
  await one.libp2p.handle('/test/1', (stream) => {
    received.resolve(readAll(stream))
  })
  expect(await two.connect(addressOf(one))).toBe(one.peerId)
  expect(await two.peers()).toMatchObject([{ address: addressOf(one), muxer: '/yamux/1.0.0' }])
  const stream = await two.libp2p.dialProtocol(one.libp2p.peerId, '/test/1')
  stream.send(sent)
  await stream.close()
  expect((await received.promise).equals(sent)).toBe(true)
})

test('listens for both on two ports, and refuses what it cannot listen on', async () => {
  const one = await hosts.open({ listen: [LOOPBACK, `${LOOPBACK}/ws`] })
  expect(one.addresses()).toHaveLength(2)
  for (const address of one.addresses())
    expect(await (await hosts.open({ listen: [] })).connect(address)).toBe(one.peerId)
  expect(await codeOf(hosts.open({ listen: [`${LOOPBACK}/wss`] }))).toBe('INVALID')
})

async function readAll(stream: Stream): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part.subarray())
  return Buffer.concat(parts)
}
