// Whole scenarios from a seed: who has what, how links behave, who lies, stalls, leaves and joins. Whatever happens, each
// want ends with the right bytes once an honest peer that has the block can be reached.
import { blockKey, verifyBlock, type Block } from '@cairn/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openWorld, randomBlocks, type Peer, type World } from './peer.ts'
import { randomFrom } from './virtual-network.ts'

interface Scenario {
  readonly world: World
  readonly random: () => number
  readonly honest: readonly Peer[]
  readonly hostile: readonly Peer[]
  readonly blocks: readonly Block[]
}

function openScenario(seed: number): Scenario {
  const world = openWorld(seed)
  const random = randomFrom(seed + 1)
  const honest = Array.from({ length: 2 + Math.floor(random() * 4) }, (_, index) => world.peer(`honest${index}`))
  const hostile = Array.from({ length: Math.floor(random() * 3) }, (_, index) => world.peer(`hostile${index}`))
  const blocks = [0, 300, 5000, 60_000].flatMap((bytes, index) =>
    randomBlocks(bytes === 0 ? 1 : 1 + random() * 15, bytes, index),
  )
  for (const block of blocks) {
    honest[Math.floor(random() * honest.length)]?.put([block])
    for (const peer of [...honest, ...hostile]) if (random() < 0.4) peer.put([block])
  }
  for (const { node } of hostile) {
    const isLiar = random() < 0.5
    node.tamper = (message) => {
      if (!isLiar) return random() < 0.3 ? [message] : []
      const wrong = message.slice()
      if (wrong.length > 200) wrong[wrong.length - 1] = random() * 256
      return [wrong]
    }
  }
  return { world, random, honest, hostile, blocks }
}

function connect({ world, random }: Scenario, a: Peer, b: Peer): void {
  const quality = { delayMs: random() * 100, jitterMs: random() * 20, bytesPerMs: 10 ** (1 + random() * 4) }
  if (a !== b) world.network.connect(a.id, b.id, quality)
}

/** Links fail and come back, some callers give up, while the fetches run. */
async function disturb(scenario: Scenario, controllers: readonly AbortController[]): Promise<void> {
  const { world, random, honest, hostile } = scenario
  const peers = [...honest, ...hostile]
  const pick = (): Peer => peers[Math.floor(random() * peers.length)] as Peer
  for (let step = 0; step < 15; step++) {
    await world.clock.pass(random() * 300)
    const [a, b] = [pick(), pick()]
    if (random() < 0.4) world.network.disconnect(a.id, b.id)
    else connect(scenario, a, b)
    if (random() < 0.3) controllers[Math.floor(random() * controllers.length)]?.abort()
  }
}

async function play(seed: number): Promise<string> {
  const scenario = openScenario(seed)
  const { world, random, honest, blocks } = scenario
  const jobs = honest.flatMap((peer) =>
    blocks.filter((block) => !peer.store.has(block.cid)).map((block) => ({ peer, block })),
  )
  const controllers = jobs.map(() => new AbortController())
  const fetches = jobs.map(async ({ peer, block }, index) => {
    await new Promise<void>((resolve) => void world.clock.after(random() * 1000, resolve))
    const got = await peer.bitswap.fetch(block.cid, { signal: controllers[index]?.signal })
    peer.put([verifyBlock(block.cid, got.bytes)])
    return got
  })
  const outcomes = Promise.allSettled(fetches)
  await disturb(scenario, controllers)
  for (const a of honest) for (const b of honest) connect(scenario, a, b)
  const ended = await world.clock.settle(outcomes)
  for (const [index, outcome] of ended.entries()) {
    if (outcome.status === 'fulfilled')
      expect(blockKey(outcome.value.cid)).toBe(blockKey(jobs[index]?.block.cid ?? outcome.value.cid))
    else expect(outcome.reason).toBe(controllers[index]?.signal.reason)
  }
  for (const { bitswap, node } of honest) {
    expect(bitswap.stats().wantlist).toEqual([])
    expect(node.resets.filter(([peer]) => peer.startsWith('honest'))).toEqual([])
    await bitswap.close()
  }
  return world.network.log.join('\n')
}

test('every want ends when an honest peer that has the block can be reached', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      await play(seed)
    }),
    { numRuns: 120 },
  )
})

test('a seed replays to the same log', async () => {
  for (const seed of [3, 77]) expect(await play(seed)).toBe(await play(seed))
})
