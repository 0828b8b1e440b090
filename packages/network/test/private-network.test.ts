import { randomBytes } from 'node:crypto'
import { isCairnError } from '@cairn/core'
import { generateKey } from '@libp2p/pnet'
import { afterEach, expect, test } from 'vitest'
import { readSwarmKey, writeSwarmKey } from '../src/swarm-key.ts'
import { addressOf, codeOf, Hosts } from './open-host.ts'

const hosts = new Hosts()
afterEach(() => hosts.close())

test('nodes with the same key meet, others neither with another key nor without one', async () => {
  const [swarmKey, other] = [randomBytes(32), randomBytes(32)]
  const inside = await hosts.open({ swarmKey })
  const [friend, stranger, open] = [
    await hosts.open({ swarmKey }),
    await hosts.open({ swarmKey: other }, { dialTimeoutMs: 1000 }),
    await hosts.open({}, { dialTimeoutMs: 1000 }),
  ]
  await friend.connect(addressOf(inside))
  expect(await friend.ping(inside.peerId)).toBeGreaterThan(0)
  expect(await codeOf(stranger.connect(addressOf(inside)))).toBe('UNAVAILABLE')
  expect(await codeOf(open.connect(addressOf(inside)))).toBe('UNAVAILABLE')
  expect((await inside.peers()).map(({ peer }) => peer)).toEqual([friend.peerId])
})

test('reads the files that others write', () => {
  const bytes = new Uint8Array(95)
  generateKey(bytes)
  const text = Buffer.from(bytes).toString()
  const key = readSwarmKey(text)
  expect(Buffer.from(key).toString('hex')).toBe(text.slice(-64))
  expect(readSwarmKey(writeSwarmKey(key))).toEqual(key)
  expect(readSwarmKey(`/key/swarm/psk/1.0.0/\r\n/base16/\r\n${text.slice(-64)}\r\n\r\n`)).toEqual(key)
  expect(readSwarmKey(`/key/swarm/psk/1.0.0/\n/base64/\n${Buffer.from(key).toString('base64')}`)).toEqual(key)
})

test.each([
  '',
  'hello',
  '/key/swarm/psk/2.0.0/\n/base16/\n' + '00'.repeat(32),
  '/key/swarm/psk/1.0.0/\n/base32/\n' + '00'.repeat(32),
  '/key/swarm/psk/1.0.0/\n/base16/\n' + '00'.repeat(31),
  '/key/swarm/psk/1.0.0/\n/base16/\n' + 'zz'.repeat(32),
  '/key/swarm/psk/1.0.0/\n/base16/\n' + '00'.repeat(32) + '\nmore',
])('refuses %j', (text) => {
  expect(() => readSwarmKey(text)).toThrow(expect.toSatisfy((error: unknown) => isCairnError(error, 'INVALID')))
})
