// `npm run bench:links -- NAME…`: the goals of the exchange over real links, each beside what it is to reach. As root, on Linux.
import { whyNoRoom } from './links.ts'
import { besideHarm, swarm } from './strangers.ts'
import { besideSocket, firstByte, fromProviders, pinLeaves, seek } from './transfers.ts'

const KIB = 1024
const MIB = 1024 * KIB
const TINY = { chunker: `size-${KIB}`, linksPerNode: 10_000 } as const

type Goal = { readonly atMost: number } | { readonly atLeast: number }

/** Prints a figure and whether it is what it is to be. */
function row(name: string, value: number, goal: Goal): void {
  const [isMet, bound] =
    'atMost' in goal ? [value <= goal.atMost, `≤ ${goal.atMost}`] : [value >= goal.atLeast, `≥ ${goal.atLeast}`]
  console.log(`${name.padEnd(58)}${value.toFixed(3).padStart(9)}   ${bound}   ${isMet ? 'MET' : 'MISSED'}`)
}

async function benchProviders(upBytesPerMs: number, isLimited: boolean): Promise<void> {
  const bytes = upBytesPerMs * 4 * 4000
  const { share, rawShare, duplicate, received } = await fromProviders(Array<number>(4).fill(upBytesPerMs), bytes, {
    isLimited,
  })
  const by = isLimited ? 'their own limit' : 'the line'
  row(`4 providers of ${upBytesPerMs / 1000} MB/s by ${by}: share of the sum`, share, { atLeast: 0.85 })
  console.log(`  bare TLS sockets on the same lines reach ${rawShare.toFixed(3)} of it, whatever the limits`)
  row('  duplicates, share of the bytes', duplicate / received, { atMost: 0.01 })
}

async function benchSocket(name: string, bytes: number, linksPerNode: number): Promise<void> {
  const { times, rawMs, cpuMs } = await besideSocket(bytes, 25_000, { ...TINY, linksPerNode })
  row(`${name}: times a bare TLS socket`, times, { atMost: 2 })
  console.log(`  the socket took ${rawMs.toFixed(0)} ms, the reader ${cpuMs.toFixed(0)} ms of CPU`)
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  async first() {
    row('first byte, 0 ms, connected: ms', await firstByte(0), { atMost: 30 })
    row('first byte, 50 ms, connected: ms', await firstByte(25), { atMost: 130 })
    const { firstMs, rawMs } = await besideSocket(MIB, 1_000_000, {})
    row('  first MiB, cold TCP: times a bare TLS socket', firstMs / rawMs, { atMost: 2 })
  },
  async pin() {
    row('pin of 200 leaves of 1 KiB, 50 ms: round trips', await pinLeaves(200), { atMost: 5 })
    const { rawMs } = await besideSocket(200 * KIB, 1_000_000, TINY)
    console.log(`  a bare TLS socket takes ${(rawMs / 50).toFixed(1)} round trips for these bytes`)
  },
  async providers() {
    for (const upBytesPerMs of [10_000, 25_000]) {
      await benchProviders(upBytesPerMs, false)
      await benchProviders(upBytesPerMs, true)
    }
  },
  async harm() {
    const bytes = 64 * MIB
    const [alone, beside] = [await besideHarm(bytes, 0), await besideHarm(bytes, 3)]
    row('beside 3 liars, 3 stallers, 3 drippers: share of the rate', alone.ms / beside.ms, { atLeast: 0.7 })
    row('  duplicates, share of what came', beside.duplicate / beside.received, { atMost: 0.05 })
    row('  wrong blocks taken of each liar', beside.unasked / 3, { atMost: 2 })
    row('  peers left', beside.peers, { atMost: 7 })
  },
  async swarm() {
    const bytes = 8 * MIB
    const { ms, copies, wasted } = await swarm(8, bytes, 2000)
    row('8 that share a seed of 2 MB/s: times one copy', ms / (bytes / 2000), { atMost: 1.3 })
    row('  copies that the seed sent', copies, { atMost: 1.5 })
    row('  duplicates, share of what came', wasted, { atMost: 0.01 })
  },
  async tiny() {
    await benchSocket('10,000 blocks of 1 KiB under one root', 10_000 * KIB, 10_000)
    await benchSocket('10,000 blocks of 1 KiB, 10 links a node', 10_000 * KIB, 10)
  },
  async seek() {
    const waits = await seek(20, KIB * MIB, 50_000)
    row('seek to 20 offsets of 1 GiB, 50 MB/s: p95 in ms', waits[18] ?? Number.NaN, { atMost: 250 })
  },
}

const whyNot = await whyNoRoom()
if (whyNot !== undefined) {
  console.error(`There is no room for links here: ${whyNot}`)
  process.exitCode = 1
} else {
  const names = process.argv.slice(2)
  for (const [name, run] of Object.entries(PARTS)) if (names.length === 0 || names.includes(name)) await run()
}
