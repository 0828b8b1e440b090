// A download beside peers that mean harm, and one by many from one who has little to give. Each function makes its own stage.
import type { Config } from '@cairn/node'
import type { Report } from './reader.ts'
import { Stage } from './stage.ts'

const FAR_MS = 25
const HONEST_BYTES_PER_MS = 25_000
/** Of each kind that hostile.ts plays: three. */
const KINDS = 3

/** A file from one honest peer, beside `each` of those who lie, stall and drip. */
export async function besideHarm(bytes: number, each: number): Promise<Report> {
  await using stage = await Stage.open([
    {},
    { delayMs: FAR_MS, upBytesPerMs: HONEST_BYTES_PER_MS },
    { delayMs: FAR_MS },
  ])
  const repo = await stage.repo('provider')
  const cid = await stage.add(repo, bytes, { chunker: 'size-262144' })
  const addresses = [await stage.daemon(1, repo)]
  if (each > 0) {
    const copy = await stage.repo('hostile')
    await stage.add(copy, bytes, { chunker: 'size-262144' })
    const hostile = await stage.talker(2, 'hostile.ts', copy, stage.corner(2).address, `${each}`)
    addresses.push(...(await hostile.ask('')).split(' '))
  }
  if (addresses.length !== 1 + KINDS * each) throw new TypeError('not all of them listen')
  const reader = await stage.reader(0, await stage.repo('reader'), addresses)
  return await reader.order({ verb: 'read', cid })
}

/** What came of a swarm. */
export interface Swarm {
  /** Milliseconds until the last one had it all. */
  readonly ms: number
  /** Copies of the file that the seed sent. */
  readonly copies: number
  /** Share of what came that was of no use. */
  readonly wasted: number
}

/** One file, wanted at the same time by `leechers` that know each other, from a seed limited to so many bytes per millisecond. */
export async function swarm(leechers: number, bytes: number, seedBytesPerMs: number): Promise<Swarm> {
  const line = { delayMs: FAR_MS, upBytesPerMs: 10 * seedBytesPerMs, downBytesPerMs: 10 * seedBytesPerMs }
  await using stage = await Stage.open(Array.from({ length: leechers + 1 }, () => line))
  const Cairn = { RateLimits: { Up: seedBytesPerMs * 1000, ExemptLocal: false } }
  const seedRepo = await stage.repo('seed', (config: Config) => ({ ...config, Cairn }))
  const cid = await stage.add(seedRepo, bytes, { chunker: 'size-262144' })
  const seed = await stage.reader(0, seedRepo, [])
  const known = [await stage.addressOf(0, seedRepo)]
  const peers = []
  for (let index = 1; index <= leechers; index++) {
    const repo = await stage.repo(`leecher${index}`)
    const peer = await stage.reader(index, repo, [])
    await peer.order({ verb: 'connect', addresses: known })
    known.push(await stage.addressOf(index, repo))
    peers.push(peer)
  }
  const reports = await Promise.all(peers.map((peer) => peer.order({ verb: 'read', cid })))
  const { sent } = await seed.order({ verb: 'connect', addresses: [] })
  const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0)
  const ms = Math.max(...reports.map((report) => report.ms))
  return { ms, copies: sent / bytes, wasted: sum(({ duplicate }) => duplicate) / sum(({ received }) => received) }
}
