// `npm run bench:links -- NAME…`: the goals of the exchange over real links, each beside what it is to reach. As root, on Linux.
import { whyNoRoom } from './links.ts'
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
  const { share, duplicate, received } = await fromProviders(Array<number>(4).fill(upBytesPerMs), bytes, { isLimited })
  const by = isLimited ? 'their own limit' : 'the line'
  row(`4 providers of ${upBytesPerMs / 1000} MB/s by ${by}: share of the sum`, share, { atLeast: 0.85 })
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
