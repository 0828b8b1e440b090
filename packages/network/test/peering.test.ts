import type { Clock } from '@cairn/core'
import { afterEach, expect, test } from 'vitest'
import { REDIAL_FACTOR, REDIAL_MS, REDIAL_MS_MAX } from '../src/limits.ts'
import { Peering, type PeeringParts, type PeeringPeer } from '../src/peering.ts'
import { addressOf, Hosts, placeOf } from './open-host.ts'
import { generateIdentity } from '../src/identity/identity.ts'

const hosts = new Hosts()
afterEach(() => hosts.close())

/** Holds what is to happen later, and does it when told to. */
class ManualClock implements Clock {
  #now = 0
  readonly waiting: { readonly at: number; readonly action: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(delayMs: number, action: () => void): () => void {
    const entry = { at: this.#now + delayMs, action }
    this.waiting.push(entry)
    return () => void this.waiting.splice(this.waiting.indexOf(entry), 1)
  }

  /** Turns to the next thing that is to happen, does it, and gives how long that was away. */
  async next(): Promise<number> {
    const [entry] = this.waiting.toSorted((a, b) => a.at - b.at)
    if (entry === undefined) throw new Error('nothing is waiting')
    this.waiting.splice(this.waiting.indexOf(entry), 1)
    const passed = entry.at - this.#now
    this.#now = entry.at
    entry.action()
    await settled()
    return passed
  }
}

/** A network where peers can be reached or not. */
class Reach implements PeeringParts {
  readonly clock = new ManualClock()
  readonly reachable = new Set<string>()
  readonly up = new Set<string>()
  readonly dials: string[] = []
  readonly spared = new Set<string>()

  async connect({ peer }: PeeringPeer): Promise<void> {
    this.dials.push(peer)
    if (!this.reachable.has(peer)) throw new Error('not there')
    this.up.add(peer)
  }

  async spare(peer: string, isSpared: boolean): Promise<void> {
    if (isSpared) this.spared.add(peer)
    else this.spared.delete(peer)
  }

  isConnected(peer: string): boolean {
    return this.up.has(peer)
  }

  random(): number {
    return 0.5
  }
}

test('waits longer after each dial that fails, up to a bound, and no more once connected', async () => {
  const reach = new Reach()
  const peering = new Peering(reach)
  peering.setPeers([{ peer: 'a', addresses: [] }])
  await settled()
  const waits: number[] = []
  for (let count = 0; count < 20; count++) waits.push(await reach.clock.next())
  expect(waits[0]).toBe(REDIAL_MS * REDIAL_FACTOR)
  expect(waits[1]).toBeCloseTo(REDIAL_MS * REDIAL_FACTOR ** 2)
  expect(waits.at(-1)).toBeCloseTo(REDIAL_MS_MAX)
  expect(Math.max(...waits)).toBeLessThanOrEqual(REDIAL_MS_MAX + 0.001)
  reach.reachable.add('a')
  await reach.clock.next()
  expect(reach.up.has('a')).toBe(true)
  expect(reach.clock.waiting).toEqual([])
  reach.up.delete('a')
  peering.disconnected('a')
  peering.disconnected('a')
  expect(reach.clock.waiting).toHaveLength(1)
  expect(await reach.clock.next()).toBe(REDIAL_MS)
})

test('a new list ends what it does not hold, and leaves the others be', async () => {
  const reach = new Reach()
  const peering = new Peering(reach)
  peering.setPeers([
    { peer: 'a', addresses: [] },
    { peer: 'b', addresses: [] },
  ])
  await settled()
  expect(reach.spared).toEqual(new Set(['a', 'b']))
  peering.setPeers([
    { peer: 'b', addresses: [] },
    { peer: 'c', addresses: [] },
  ])
  await settled()
  expect(reach.dials).toEqual(['a', 'b', 'c'])
  expect(reach.spared).toEqual(new Set(['b', 'c']))
  expect(peering.peers.map(({ peer }) => peer)).toEqual(['b', 'c'])
  peering.disconnected('a')
  peering.close()
  expect(reach.clock.waiting).toEqual([])
})

test('connects to a host, and again to one that comes back on its port', async () => {
  const identity = generateIdentity()
  const one = await hosts.open()
  const two = await hosts.open({ identity })
  const [place, address] = [placeOf(two), addressOf(two)]
  const peering = new Peering({
    connect: ({ peer, addresses }, options) => one.connectPeer(peer, addresses, options),
    spare: (peer, isSpared) => one.spare(peer, isSpared),
    isConnected: (peer) => one.isConnected(peer),
    // A hundred times as fast.
    clock: {
      now: () => performance.now(),
      after(delayMs, action) {
        const timer = setTimeout(action, delayMs / 100)
        return () => clearTimeout(timer)
      },
    },
    random: Math.random,
  })
  const unwatch = one.watch({ disconnected: (peer) => peering.disconnected(peer) })
  peering.setPeers([{ peer: two.peerId, addresses: [place, address] }])
  await expect.poll(() => one.isConnected(two.peerId)).toBe(true)
  await two.close()
  await expect.poll(() => one.isConnected(two.peerId)).toBe(false)
  const again = await hosts.open({ identity, listen: [place] })
  await expect.poll(() => one.isConnected(again.peerId), { timeout: 5000 }).toBe(true)
  unwatch()
  peering.close()
})

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
