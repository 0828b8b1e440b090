// `npm run bench:abuse -- CONNECTIONS WANTS SECONDS`: the goals of the exchange under attack, as they are on this machine.
// The attackers run on the same cores; they are niced and send what a line of 1 Gbit/s carries.
import { runCampaign } from './campaign.ts'

const MIB = 1024 * 1024
const [connections = '100', wants = '1000000', seconds = '120'] = process.argv.slice(2)
const report = await runCampaign({
  connections: Number(connections),
  wants: Number(wants),
  bytesPerSecond: 125_000_000,
  passes: 5,
  attackMs: Number(seconds) * 1000,
})
const { alone, attacked } = report
console.log(report)
const rows: [string, number, number][] = [
  ['RSS more than alone, MiB', (attacked.rss - alone.rss) / MIB, 64],
  ['p99 of a block, times alone', attacked.p99Ms / alone.p99Ms, 2],
  ['event-loop lag p99, ms', attacked.lagMs, 200],
]
for (const [name, value, goal] of rows) {
  console.log(`${name.padEnd(32)} ${value.toFixed(1).padStart(8)}  goal ${goal}  ${value <= goal ? 'met' : 'MISSED'}`)
}
