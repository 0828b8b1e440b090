import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createBlock, DAG_PB_CODE, RAW_CODE, relabelBlock, type Block } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import { PINNED_BYTES_FACTOR } from '../src/limits.ts'
import { REPEAT_MS, SILENCE_MS } from '../src/client/limits.ts'
import { decodeMessage } from '../src/message.ts'
import { openWorld, randomBlocks, type Peer, type World } from './peer.ts'

const KIB = 1024

function fetchAll(world: World, peer: Peer, blocks: readonly Block[]): Promise<Block[]> {
  return world.clock.settle(Promise.all(blocks.map((block) => peer.bitswap.fetch(block.cid))))
}

function expectSame(actual: readonly Block[], expected: readonly Block[]): void {
  expect(actual.map((block) => block.cid.toString())).toEqual(expected.map((block) => block.cid.toString()))
  for (const [index, block] of actual.entries())
    expect(Buffer.compare(block.bytes, expected[index]?.bytes ?? new Uint8Array())).toBe(0)
}

describe('fetching', () => {
  test('gets one block', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = randomBlocks(1, 1000)
    b.put(blocks)
    world.network.connect('a', 'b')
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(a.bitswap.stats()).toMatchObject({
      blocksReceived: 1,
      dataReceived: 1000,
      dupBlksReceived: 0,
      wantlist: [],
      peers: ['b'],
    })
    expect(b.bitswap.stats()).toMatchObject({ blocksSent: 1, dataSent: 1000 })
  })

  test('gets many blocks and asks for all of one turn in one message', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = randomBlocks(100, 20 * KIB)
    b.put(blocks)
    world.network.connect('a', 'b')
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(a.bitswap.stats()).toMatchObject({ blocksReceived: 100, unaskedBlksReceived: 0 })
    expect(a.bitswap.stats().messagesSent).toBeLessThanOrEqual(4)
  })

  test('knows what every peer has said that it lacks', async () => {
    const world = openWorld()
    const [a, b, silent] = [world.peer('a'), world.peer('b'), world.actor('c')]
    const [block] = randomBlocks(1, 1000)
    if (block === undefined) throw new TypeError('one block')
    world.network.connect('a', 'b')
    const fetched = a.bitswap.fetch(block.cid)
    expect(a.bitswap.isLacked(block.cid)).toBe(false)
    await world.clock.pass(100)
    expect(a.bitswap.isLacked(block.cid)).toBe(true)
    world.network.connect('a', 'c')
    await world.clock.pass(100)
    expect(a.bitswap.isLacked(block.cid)).toBe(false)
    await silent.send('a', { presences: [{ cid: block.cid, has: false }] })
    await world.clock.pass(100)
    expect(a.bitswap.isLacked(block.cid)).toBe(true)
    b.put([block])
    await world.clock.settle(fetched)
    expect(a.bitswap.isLacked(block.cid)).toBe(false)
  })

  test('gets the empty block', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = [createBlock(new Uint8Array(0), { codec: RAW_CODE })]
    b.put(blocks)
    world.network.connect('a', 'b')
    expectSame(await fetchAll(world, a, blocks), blocks)
  })

  test('gives the block under the CID that was asked for', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const block = createBlock(Uint8Array.of(10, 0), { codec: DAG_PB_CODE })
    const v0 = CID.createV0(block.cid.multihash as ReturnType<CID['toV0']>['multihash'])
    b.put([block])
    world.network.connect('a', 'b')
    const got = await world.clock.settle(Promise.all([a.bitswap.fetch(v0), a.bitswap.fetch(block.cid)]))
    expectSame(got, [relabelBlock(block, v0), block])
    expect(a.bitswap.stats().blocksReceived).toBe(1)
  })

  test('splits answers so that no message exceeds its target but by one block', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const sizes: number[] = []
    b.node.tamper = (message) => {
      sizes.push(message.length)
      return [message]
    }
    const blocks = [...randomBlocks(5, 2048 * KIB, 1), ...randomBlocks(30, 300 * KIB, 2), ...randomBlocks(500, 100, 3)]
    b.put(blocks)
    world.network.connect('a', 'b')
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(Math.max(...sizes)).toBeLessThan(2200 * KIB)
    expect(sizes.filter((size) => size > 1100 * KIB)).toHaveLength(5)
    expect(Math.max(...b.store.reads)).toBeLessThanOrEqual(2048 * KIB)
  })

  test('shares the work between two providers with few duplicates', async () => {
    const world = openWorld()
    const [a, b, c] = [world.peer('a'), world.peer('b'), world.peer('c')]
    const blocks = randomBlocks(200, 64 * KIB)
    b.put(blocks)
    c.put(blocks)
    for (const id of ['b', 'c']) world.network.connect('a', id, { delayMs: 5, bytesPerMs: 10_000 })
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(a.bitswap.stats().dupBlksReceived).toBeLessThanOrEqual(4)
    for (const peer of [b, c]) expect(peer.bitswap.stats().blocksSent).toBeGreaterThan(60)
  })

  test('gives a faster peer more of the work', async () => {
    const world = openWorld()
    const [a, b, c] = [world.peer('a'), world.peer('b'), world.peer('c')]
    const blocks = randomBlocks(400, 64 * KIB)
    b.put(blocks)
    c.put(blocks)
    world.network.connect('a', 'b', { bytesPerMs: 50_000 })
    world.network.connect('a', 'c', { bytesPerMs: 500 })
    for (let from = 0; from < blocks.length; from += 50) await fetchAll(world, a, blocks.slice(from, from + 50))
    expect(b.bitswap.stats().blocksSent).toBeGreaterThan(3 * c.bitswap.stats().blocksSent)
  })

  test('finds the one peer of many that has the block', async () => {
    const world = openWorld()
    const a = world.peer('a')
    const others = Array.from({ length: 20 }, (_, index) => world.peer(`p${index}`))
    const blocks = randomBlocks(50, 2 * KIB)
    others[13]?.put(blocks)
    for (const { id } of others) world.network.connect('a', id)
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(a.bitswap.stats().dupBlksReceived).toBe(0)
  })

  test('asks a peer that joins later', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    world.peer('c')
    const blocks = randomBlocks(10, 1000)
    b.put(blocks)
    world.network.connect('a', 'c')
    const fetching = Promise.all(blocks.map((block) => a.bitswap.fetch(block.cid)))
    await world.clock.pass(500)
    world.network.connect('a', 'b')
    expectSame(await world.clock.settle(fetching), blocks)
  })

  test('gets a block that comes into the peer later, soon after it is announced', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = randomBlocks(10, 5000)
    world.network.connect('a', 'b')
    const fetching = Promise.all(blocks.map((block) => a.bitswap.fetch(block.cid)))
    await world.clock.pass(2000)
    expect(a.bitswap.stats().wantlist).toHaveLength(10)
    b.put(blocks)
    const start = world.clock.now()
    expectSame(await world.clock.settle(fetching), blocks)
    expect(world.clock.now() - start).toBeLessThan(10)
  })

  test('repeats a want whose message was lost', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = randomBlocks(3, 1000)
    b.put(blocks)
    let lost = 0
    a.node.tamper = (message) => (lost++ === 0 ? [] : [message])
    world.network.connect('a', 'b')
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(lost).toBeGreaterThan(1)
  })
})

test('answers that are lost on a fast link are asked for again as soon as the peer counts as silent', async () => {
  const world = openWorld()
  const [a, b] = [world.peer('a'), world.peer('b')]
  const blocks = randomBlocks(64, 256 * KIB)
  b.put(blocks)
  let answers = 0
  b.node.tamper = (message) => (answers++ < 8 || answers > 16 ? [message] : [])
  world.network.connect('a', 'b')
  expectSame(await fetchAll(world, a, blocks), blocks)
  expect(world.clock.now()).toBeLessThan(2 * SILENCE_MS)
  expect(a.bitswap.stats().dupBlksReceived).toBe(0)
})

describe('a slow link', () => {
  test.each([100, 300, 1000])('of %d bytes a millisecond carries each block once, and never idles', async (rate) => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = randomBlocks(64, 256 * KIB)
    b.put(blocks)
    world.network.connect('a', 'b', { bytesPerMs: rate, delayMs: 20 })
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(a.bitswap.stats()).toMatchObject({ dupBlksReceived: 0, blocksReceived: 64 })
    expect(world.clock.now()).toBeLessThan((1.05 * 64 * 256 * KIB) / rate)
  })

  test('does not make wants that wait for their turn go out twice', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const entries: string[] = []
    a.node.tamper = (message) => {
      entries.push(...decodeMessage(message).wants.map(({ cid }) => cid.toString()))
      return [message]
    }
    const blocks = randomBlocks(1500, 64 * KIB)
    b.put(blocks)
    world.network.connect('a', 'b', { bytesPerMs: 1500, delayMs: 20 })
    expectSame(await fetchAll(world, a, blocks), blocks)
    expect(world.clock.now()).toBeGreaterThan(2 * REPEAT_MS)
    expect(entries).toHaveLength(blocks.length)
  })
})

test('a small block does not keep the message in memory that it came in', async () => {
  const world = openWorld()
  const [a, b] = [world.peer('a'), world.peer('b')]
  const blocks = randomBlocks(100, KIB)
  b.put(blocks)
  world.network.connect('a', 'b')
  const got = await fetchAll(world, a, blocks)
  expect(Math.max(...got.map(({ bytes }) => bytes.buffer.byteLength))).toBeLessThanOrEqual(PINNED_BYTES_FACTOR * KIB)
})

describe('ending', () => {
  test('an abort cancels at the peer and forgets the want', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.actor('b')]
    const [block] = randomBlocks(1, 1000)
    if (block === undefined) throw new Error('no block')
    world.network.connect('a', 'b')
    const [one, two] = [new AbortController(), new AbortController()]
    const fetches = [one, two].map(({ signal }) => a.bitswap.fetch(block.cid, { signal }))
    const outcomes = Promise.allSettled(fetches)
    await world.clock.pass(10)
    one.abort(new Error('first'))
    await world.clock.pass(10)
    expect(b.received.flatMap(({ wants }) => wants).map(({ cancel }) => cancel)).toEqual([false])
    two.abort(new Error('second'))
    await world.clock.settle(outcomes)
    await world.clock.pass(10)
    expect(b.received.flatMap(({ wants }) => wants).map(({ cancel }) => cancel)).toEqual([false, true])
    expect(a.bitswap.stats().wantlist).toEqual([])
    await expect(fetches[0]).rejects.toBe(one.signal.reason)
    await expect(fetches[1]).rejects.toBe(two.signal.reason)
  })

  test('a want that was given up is forgotten, also where there is no peer', async () => {
    const world = openWorld()
    const { bitswap } = world.peer('a')
    const controller = new AbortController()
    const fetching = Array.from({ length: 100 }, (_, index) => {
      const [block] = randomBlocks(1, 100, index)
      const cid = block?.cid ?? CID.parse('bafkqaaa')
      return { ref: new WeakRef(cid), done: bitswap.fetch(cid, { signal: controller.signal }) }
    })
    controller.abort()
    await world.clock.settle(Promise.allSettled(fetching.map(({ done }) => done)))
    await world.clock.pass(100)
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect === 'function') collect()
    await world.clock.pass(100)
    if (typeof collect === 'function') collect()
    expect(fetching.filter(({ ref }) => ref.deref() !== undefined)).toHaveLength(0)
    expect(bitswap.stats().wantlist).toEqual([])
  })

  test('an abort of one caller leaves the other its block', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = randomBlocks(1, 1000)
    const cid = blocks[0]?.cid ?? CID.parse('bafkqaaa')
    const controller = new AbortController()
    const aborted = a.bitswap.fetch(cid, { signal: controller.signal }).catch((error: unknown) => error)
    const fetching = a.bitswap.fetch(cid)
    controller.abort()
    expect(await aborted).toBe(controller.signal.reason)
    b.put(blocks)
    world.network.connect('a', 'b')
    expectSame([await world.clock.settle(fetching)], blocks)
  })

  test('the others that were asked are told to forget once the block is here', async () => {
    const world = openWorld()
    const [a, b, c] = [world.peer('a'), world.peer('b'), world.actor('c')]
    const blocks = randomBlocks(1, 5000)
    b.put(blocks)
    world.network.connect('a', 'b')
    world.network.connect('a', 'c')
    await fetchAll(world, a, blocks)
    await world.clock.pass(10)
    const heard = c.received.flatMap(({ wants }) => wants)
    expect(heard.map(({ type, cancel }) => [type, cancel])).toEqual([
      ['have', false],
      ['block', true],
    ])
  })

  test('close ends fetches with UNAVAILABLE, and later ones too', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const [block] = randomBlocks(1, 10)
    if (block === undefined) throw new Error('no block')
    world.network.connect('a', 'b')
    const outcome = a.bitswap.fetch(block.cid).catch((error: unknown) => error)
    await world.clock.pass(10)
    await a.bitswap.close()
    await b.bitswap.close()
    expect(await outcome).toMatchObject({ code: 'UNAVAILABLE' })
    await expect(a.bitswap.fetch(block.cid)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(world.clock.run(() => false)).rejects.toThrow('left to happen')
  })

  test('refuses at once what cannot be fetched', async () => {
    const { bitswap } = openWorld().peer('a')
    const sha1 = CID.parse('baf4bcfg3k4vq6nlgkw5rldu3zfyzeqzcs3apm4i')
    await expect(bitswap.fetch(sha1)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect((await bitswap.fetch(CID.parse('bafkqaaa'))).bytes).toHaveLength(0)
    await expect(bitswap.fetch(sha1, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
  })
})

describe('losing peers', () => {
  test('a disconnect with 200 blocks outstanding moves them to the other peer', async () => {
    const world = openWorld()
    const [a, b, c] = [world.peer('a'), world.peer('b'), world.peer('c')]
    const blocks = randomBlocks(200, 16 * KIB)
    b.put(blocks)
    c.put(blocks)
    world.network.connect('a', 'b', { bytesPerMs: 1000 })
    const fetching = Promise.all(blocks.map((block) => a.bitswap.fetch(block.cid)))
    await world.clock.pass(100)
    expect(a.bitswap.stats().wantlist.length).toBeGreaterThan(0)
    world.network.connect('a', 'c')
    world.network.disconnect('a', 'b')
    expectSame(await world.clock.settle(fetching), blocks)
  })

  test('the only peer may come back', async () => {
    const world = openWorld()
    const [a, b] = [world.peer('a'), world.peer('b')]
    const blocks = randomBlocks(200, 16 * KIB)
    b.put(blocks)
    world.network.connect('a', 'b', { bytesPerMs: 1000 })
    const fetching = Promise.all(blocks.map((block) => a.bitswap.fetch(block.cid)))
    await world.clock.pass(1000)
    world.network.disconnect('a', 'b')
    await world.clock.pass(1000)
    world.network.connect('a', 'b')
    expectSame(await world.clock.settle(fetching), blocks)
  })

  test('a peer that goes silent loses its work to another', async () => {
    const world = openWorld()
    const [a, b, c] = [world.peer('a'), world.peer('b'), world.peer('c')]
    const blocks = randomBlocks(20, 16 * KIB)
    b.put(blocks)
    c.put(blocks)
    b.node.tamper = () => []
    world.network.connect('a', 'b')
    const fetching = Promise.all(blocks.map((block) => a.bitswap.fetch(block.cid)))
    await world.clock.pass(100)
    world.network.connect('a', 'c')
    expectSame(await world.clock.settle(fetching), blocks)
    expect(world.clock.now()).toBeLessThan(10_000)
    expect(a.node.resets).toEqual([])
  })
})

test('the same seed gives the same log', async () => {
  const logs = [1, 1, 2].map(async (seed) => {
    const world = openWorld(seed)
    const [a, b, c] = [world.peer('a'), world.peer('b'), world.peer('c')]
    const blocks = randomBlocks(60, 10 * KIB)
    b.put(blocks.slice(20))
    c.put(blocks.slice(0, 40))
    for (const id of ['b', 'c']) world.network.connect('a', id, { jitterMs: 20, bytesPerMs: 500 })
    await fetchAll(world, a, blocks)
    return world.network.log.join('\n')
  })
  const [first, again, other] = await Promise.all(logs)
  expect(again).toBe(first)
  expect(other).not.toBe(first)
})
