import { blockKey, createBlock, RAW_CODE, type Block } from '@cairn/core'
import { describe, expect, test } from 'vitest'
import { LATE_ANSWERS_MAX, LATE_MS, LEDGER_WANTS_MAX } from '../../src/server/limits.ts'
import { encodeMessage } from '../../src/message.ts'
import { openWorld, randomBlocks, want, type Actor, type Peer, type World } from '../peer.ts'

interface Scene {
  readonly world: World
  readonly server: Peer
  readonly client: Actor
}

function openScene(): Scene {
  const world = openWorld()
  const scene = { world, server: world.peer('server'), client: world.actor('client') }
  world.network.connect('server', 'client')
  return scene
}

function received({ client }: Scene): { blocks: Buffer[]; has: string[]; lacks: string[] } {
  const presences = client.received.flatMap((message) => message.presences)
  return {
    blocks: client.received.flatMap(({ blocks }) => blocks.map(({ bytes }) => Buffer.from(bytes))),
    has: presences.filter(({ has }) => has).map(({ cid }) => cid.toString()),
    lacks: presences.filter(({ has }) => !has).map(({ cid }) => cid.toString()),
  }
}

function one(bytes: number, seed = 1): Block {
  const [block] = randomBlocks(1, bytes, seed)
  return block ?? createBlock(new Uint8Array(bytes), { codec: RAW_CODE })
}

describe('answers', () => {
  test('WANT-HAVE with HAVE, DONT_HAVE or a small block', async () => {
    const scene = openScene()
    const [large, small, empty, absent] = [
      one(1025),
      one(1024, 2),
      createBlock(new Uint8Array(0), { codec: RAW_CODE }),
      one(9, 3),
    ]
    scene.server.put([large, small, empty])
    const blocks = [large, small, empty, absent]
    await scene.client.send('server', { wants: blocks.map(({ cid }) => want(cid, { type: 'have' })) })
    await scene.world.clock.pass(100)
    const seen = received(scene)
    expect(seen.blocks.map(({ length }) => length)).toEqual([1024, 0])
    expect(seen).toMatchObject({ has: [large.cid.toString()], lacks: [absent.cid.toString()] })
  })

  test('nothing for a block that is not there unless DONT_HAVE is asked for', async () => {
    const scene = openScene()
    await scene.client.send('server', { wants: [want(one(10).cid, { sendDontHave: false })] })
    await scene.world.clock.pass(100)
    expect(scene.client.received).toEqual([])
  })

  test('in the order of priority, and says what is pending', async () => {
    const scene = openScene()
    const blocks = randomBlocks(8, 500 * 1024)
    scene.server.put(blocks)
    const wants = blocks.map(({ cid }, index) => want(cid, { priority: index }))
    await scene.client.send('server', { wants })
    await scene.world.clock.pass(1000)
    const start = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 64)).toString('hex')
    expect(received(scene).blocks.map(start)).toEqual(blocks.toReversed().map(({ bytes }) => start(bytes)))
    expect(scene.client.received.map(({ pendingBytes }) => pendingBytes)).toEqual(
      [3000, 2000, 1000, 0].map((kib) => kib * 1024),
    )
  })

  test('DONT_HAVE for a block that cannot be read, and the rest all the same', async () => {
    const scene = openScene()
    const blocks = randomBlocks(5, 2000)
    scene.server.put(blocks)
    const bad = blocks[2] ?? one(1)
    scene.server.store.damaged.add(blockKey(bad.cid))
    await scene.client.send('server', { wants: blocks.map(({ cid }) => want(cid)) })
    await scene.world.clock.pass(100)
    const seen = received(scene)
    expect(seen.blocks).toHaveLength(4)
    expect(seen.lacks).toEqual([bad.cid.toString()])
    scene.server.store.damaged.clear()
    scene.server.bitswap.announce([bad.cid])
    await scene.world.clock.pass(100)
    expect(received(scene).blocks).toHaveLength(5)
  })
})

test('peers that take nothing hold up nobody else, and the slowest go when they are too many', async () => {
  const world = openWorld()
  const server = world.peer('server')
  const blocks = randomBlocks(8, 1024 * 1024)
  server.put(blocks)
  // While several are served, each has one answer.
  for (let index = 0; index < LATE_ANSWERS_MAX + 8; index++) {
    const stuck = world.network.node(`stuck${index}`)
    stuck.attach({ connected() {}, disconnected() {}, message: () => new Promise(() => undefined) })
    world.network.connect('server', stuck.self)
    await stuck.send('server', encodeMessage({ wants: blocks.map(({ cid }) => want(cid)) }))
  }
  await world.clock.pass(100)
  const honest = world.peer('honest')
  world.network.connect('server', 'honest')
  const start = world.clock.now()
  await world.clock.settle(Promise.all(blocks.map(({ cid }) => honest.bitswap.fetch(cid))))
  expect(world.clock.now() - start).toBeLessThan(LATE_MS)
  await world.clock.pass(5 * LATE_MS)
  const reset = server.node.resets.map(([peer]) => peer)
  expect(reset.filter((peer) => peer.startsWith('stuck'))).toHaveLength(8)
  expect(reset).toHaveLength(8)
})

describe('wants', () => {
  test('that wait are served as they were asked, once, when the block is announced', async () => {
    const scene = openScene()
    const [block, probed] = [one(2000), one(2000, 2)]
    await scene.client.send('server', {
      wants: [want(block.cid, { type: 'have' }), want(probed.cid, { type: 'have' })],
    })
    await scene.client.send('server', { wants: [want(block.cid)] })
    await scene.world.clock.pass(100)
    scene.server.put([block, probed])
    scene.server.put([block, probed])
    await scene.world.clock.pass(100)
    expect(received(scene).blocks).toEqual([Buffer.from(block.bytes)])
    expect(received(scene).has).toEqual([probed.cid.toString()])
  })

  test('whose block comes while the store is being asked are not lost', async () => {
    const scene = openScene()
    const block = one(2000)
    const size = scene.server.store.size.bind(scene.server.store)
    scene.server.store.size = async (cid) => {
      const before = await size(cid)
      scene.server.store.size = size
      scene.server.put([block])
      return before
    }
    await scene.client.send('server', { wants: [want(block.cid)] })
    await scene.world.clock.pass(100)
    expect(received(scene)).toEqual({ blocks: [Buffer.from(block.bytes)], has: [], lacks: [] })
  })

  test('that are cancelled, replaced by a full list or left by a disconnect are not served', async () => {
    const scene = openScene()
    const blocks = randomBlocks(4, 2000)
    const [cancelled, replaced, kept, late] = blocks.map(({ cid }) => want(cid))
    if (!cancelled || !replaced || !kept || !late) throw new Error('no blocks')
    await scene.client.send('server', { wants: [cancelled, replaced, kept] })
    await scene.client.send('server', { wants: [{ ...cancelled, cancel: true }] })
    await scene.client.send('server', { full: true, wants: [kept, late] })
    await scene.world.clock.pass(100)
    scene.server.put(blocks.slice(0, 3))
    await scene.world.clock.pass(100)
    expect(received(scene).blocks).toEqual([Buffer.from(blocks[2]?.bytes ?? [])])
    scene.world.network.disconnect('server', 'client')
    scene.world.network.connect('server', 'client')
    scene.server.put(blocks)
    await scene.world.clock.pass(100)
    expect(received(scene).blocks).toHaveLength(1)
  })

  test('beyond the bound are refused, or push out those that have waited longest', async () => {
    const scene = openScene()
    const blocks = randomBlocks(LEDGER_WANTS_MAX + 10, 8)
    const wants = blocks.map(({ cid }) => want(cid))
    await scene.client.send('server', { wants })
    await scene.world.clock.pass(100)
    expect(received(scene).lacks).toHaveLength(LEDGER_WANTS_MAX + 10)
    await scene.client.send('server', { wants: wants.slice(-10) })
    await scene.world.clock.pass(100)
    scene.server.put(blocks)
    await scene.world.clock.pass(100)
    const lengths = received(scene).blocks.map((bytes) => bytes.toString('hex'))
    expect(lengths).toHaveLength(LEDGER_WANTS_MAX)
    const last = blocks.slice(-10).map(({ bytes }) => Buffer.from(bytes).toString('hex'))
    expect(lengths).toEqual(expect.arrayContaining(last))
  })
})

test('a peer that wants little is not kept waiting by one that wants much', async () => {
  const { world, server, client } = openScene()
  const other = world.actor('other')
  const blocks = randomBlocks(200, 256 * 1024)
  server.put(blocks)
  world.network.connect('server', 'other')
  await client.send('server', { wants: blocks.map(({ cid }) => want(cid)) })
  await world.clock.pass(50)
  await other.send('server', { wants: [want(blocks[199]?.cid ?? one(1).cid)] })
  await world.clock.run(() => other.received.length > 0)
  const served = client.received.flatMap((message) => message.blocks).length
  expect(served).toBeLessThan(60)
})

test('a peer that takes nothing is reset, and meanwhile holds two answers alone', async () => {
  const { world, server, client } = openScene()
  const deaf = world.actor('deaf')
  deaf.node.attach({ connected() {}, disconnected() {}, message: () => new Promise(() => {}) })
  const blocks = randomBlocks(40, 512 * 1024)
  server.put(blocks)
  world.network.connect('server', 'deaf')
  await deaf.send('server', { wants: blocks.map(({ cid }) => want(cid)) })
  await client.send('server', { wants: blocks.map(({ cid }) => want(cid)) })
  await world.clock.run(() => client.received.flatMap((message) => message.blocks).length === 40)
  expect(server.store.reads.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(42 * 1024 * 1024)
  expect(server.node.resets).toEqual([])
  await world.clock.pass(130_000)
  expect(server.node.resets.map(([peer]) => peer)).toEqual(['deaf'])
})
