// Run as a process by abuse.test.ts: serves blocks and prints its address; for each line on standard input it prints how far
// it is from well: its memory, and how long its event loop was held since the line before.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { openBitswap, openLibp2pNetwork, systemClock } from '../../src/index.ts'
import { openLibp2p } from '../libp2p-node.ts'
import { MapStore } from '../map-store.ts'
import { randomBlocks } from '../peer.ts'

const [count = '1000'] = process.argv.slice(2)
const store = new MapStore()
store.put(randomBlocks(Number(count), 16_384))
const libp2p = await openLibp2p()
openBitswap({ network: await openLibp2pNetwork(libp2p), store, clock: systemClock })
const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
process.stdout.write(`${libp2p.getMultiaddrs()[0]?.toString()}\n`)
createInterface({ input: process.stdin }).on('line', () => {
  process.stdout.write(`${JSON.stringify({ rss: process.memoryUsage().rss, lagMs: delay.percentile(99) / 1e6 })}\n`)
  delay.reset()
})
