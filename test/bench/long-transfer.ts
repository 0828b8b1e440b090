// `npm run bench:transfer`, or `npm run bench:transfer -- GIB`: a pin of so many GiB, 20 by default, from one process to another.
// What it shows is the memory of both sides from beginning to end. It takes twice as much on the disk.
import { join } from 'node:path'
import { cairnMover, fillRepo } from './exchange.ts'
import { median, say } from './report.ts'
import { inFolder } from './temp-folder.ts'
import { transfer } from './transfer.ts'

const QUARTERS = 4

const [sizeGib = 20] = process.argv.slice(2).map(Number)
const sizeMib = Math.ceil(sizeGib * 1024)

await inFolder(async (folder) => {
  const { repo, root } = await fillRepo(join(folder, 'source'), { sizeMib, chunkKib: 1024 })
  const rss = { source: new Array<number>(), target: new Array<number>() }
  const run = await transfer(await cairnMover(repo, root, 'pin').route(folder), {
    onSample(source, target) {
      rss.source.push(source.rssMiB)
      rss.target.push(target.rssMiB)
    },
  })
  say(`${sizeGib} GiB, pinned`, `${((sizeMib * 1.048576) / run.seconds).toFixed(0)} MB/s, ${run.seconds.toFixed(0)} s`)
  say('twice', `${run.duplicateBytes} bytes`)
  for (const side of ['source', 'target'] as const) {
    const { cpuSeconds, peakRssMiB } = run[side]
    say(side, `${cpuSeconds.toFixed(1)} CPU seconds, peak RSS ${peakRssMiB.toFixed(0)} MiB`)
    for (let quarter = 0; quarter < QUARTERS; quarter++)
      say(`  RSS in quarter ${quarter + 1}`, range(rss[side], quarter))
  }
})

/** Lowest, median and highest of one quarter of the samples. */
function range(samples: readonly number[], quarter: number): string {
  const edge = (number: number) => Math.floor((samples.length * number) / QUARTERS)
  const part = samples.slice(edge(quarter), edge(quarter + 1))
  return `${[Math.min(...part), median(part), Math.max(...part)].map((mib) => mib.toFixed(0)).join(', ')} MiB`
}
