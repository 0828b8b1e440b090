// Run as a process by campaign.ts: serves blocks and prints its address; for each line on standard input it prints how it was
// since the line before: its largest memory, how long its event loop was held, its CPU time and what bitswap counted.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { Offenders, openBitswap, openLibp2pNetwork, systemClock } from '../../src/index.ts'
import { openLibp2p } from '../libp2p-node.ts'
import { MapStore } from '../map-store.ts'
import { randomBlocks } from '../peer.ts'

const [count = '1000'] = process.argv.slice(2)
const SAMPLE_MS = 20
const store = new MapStore()
store.put(randomBlocks(Number(count), 16_384))
const offenders = new Offenders(systemClock)
const libp2p = await openLibp2p(offenders)
const network = await openLibp2pNetwork(libp2p, { offenders })
const bitswap = openBitswap({ network, store, clock: systemClock })
const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
let rss = 0
setInterval(() => {
  rss = Math.max(rss, process.memoryUsage.rss())
}, SAMPLE_MS)
process.stdout.write(`${libp2p.getMultiaddrs()[0]?.toString()}\n`)
let cpu = process.cpuUsage()
createInterface({ input: process.stdin }).on('line', () => {
  const used = process.cpuUsage(cpu)
  cpu = process.cpuUsage()
  const { traffic, messagesReceived } = bitswap.stats()
  const look = {
    rss: Math.max(rss, process.memoryUsage.rss()),
    heap: process.memoryUsage().heapUsed,
    external: process.memoryUsage().external,
    lagMs: delay.percentile(99) / 1e6,
    lagMsMax: delay.max / 1e6,
    cpuSeconds: (used.user + used.system) / 1e6,
    bytesIn: traffic.totalIn,
    messagesReceived,
    ...network.stat(),
  }
  process.stdout.write(`${JSON.stringify(look)}\n`)
  rss = 0
  delay.reset()
})
