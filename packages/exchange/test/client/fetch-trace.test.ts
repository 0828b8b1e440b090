// What a fetch tells of itself is what happened: events in their order, and the reason for which a block is not here.
import type { Block } from '@cairn/core'
import { expect, test } from 'vitest'
import type { FetchEvent, WaitReason } from '../../src/index.ts'
import { SILENCE_MS, SILENCE_SEEN_MS } from '../../src/client/limits.ts'
import { openWorld, randomBlocks, type Peer, type World } from '../peer.ts'

const KIB = 1024

function record(peer: Peer): FetchEvent[] {
  const events: FetchEvent[] = []
  peer.bitswap.observe((event) => events.push(event))
  return events
}

/** Kinds of the events that are about a block, with the peer. */
function story(events: readonly FetchEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'connected') return []
    const about = 'type' in event ? ` ${event.type}` : 'use' in event ? ` ${event.use}` : ''
    return `${event.kind}${about}${'peer' in event ? ` ${event.peer}` : ''}`
  })
}

function only(blocks: readonly Block[]): Block {
  const [block] = blocks
  if (block === undefined) throw new TypeError('one block')
  return block
}

/** Fetches `block` as `peer`, until the test ends. */
function begin(peer: Peer, block: Block): AbortController {
  const stop = new AbortController()
  peer.bitswap.fetch(block.cid, { signal: stop.signal }).catch(() => undefined)
  return stop
}

function reasons(peer: Peer): WaitReason[] {
  return peer.bitswap.standings(10).map(({ reason }) => reason)
}

test('tells what was asked of whom and what came, as often as the counters count it', async () => {
  const world = openWorld()
  const [a, b, c] = [world.peer('a'), world.peer('b'), world.peer('c')]
  const blocks = randomBlocks(20, 20 * KIB)
  b.put(blocks)
  c.put(blocks.slice(10))
  const events = record(a)
  world.network.connect('a', 'b')
  world.network.connect('a', 'c')
  await world.clock.settle(Promise.all(blocks.map(({ cid }) => a.bitswap.fetch(cid))))
  const received = events.filter((event) => event.kind === 'received')
  const bytesOf = (use: string): number =>
    received.filter((event) => event.use === use).reduce((sum, { bytes }) => sum + bytes, 0)
  const stats = a.bitswap.stats()
  expect(received).toHaveLength(stats.blocksReceived)
  expect(bytesOf('wanted')).toBe(20 * 20 * KIB)
  expect(bytesOf('duplicate')).toBe(stats.dupDataReceived)
  for (const { cid } of blocks) {
    const kinds = events.filter((event) => 'cid' in event && event.cid?.equals(cid) === true).map(({ kind }) => kind)
    expect(kinds[0]).toBe('wanted')
    expect(kinds.indexOf('asked')).toBeLessThan(kinds.indexOf('received'))
  }
})

test('tells that a peer lacks a block, and why it waits then', async () => {
  const world = openWorld()
  const [a] = [world.peer('a'), world.peer('b')]
  const block = only(randomBlocks(1, KIB))
  const events = record(a)
  const stop = begin(a, block)
  expect(a.bitswap.standings(10)).toMatchObject([{ reason: 'no peer', asks: [], waitedMs: 0 }])
  world.network.connect('a', 'b')
  await world.clock.pass(100)
  expect(a.bitswap.standings(10)).toMatchObject([
    { reason: 'all lack it', waitedMs: 100, asks: [{ peer: 'b', presence: 'lacks' }] },
  ])
  stop.abort()
  await world.clock.pass(0)
  expect(story(events)).toEqual(['wanted', 'asked block b', 'answered b', 'ended'])
  expect(reasons(a)).toEqual([])
})

test('tells that a peer which said that it has a block is asked, then silent, and that its wants move', async () => {
  const world = openWorld()
  const [a, staller] = [world.peer('a'), world.actor('s')]
  const block = only(randomBlocks(1, KIB))
  const events = record(a)
  world.network.connect('a', 's')
  begin(a, block)
  await world.clock.pass(10)
  await staller.send('a', { presences: [{ cid: block.cid, has: true }] })
  await world.clock.pass(10)
  expect(a.bitswap.standings(10)).toMatchObject([{ reason: 'asked', asks: [{ peer: 's', presence: 'has' }] }])
  await world.clock.pass(2 * SILENCE_SEEN_MS)
  expect(reasons(a)).toEqual(['silent'])
  await world.clock.pass(SILENCE_MS)
  expect(story(events).slice(0, 3)).toEqual(['wanted', 'asked block s', 'answered s'])
  expect(events).toContainEqual(expect.objectContaining({ kind: 'moved', peer: 's', why: 'silent' }))
})

test('tells of blocks that nobody asked for, and that their sender was let go', async () => {
  const world = openWorld()
  const [a, liar] = [world.peer('a'), world.actor('l')]
  const events = record(a)
  world.network.connect('a', 'l')
  await liar.send('a', { blocks: randomBlocks(2, KIB) })
  await world.clock.pass(100)
  expect(story(events)).toEqual(['received unasked l', 'received unasked l', 'refused l', 'disconnected l'])
})

test('tells that whoever could send a block has its window full', async () => {
  const world = openWorld()
  const a = world.peer('a')
  world.actor('s')
  world.network.connect('a', 's')
  const blocks = randomBlocks(20, KIB)
  for (const block of blocks) begin(a, block)
  await world.clock.pass(100)
  // A block is taken for 256 KiB before one has come, and the first window is 1 MiB.
  expect(reasons(a).slice(0, 4)).toEqual(['asked', 'asked', 'asked', 'asked'])
  expect(new Set(a.bitswap.standings(20).map(({ reason }) => reason))).toEqual(new Set(['asked', 'window full']))
  expect(a.bitswap.standings(3)).toHaveLength(3)
})

test('tells nothing to an observer that has left, and all to one that has not', async () => {
  const world: World = openWorld()
  const [a, b] = [world.peer('a'), world.peer('b')]
  const [first, second] = randomBlocks(2, KIB)
  if (first === undefined || second === undefined) throw new TypeError('two blocks')
  b.put([first, second])
  const left: FetchEvent[] = []
  const leave = a.bitswap.observe((event) => left.push(event))
  const stayed = record(a)
  world.network.connect('a', 'b')
  await world.clock.settle(a.bitswap.fetch(first.cid))
  leave()
  const count = left.length
  await world.clock.settle(a.bitswap.fetch(second.cid))
  expect(left).toHaveLength(count)
  expect(stayed.length).toBeGreaterThan(count)
})
