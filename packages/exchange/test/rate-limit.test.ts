import { describe, expect, test } from 'vitest'
import { ANSWER_BYTES, LIMITED_ANSWER_BYTES_MIN, RATE_BURST_MS, RATE_LOOK_MS } from '../src/limits.ts'
import { RateLimiter, type RatePlan } from '../src/rate-limit.ts'
import { openWorld, randomBlocks, type Peer, type World } from './peer.ts'
import { VirtualClock } from './virtual-clock.ts'

const MB = 1_000_000
const DAY = 24 * 60

function limiterOf(plan: RatePlan, { clock = new VirtualClock(), week = { minute: 0 } } = {}): RateLimiter {
  return new RateLimiter({ clock, weekMinute: () => week.minute, isLocal: (peer) => peer.startsWith('local') }, plan)
}

/** Milliseconds until all blocks of `from` are at `to`. */
async function timeOf(world: World, from: Peer, to: readonly Peer[]): Promise<number> {
  const blocks = randomBlocks(40, 100_000)
  from.put(blocks)
  for (const peer of to) world.network.connect(from.id, peer.id)
  const start = world.clock.now()
  await world.clock.settle(Promise.all(to.flatMap((peer) => blocks.map(({ cid }) => peer.bitswap.fetch(cid)))))
  return world.clock.now() - start
}

test('nobody waits without a limit', () => {
  const limiter = limiterOf({})
  limiter.charge('a', 'up', 1e12)
  expect(limiter.waitMs('a', 'up')).toBe(0)
  expect(limiter.answerBytes('a', ANSWER_BYTES)).toBe(ANSWER_BYTES)
})

test('what is owed is waited for, and a pause earns no more than a burst', async () => {
  const clock = new VirtualClock()
  const limiter = limiterOf({ up: MB }, { clock })
  expect(limiter.waitMs('a', 'up')).toBe(0)
  limiter.charge('a', 'up', (MB * RATE_BURST_MS) / 1000 + MB / 2)
  expect(limiter.waitMs('a', 'up')).toBeCloseTo(500, -1)
  expect(limiter.waitMs('b', 'up')).toBeCloseTo(500, -1)
  expect(limiter.waitMs('a', 'down')).toBe(0)
  await clock.pass(501)
  expect(limiter.waitMs('a', 'up')).toBe(0)
  await clock.pass(3_000_000)
  limiter.charge('a', 'up', (MB * RATE_BURST_MS) / 1000)
  expect(limiter.waitMs('a', 'up')).toBeGreaterThan(0)
  limiter.charge('a', 'up', 100 * MB)
  expect(limiter.waitMs('a', 'up')).toBe(RATE_LOOK_MS)
  limiter.charge('a', 'up', -101 * MB)
  expect(limiter.waitMs('a', 'up')).toBe(0)
})

test('a limit for each peer is not shared, and goes with the peer', () => {
  const limiter = limiterOf({ peerDown: MB })
  limiter.charge('a', 'down', 10 * MB)
  expect(limiter.waitMs('a', 'down')).toBeGreaterThan(0)
  expect(limiter.waitMs('b', 'down')).toBe(0)
  limiter.forget('a')
  expect(limiter.waitMs('a', 'down')).toBe(0)
})

test('local peers are exempt only when the plan says so, and cost the others nothing', () => {
  const exempt = limiterOf({ up: MB, exemptLocal: true })
  exempt.charge('local', 'up', 100 * MB)
  expect([exempt.waitMs('local', 'up'), exempt.waitMs('far', 'up')]).toEqual([0, 0])
  const strict = limiterOf({ up: MB })
  strict.charge('local', 'up', 100 * MB)
  expect(strict.waitMs('local', 'up')).toBeGreaterThan(0)
})

test('answers are small on slow limits', () => {
  expect(limiterOf({ up: MB }).answerBytes('a', ANSWER_BYTES)).toBe((MB * RATE_BURST_MS) / 1000)
  expect(limiterOf({ up: 1000 }).answerBytes('a', ANSWER_BYTES)).toBe(LIMITED_ANSWER_BYTES_MIN)
  expect(limiterOf({ up: 1000 * MB, peerUp: MB }).answerBytes('a', ANSWER_BYTES)).toBe((MB * RATE_BURST_MS) / 1000)
})

describe('a schedule', () => {
  const plan: RatePlan = {
    up: 1,
    schedule: [
      { fromMinute: DAY + 9 * 60, toMinute: DAY + 17 * 60, up: 2 },
      { fromMinute: 6 * DAY + 22 * 60, toMinute: 6 * 60, up: 3 },
    ],
  }
  test.each([
    [DAY + 9 * 60 - 1, 1],
    [DAY + 9 * 60, 2],
    [DAY + 17 * 60 - 1, 2],
    [DAY + 17 * 60, 1],
    [6 * DAY + 22 * 60, 3],
    [0, 3],
    [6 * 60 - 1, 3],
    [6 * 60, 1],
  ])('at minute %d of the week the limit is %d', (minute, up) => {
    expect(limiterOf(plan, { week: { minute } }).limits.up).toBe(up)
  })

  test('lets a waiting peer go within a second of the change', async () => {
    const [clock, week] = [new VirtualClock(), { minute: 0 }]
    const limiter = limiterOf({ up: 1, schedule: [{ fromMinute: 60, toMinute: 120 }] }, { clock, week })
    limiter.charge('a', 'up', MB)
    const passed = limiter.pass('a', 'up', () => false)
    await clock.pass(10_000)
    week.minute = 60
    const from = clock.now()
    await clock.settle(passed)
    expect(clock.now() - from).toBeLessThanOrEqual(RATE_LOOK_MS)
  })
})

describe('between peers', () => {
  test('4 MB take 4 s through a limit of 1 MB/s for uploads', async () => {
    const world = openWorld()
    const limiter = limiterOf({ up: MB }, world)
    const ms = await timeOf(world, world.peer('a', { limiter }), [world.peer('b')])
    expect(ms).toBeGreaterThan(3500)
    expect(ms).toBeLessThan(4400)
  })

  test('two peers share that limit evenly', async () => {
    const world = openWorld()
    const limiter = limiterOf({ up: MB }, world)
    const [seed, b, c] = [world.peer('a', { limiter }), world.peer('b'), world.peer('c')]
    const done = timeOf(world, seed, [b, c])
    await world.clock.pass(4000)
    const [first, second] = [b, c].map(({ bitswap }) => bitswap.stats().dataReceived)
    expect(Math.abs((first ?? 0) - (second ?? 0))).toBeLessThan(0.2 * MB)
    expect((first ?? 0) + (second ?? 0)).toBeLessThan(4.5 * MB)
    await done
  })

  test('a limit for downloads holds, in all or for the one peer', async () => {
    for (const plan of [{ down: MB }, { peerDown: MB }]) {
      const world = openWorld()
      const limiter = limiterOf(plan, world)
      const ms = await timeOf(world, world.peer('a'), [world.peer('b', { limiter })])
      // The last message, of up to 1 MiB, and a burst need not wait.
      expect(ms).toBeGreaterThan(2700)
      expect(ms).toBeLessThan(4500)
    }
  })

  test('a limit that is lifted counts for those who wait', async () => {
    const world = openWorld()
    const limiter = limiterOf({ up: 1000 }, world)
    const done = timeOf(world, world.peer('a', { limiter }), [world.peer('b')])
    await world.clock.pass(3000)
    limiter.setPlan({})
    expect(await done).toBeLessThan(6000)
  })

  test('a low limit for downloads makes no honest peer look silent, and nothing come twice', async () => {
    const world = openWorld()
    const limiter = limiterOf({ down: 100_000 }, world)
    const [reader, seeds] = [world.peer('reader', { limiter }), ['b', 'c'].map((id) => world.peer(id))]
    // An answer of 1 MB takes 10 s of the limit, longer than a silent peer has.
    const blocks = randomBlocks(12, 250_000)
    for (const seed of seeds) seed.put(blocks)
    for (const { id } of seeds) world.network.connect(reader.id, id)
    const start = world.clock.now()
    await world.clock.settle(Promise.all(blocks.map(({ cid }) => reader.bitswap.fetch(cid))))
    expect(world.clock.now() - start).toBeGreaterThan(20_000)
    const { refused, dupBlksReceived } = reader.bitswap.stats()
    expect(refused['peer-silent']).toBe(0)
    expect(dupBlksReceived).toBe(0)
  })

  test('who waits for a rate is not taken for slow', async () => {
    const world = openWorld()
    const limiter = limiterOf({ up: 20_000 }, world)
    const [a, b] = [world.peer('a', { limiter }), world.peer('b')]
    await timeOf(world, a, [b])
    expect(a.node.resets).toEqual([])
    expect(b.bitswap.stats().dupBlksReceived).toBe(0)
  })
})
