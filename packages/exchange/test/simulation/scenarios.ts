// What the exchange is to show, played in virtual time: each scenario gives numbers that come out the same each time.
import { readFile, walk } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { RateLimiter, type RatePlan } from '../../src/rate-limit.ts'
import { openWorld, type World } from '../peer.ts'
import { randomFrom, type LinkQuality } from '../virtual-network.ts'
import { importFile, openCitizen, type Citizen } from './citizen.ts'
import { playHostile, type HostileKind } from './hostile-peers.ts'
import { WireWatch } from './wire-watch.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** A download by one peer: how long it took, and which share of what came was of no use. */
export interface Download {
  readonly ms: number
  /** Bytes of blocks that came. */
  readonly bytes: number
  readonly wastedShare: number
}

/** What was seen on the wire meanwhile. */
export type Watching = Pick<WireWatch, 'peaks' | 'violations'>

/** Links of 50 ms round trip. */
const FAR: LinkQuality = { delayMs: 25, bytesPerMs: 1_000_000 }

function openTown(): World {
  const world = openWorld()
  world.network.keepsLog = false
  return world
}

async function consume(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}

function wastedShare({ bitswap }: Citizen): number {
  const { dataReceived, dupDataReceived, unaskedDataReceived } = bitswap.stats()
  return (dupDataReceived + unaskedDataReceived) / dataReceived
}

async function download(world: World, peer: Citizen, cid: CID): Promise<Download> {
  const start = world.clock.now()
  await world.clock.settle(consume(readFile(peer.service, cid)))
  return { ms: world.clock.now() - start, bytes: peer.bitswap.stats().dataReceived, wastedShare: wastedShare(peer) }
}

/** One file from several providers that have it all, each with a line up of `upBytesPerMs`. */
export async function fromProviders(
  ups: readonly number[],
  bytes: number,
  chunkBytes: number,
): Promise<Download & Watching> {
  const world = openTown()
  const reader = openCitizen(world, 'reader')
  const origin = openCitizen(world, 'origin')
  const cid = await importFile(origin, bytes, { chunker: `size-${chunkBytes}` })
  const everybody: string[] = [reader.id]
  for (const [index, upBytesPerMs] of ups.entries()) {
    const provider = openCitizen(world, `provider${index}`)
    everybody.push(provider.id)
    provider.node.limit({ upBytesPerMs })
    provider.put([...origin.store.blocks()])
    world.network.connect('reader', provider.id, FAR)
  }
  const watch = new WireWatch(world, { honest: everybody, liars: [], blocks: origin.store.blocks() })
  const { peaks, violations } = watch
  return { ...(await download(world, reader, cid)), peaks, violations }
}

/** Many tiny blocks over one link, each node with `linksPerNode` links. */
export async function tinyBlocks(count: number, linksPerNode: number, bytesPerMs: number): Promise<Download> {
  const world = openTown()
  const [reader, provider] = [openCitizen(world, 'reader'), openCitizen(world, 'provider')]
  const cid = await importFile(provider, count * KIB, { chunker: `size-${KIB}`, linksPerNode })
  world.network.connect('reader', 'provider', { delayMs: 25, bytesPerMs })
  return await download(world, reader, cid)
}

/** Milliseconds until a DAG of `leaves` under one root is all here, as a recursive pin gets it. */
export async function pinLeaves(leaves: number): Promise<number> {
  const world = openTown()
  const [reader, provider] = [openCitizen(world, 'reader'), openCitizen(world, 'provider')]
  const cid = await importFile(provider, leaves * KIB, { chunker: `size-${KIB}` })
  world.network.connect('reader', 'provider', FAR)
  const start = world.clock.now()
  const visitLeaf = (leaf: CID): Promise<void> => reader.service.ensure(leaf)
  await world.clock.settle(consume(walk(reader.service, cid, { visitLeaf })))
  return world.clock.now() - start
}

/** A swarm: peers that all know each other and want the same file, and one seed that has it. */
export interface SwarmPlan {
  readonly leechers: number
  readonly bytes: number
  readonly chunkBytes: number
  /** Line of the seed; the others have ten times as much, up and down. */
  readonly upBytesPerMs: number
  /** The seed's rate is a limit of its server, on a line of ten times as much. */
  readonly isLimited?: boolean
  /** Milliseconds after which the seed comes. */
  readonly seedAtMs?: number
  /** How many of the leechers have a tenth of the seed's line, up and down. */
  readonly slow?: number
}

/** What came of a swarm. */
export interface Swarm {
  /** Milliseconds until the last one had it all that is not slow. */
  readonly ms: number
  /** Milliseconds until the last one that is not slow had the first byte. */
  readonly firstMs: number
  /** Copies of the file that the seed had sent by then. */
  readonly copies: number
  readonly wastedShare: number
}

/** Lets a swarm fetch a file. */
export async function swarm(plan: SwarmPlan): Promise<Swarm> {
  const { leechers, bytes, chunkBytes, upBytesPerMs, isLimited = false, seedAtMs = 0, slow = 0 } = plan
  const world = openTown()
  const limiter = isLimited ? limiterOf(world, { up: upBytesPerMs * 1000 }) : undefined
  const seed = openCitizen(world, 'seed', { limiter })
  seed.node.limit({ upBytesPerMs: isLimited ? 10 * upBytesPerMs : upBytesPerMs })
  const cid = await importFile(seed, bytes, { chunker: `size-${chunkBytes}` })
  const peers = Array.from({ length: leechers }, (_, index) => openCitizen(world, `leecher${index}`))
  for (const [index, peer] of peers.entries()) {
    const line = index < slow ? upBytesPerMs / 10 : upBytesPerMs * 10
    peer.node.limit({ upBytesPerMs: line, downBytesPerMs: line })
    for (const other of peers) world.network.connect(peer.id, other.id, FAR)
  }
  const join = (): void => peers.forEach(({ id }) => world.network.connect('seed', id, FAR))
  if (seedAtMs === 0) join()
  else world.clock.after(seedAtMs, join)
  const stop = new AbortController()
  const start = world.clock.now() + seedAtMs
  const gets = peers.map(async ({ service }) => {
    // Each is a process of its own.
    const parts = readFile(service, cid, { signal: stop.signal, sharing: { count: 0 } })
    await parts.next()
    const ms = world.clock.now() - start
    await consume(parts)
    return ms
  })
  for (const get of gets) get.catch(() => undefined)
  const firsts = await world.clock.settle(Promise.all(gets.slice(slow)))
  const firstMs = Math.max(...firsts)
  const ms = world.clock.now() - start
  const copies = seed.bitswap.stats().dataSent / bytes
  stop.abort(new Error('that will do'))
  const received = peers.reduce((sum, { bitswap }) => sum + bitswap.stats().dataReceived, 0)
  const wasted = peers.reduce((sum, peer) => sum + wastedShare(peer) * peer.bitswap.stats().dataReceived, 0)
  return { ms, firstMs, copies, wastedShare: wasted / received }
}

function limiterOf({ clock }: World, plan: RatePlan): RateLimiter {
  return new RateLimiter({ clock, weekMinute: () => 0, isLocal: () => false }, plan)
}

/** Milliseconds from each seek to its first byte, the least first: a reader plays on until it seeks again. */
export async function seek(times: number, bytes: number, chunkBytes: number): Promise<readonly number[]> {
  const world = openTown()
  const [reader, provider] = [openCitizen(world, 'reader'), openCitizen(world, 'provider')]
  provider.node.limit({ upBytesPerMs: 50_000 })
  const cid = await importFile(provider, bytes, { chunker: `size-${chunkBytes}`, linksPerNode: 174 })
  world.network.connect('reader', 'provider', FAR)
  const random = randomFrom(1)
  const waits: number[] = []
  for (let time = 0; time < times; time++) {
    const start = world.clock.now()
    const stop = new AbortController()
    const parts = readFile(reader.service, cid, { offset: Math.floor(random() * bytes), signal: stop.signal })
    await world.clock.settle(parts.next())
    waits.push(world.clock.now() - start)
    const playing = consume(parts).catch(() => undefined)
    await world.clock.pass(200)
    stop.abort(new Error('seeks'))
    await world.clock.settle(playing)
  }
  return waits.toSorted((a, b) => a - b)
}

/** What came of a reader that seeks beside one in bulk. */
export interface BesideBulk {
  /** Milliseconds from each seek to its first byte, the least first. */
  readonly waits: readonly number[]
  /** Bytes a millisecond of all that came meanwhile. */
  readonly bytesPerMs: number
}

/** One node gets a large file in bulk over 50 MB/s and 50 ms, while a reader on it seeks in another. */
export async function seekBesideBulk(times: number, bytes: number): Promise<BesideBulk> {
  const world = openTown()
  const [reader, provider] = [openCitizen(world, 'reader'), openCitizen(world, 'provider')]
  provider.node.limit({ upBytesPerMs: 50_000 })
  const film = await importFile(provider, bytes, { chunker: `size-${256 * KIB}`, linksPerNode: 174 })
  const bulk = await importFile(provider, 4 * bytes, { chunker: `size-${255 * KIB}` })
  world.network.connect('reader', 'provider', FAR)
  const end = new AbortController()
  const visitLeaf = (leaf: CID): Promise<void> => reader.service.ensure(leaf)
  const pinning = consume(walk(reader.service, bulk, { visitLeaf, signal: end.signal })).catch(() => undefined)
  await world.clock.pass(1000)
  const random = randomFrom(1)
  const waits: number[] = []
  const [since, before] = [world.clock.now(), reader.bitswap.stats().dataReceived]
  let sought = 0
  for (let time = 0; time < times; time++) {
    const start = world.clock.now()
    const stop = new AbortController()
    const offset = Math.floor(random() * (bytes - 1))
    const parts = readFile(reader.service, film, { offset, length: 256 * KIB, signal: stop.signal })
    const first = await world.clock.settle(parts.next())
    sought += first.done === true ? 0 : first.value.length
    waits.push(world.clock.now() - start)
    await world.clock.settle(parts.return(undefined))
    await world.clock.pass(50)
  }
  const bytesPerMs = (reader.bitswap.stats().dataReceived - before - sought) / (world.clock.now() - since)
  end.abort(new Error('that will do'))
  await world.clock.settle(pinning)
  return { waits: waits.toSorted((a, b) => a - b), bytesPerMs }
}

/** One file from one honest peer of 25 MB/s, beside others that mean harm or drip. */
export async function besideHarm(others: readonly (HostileKind | 'dripper')[], bytes: number): Promise<Download> {
  const world = openTown()
  const [reader, honest] = [openCitizen(world, 'reader'), openCitizen(world, 'honest')]
  honest.node.limit({ upBytesPerMs: 25_000 })
  const cid = await importFile(honest, bytes, { chunker: `size-${256 * KIB}` })
  for (const [index, kind] of others.entries()) {
    const id = `${kind}${index}`
    if (kind === 'dripper') {
      const dripper = openCitizen(world, id)
      dripper.node.limit({ upBytesPerMs: 2 })
      dripper.put([...honest.store.blocks()])
    } else playHostile(world, id, { kind, random: randomFrom(index) })
    world.network.connect('reader', id, FAR)
  }
  world.network.connect('reader', 'honest', FAR)
  return await download(world, reader, cid)
}

/** Milliseconds until the first byte of a file of 64 MiB, with chunks of 1 MiB, over a link of 1 Gbit/s. */
export async function firstByte(delayMs: number): Promise<number> {
  const world = openTown()
  const [reader, provider] = [openCitizen(world, 'reader'), openCitizen(world, 'provider')]
  const cid = await importFile(provider, 64 * MIB)
  world.network.connect('reader', 'provider', { delayMs, bytesPerMs: 125_000 })
  const start = world.clock.now()
  const parts = readFile(reader.service, cid)
  await world.clock.settle(parts.next())
  const ms = world.clock.now() - start
  await world.clock.settle(parts.return(undefined))
  return ms
}
