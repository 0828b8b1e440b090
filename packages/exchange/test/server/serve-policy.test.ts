import { createBlock, RAW_CODE } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { WANTS_MAX } from '../../src/server/limits.ts'
import { servePolicy } from '../../src/server/serve-policy.ts'
import { openWorld, randomBlocks, want } from '../peer.ts'

const [block] = [createBlock(Buffer.from('hello'), { codec: RAW_CODE })]
const sameBlock = CID.createV1(0x71, block.cid.multihash)
const other = createBlock(Buffer.from('other'), { codec: RAW_CODE }).cid

test.each([
  [{}, true],
  [{ denyPeers: ['p'] }, false],
  [{ denyPeers: ['q'] }, true],
  [{ allowPeers: ['q'] }, false],
  [{ allowPeers: ['p'] }, true],
  [{ allowPeers: [] }, false],
  [{ allowPeers: ['p'], denyPeers: ['p'] }, false],
  [{ denyCids: [sameBlock] }, false],
  [{ allowCids: [sameBlock] }, true],
  [{ allowCids: [other] }, false],
  [{ allowCids: [block.cid], denyPeers: ['p'] }, false],
])('by the lists %j a block is served: %s', (lists, isServed) => {
  expect(servePolicy(lists).mayServe('p', block.cid)).toBe(isServed)
})

test('what is denied looks as if it were not there, until the policy changes', async () => {
  const world = openWorld()
  const server = world.peer('server', { policy: servePolicy({ denyCids: [block.cid] }) })
  const client = world.actor('client')
  server.put([block])
  world.network.connect('server', 'client')
  const entries = [want(block.cid), want(sameBlock, { type: 'have' })]
  await client.send('server', { wants: entries })
  await world.clock.pass(100)
  expect(client.received.flatMap(({ presences }) => presences.map(({ has }) => has))).toEqual([false, false])
  server.put([block])
  await world.clock.pass(100)
  expect(client.received.flatMap(({ blocks }) => blocks)).toEqual([])
  expect(server.bitswap.wantsOf('client').map(String)).toEqual([block.cid, sameBlock].map(String))
  server.bitswap.setPolicy(servePolicy({}))
  await world.clock.pass(100)
  expect(client.received.flatMap(({ blocks }) => blocks.map(({ bytes }) => Buffer.from(bytes).toString()))).toContain(
    'hello',
  )
  expect(server.bitswap.wantsOf('client')).toEqual([])
})

test('many peers with many wants share the room, and an honest one among them is served', async () => {
  const world = openWorld()
  const server = world.peer('server')
  const wanted = randomBlocks(200, 2000)
  server.put(wanted)
  const greedy = Array.from({ length: 40 }, (_, index) => world.actor(`greedy ${index}`))
  for (const [index, { send }] of greedy.entries()) {
    world.network.connect('server', `greedy ${index}`)
    for (let part = 0; part < 5; part++) {
      const missing = Array.from({ length: 900 }, (__, count) => randomCid(index * 10_000 + part * 1000 + count))
      await send('server', { wants: missing.map((cid) => want(cid)) })
    }
  }
  await world.clock.pass(1000)
  const remembered = (): number[] => greedy.map((_, index) => server.bitswap.wantsOf(`greedy ${index}`).length)
  expect(remembered().reduce((sum, count) => sum + count)).toBeLessThanOrEqual(WANTS_MAX)
  expect(Math.min(...remembered())).toBeGreaterThan(WANTS_MAX / 50)
  const honest = world.peer('honest')
  world.network.connect('server', 'honest')
  const start = world.clock.now()
  await world.clock.settle(Promise.all(wanted.map(({ cid }) => honest.bitswap.fetch(cid))))
  expect(world.clock.now() - start).toBeLessThan(1000)
})

function randomCid(index: number): CID {
  const digest = Buffer.alloc(34)
  digest.set([0x12, 0x20])
  digest.writeUInt32LE(index, 2)
  return CID.decode(Buffer.concat([Buffer.from([1, 0x55]), digest]))
}
