// A block that somebody waits for now comes before those that are read ahead, also where all were asked for already.
import type { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { openWorld, randomBlocks } from '../peer.ts'

const BLOCK_BYTES = 256 * 1024
/** Forty blocks take two seconds. */
const BYTES_PER_MS = 5000
/** When the window has grown to some twenty blocks. */
const HASTE_MS = 500

/** Fetches forty blocks over a slow line, and hastens one after a while. Gives how often it was asked for, and which came in which order. */
async function hasten(index: number) {
  const world = openWorld()
  const [a, b] = [world.peer('a'), world.peer('b')]
  const blocks = randomBlocks(40, BLOCK_BYTES)
  b.put(blocks)
  b.node.limit({ upBytesPerMs: BYTES_PER_MS })
  const indexOf = (cid: CID): number => blocks.findIndex((block) => block.cid.equals(cid))
  const [came, asked]: [number[], number[]] = [[], []]
  a.bitswap.observe((event) => {
    if (event.kind === 'received' && event.cid !== undefined) came.push(indexOf(event.cid))
    if (event.kind === 'asked') asked.push(indexOf(event.cid))
  })
  world.network.connect('a', 'b', { delayMs: 10 })
  const all = blocks.map(({ cid }) => a.bitswap.fetch(cid))
  await world.clock.pass(HASTE_MS)
  const before = { asked: asked.includes(index), came: came.length }
  const cid = blocks[index]?.cid
  if (cid !== undefined) all.push(a.bitswap.fetch(cid, { urgent: true }))
  await world.clock.settle(Promise.all(all))
  return { before, askedTimes: asked.filter((one) => one === index).length, came, stats: a.bitswap.stats() }
}

test('a block that was asked for behind many is told again, and comes before them, once', async () => {
  const { before, askedTimes, came, stats } = await hasten(26)
  expect(before.asked).toBe(true)
  expect(before.came).toBeLessThan(12)
  expect(askedTimes).toBe(2)
  expect(came.indexOf(26)).toBeLessThan(20)
  expect(stats).toMatchObject({ blocksReceived: 40, dupBlksReceived: 0 })
})

test('a block that waits in the queue is asked for once, before the others that do', async () => {
  const { before, askedTimes, came } = await hasten(39)
  expect(before.asked).toBe(false)
  expect(askedTimes).toBe(1)
  expect(came.indexOf(39)).toBeLessThan(35)
})

test('a block that is about to come is not told again', async () => {
  const { before, askedTimes, came } = await hasten(9)
  expect(before.asked).toBe(true)
  expect(before.came).toBeLessThan(10)
  expect(askedTimes).toBe(1)
  expect(came).toHaveLength(40)
})
