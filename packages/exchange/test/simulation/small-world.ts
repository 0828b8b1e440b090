// One small world from a seed: who has what, how links behave, who means harm, who leaves and joins, who gives up. It
// plays to its end and tells what should not have happened.
import { blockKey, isCairnError, verifyBlock, type Block } from '@cairn/core'
import { openWorld, randomBlocks, type World } from '../peer.ts'
import { randomFrom } from '../virtual-network.ts'
import { openCitizen, type Citizen } from './citizen.ts'
import { HOSTILE_KINDS, playHostile, type HostileKind } from './hostile-peers.ts'
import { WireWatch } from './wire-watch.ts'

/** What came of one seed. */
export interface Outcome {
  /** One line for each thing that should not have happened. */
  readonly violations: readonly string[]
  readonly log: readonly string[]
  /** Milliseconds of virtual time. */
  readonly ms: number
}

/** Milliseconds of virtual time after which every want has ended, once honest peers reach each other. */
const END_MS_MAX = 600_000

interface SmallWorld {
  readonly world: World
  readonly random: () => number
  readonly honest: readonly Citizen[]
  readonly hostile: ReadonlyMap<string, HostileKind>
  readonly blocks: readonly Block[]
}

/** Plays the world of `seed`. Same seed, same outcome, to the last line of the log. */
export async function playSmallWorld(seed: number): Promise<Outcome> {
  const small = openSmallWorld(seed)
  const { world, random, honest, hostile, blocks } = small
  const watch = new WireWatch(world, {
    honest: honest.map(({ id }) => id),
    blocks,
    liars: [...hostile].filter(([, kind]) => kind === 'liar').map(([id]) => id),
  })
  const jobs = honest.flatMap((peer) =>
    blocks.filter(({ cid }) => !peer.store.has(cid) && random() < 0.7).map((block) => ({ peer, block })),
  )
  const controllers = jobs.map(() => new AbortController())
  const fetches = jobs.map(async ({ peer, block }, index) => {
    await new Promise<void>((resolve) => void world.clock.after(random() * 500, resolve))
    return await peer.service.get(block.cid, { signal: controllers[index]?.signal })
  })
  const outcomes = Promise.allSettled(fetches)
  await disturb(small, controllers)
  for (const a of honest) for (const b of honest) connect(small, a.id, b.id)
  const reachedAt = world.clock.now()
  const violations: string[] = []
  const deadline = world.clock.after(END_MS_MAX, () => {
    const late = honest.flatMap(({ id, bitswap }) => bitswap.stats().wantlist.map((cid) => `${id} waits for ${cid}`))
    violations.push(...late)
    for (const { bitswap } of honest) void bitswap.close()
  })
  const ended = await world.clock.settle(outcomes)
  deadline()
  for (const [index, outcome] of ended.entries()) {
    if (outcome.status === 'rejected' && outcome.reason !== controllers[index]?.signal.reason)
      violations.push(String(outcome.reason))
  }
  for (const peer of honest) violations.push(...check(peer, watch))
  await Promise.all(honest.map(({ bitswap }) => bitswap.close()))
  return { violations: [...violations, ...watch.violations], log: world.network.log, ms: world.clock.now() - reachedAt }
}

function openSmallWorld(seed: number): SmallWorld {
  const world = openWorld(seed)
  const random = randomFrom(seed + 1)
  const honest = Array.from({ length: 2 + Math.floor(random() * 3) }, (_, index) =>
    openCitizen(world, `honest${index}`),
  )
  const hostile = new Map<string, HostileKind>()
  for (let index = Math.floor(random() * 4); index > 0; index--) {
    const [id, kind] = [`hostile${index}`, HOSTILE_KINDS[Math.floor(random() * HOSTILE_KINDS.length)] ?? 'liar']
    hostile.set(id, kind)
    playHostile(world, id, { kind, random })
  }
  // Now and then so many blocks that windows fill.
  const many = random() < 0.02 ? 700 : 5
  const blocks = [8, 300, 5000, 40_000].flatMap((bytes, index) => {
    const count = bytes === 8 ? 1 : 1 + random() * (bytes === 300 ? many : 5)
    return randomBlocks(count, bytes, index)
  })
  for (const block of blocks) {
    honest[Math.floor(random() * honest.length)]?.put([block])
    for (const peer of honest) if (random() < 0.3) peer.put([block])
  }
  const small = { world, random, honest, hostile, blocks }
  for (const { node } of honest)
    if (random() < 0.3) node.limit({ upBytesPerMs: 10 ** (2 + 2 * random()), downBytesPerMs: 10 ** (2 + 2 * random()) })
  const ids = everybody(small)
  for (const a of ids) for (const b of ids) if (random() < 0.5) connect(small, a, b)
  return small
}

function everybody({ honest, hostile }: SmallWorld): readonly string[] {
  return [...honest.map(({ id }) => id), ...hostile.keys()]
}

function connect({ world, random }: SmallWorld, a: string, b: string): void {
  const honest = [a, b].filter((id) => id.startsWith('honest')).length
  if (honest === 0) return
  // Honest links carry something; others may let a few bytes drip.
  const least = honest === 2 ? 2 : 0
  const bytesPerMs = 10 ** (least + random() * (4 - least))
  world.network.connect(a, b, { delayMs: random() * 100, jitterMs: random() * 20, bytesPerMs })
}

/** Links fail and come back, peers leave with all of theirs, some callers give up, while the fetches run. */
async function disturb(small: SmallWorld, controllers: readonly AbortController[]): Promise<void> {
  const { world, random } = small
  const ids = everybody(small)
  const pick = (): string => ids[Math.floor(random() * ids.length)] ?? ''
  for (let step = Math.floor(random() * 10); step > 0; step--) {
    await world.clock.pass(random() * 300)
    const [a, b, chance] = [pick(), pick(), random()]
    if (chance < 0.3) world.network.disconnect(a, b)
    else if (chance < 0.4) for (const other of world.network.peersOf(a)) world.network.disconnect(a, other)
    else connect(small, a, b)
    if (random() < 0.3) controllers[Math.floor(random() * controllers.length)]?.abort()
  }
}

/** What is wrong with one honest peer at the end. */
function check({ id, node, store, bitswap }: Citizen, watch: WireWatch): readonly string[] {
  const violations: string[] = []
  const say = (isFine: boolean, violation: string): void => void (isFine || violations.push(`${id} ${violation}`))
  const { wantlist, blocksReceived, dupBlksReceived, unaskedBlksReceived } = bitswap.stats()
  say(wantlist.length === 0, `still wants ${wantlist.length} blocks that nobody waits for`)
  for (const { cid, bytes } of store.blocks()) say(isProven(cid, bytes), `stored wrong bytes for ${blockKey(cid)}`)
  const blamed = node.resets.filter(([peer]) => peer.startsWith('honest'))
  say(blamed.length === 0, `reset ${blamed.join(', ')}`)
  const arrived = watch.blocks.get(id) ?? 0
  const counted = node.resets.length === 0 ? blocksReceived === arrived : blocksReceived <= arrived
  say(counted, `counted ${blocksReceived} of the ${arrived} blocks that arrived`)
  const useful = blocksReceived - dupBlksReceived - unaskedBlksReceived
  say(useful === store.received, `stored ${store.received} blocks, and counted ${useful} as useful`)
  return violations
}

function isProven(cid: Block['cid'], bytes: Uint8Array): boolean {
  try {
    verifyBlock(cid, bytes)
    return true
  } catch (error) {
    if (isCairnError(error)) return false
    throw error
  }
}
