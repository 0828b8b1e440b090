// `npm run bench:rpc`, or `npm run bench:rpc -- 256 20 10 2000`: a file of so many MiB over the API, starts on a repo of so
// many thousand blocks, an idle daemon for so many seconds, and so many aborted calls. By default 1024, 100, 60 and 10,000;
// 0 leaves a part out.
import { benchAbandoned } from './abandoned.ts'
import { benchIdle, benchStart } from './start.ts'
import { benchManyCats, benchStreams } from './streams.ts'
import { HEADING, RUNS } from '../report.ts'

const [sizeMib = 1024, kiloBlocks = 100, idleSeconds = 60, abandoned = 10_000] = process.argv.slice(2).map(Number)

console.log(`A daemon in a process of its own; ${RUNS} pairs of runs each: medians, and lowest to highest ratio.`)
if (sizeMib > 0) {
  console.log(`\nA file of ${sizeMib} MiB\n${HEADING}`)
  await benchStreams(sizeMib)
  await benchManyCats()
}
if (kiloBlocks > 0) {
  console.log(`\nA repo of ${kiloBlocks},000 blocks`)
  await benchStart(kiloBlocks * 1000)
}
if (idleSeconds > 0) await benchIdle(idleSeconds)
if (abandoned > 0) await benchAbandoned(abandoned)
