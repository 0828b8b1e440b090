// `npm run bench`, or `npm run bench -- 256 100 512` for a file of so many MiB, a store of so many thousand blocks, and so many
// MiB from one process to another; by default 1024, 1000 and 512, as in the goals.
import { benchCar } from './car.ts'
import { benchCollect } from './collect.ts'
import { benchDirectory } from './directory.ts'
import { benchLargeFile, benchSmallFiles } from './content.ts'
import { benchExchange, EXCHANGE_CHUNKS_KIB } from './exchange.ts'
import { benchMfs } from './mfs.ts'
import { HEADING, RUNS } from './report.ts'
import { benchScale } from './scale.ts'
import { benchUnixFS } from './unixfs.ts'

const [sizeMib = 1024, kiloBlocks = 1000, exchangeMib = 512] = process.argv.slice(2).map(Number)

console.log(`Bytes that do not compress; ${RUNS} pairs of runs each: medians, and lowest to highest ratio.`)
if (sizeMib > 0) {
  console.log(`\nA file of ${sizeMib} MiB, chunks of 1 MiB\n${HEADING}`)
  await benchUnixFS(sizeMib)
  await benchLargeFile(sizeMib)
  await benchSmallFiles(10_000)
  await benchCar(sizeMib)
}
if (sizeMib > 0) {
  console.log('\nMutable files')
  await benchMfs({ sizeMib })
}
if (kiloBlocks > 0) {
  console.log(`\nA store of ${kiloBlocks},000 blocks of 1 KiB, one run`)
  await benchScale(kiloBlocks * 1000)
  await benchCollect(kiloBlocks * 1000)
  console.log(`\nA directory of ${kiloBlocks},000 small files, one run, its shards in memory`)
  await benchDirectory(kiloBlocks * 1000)
}
if (exchangeMib > 0) {
  for (const chunkKib of EXCHANGE_CHUNKS_KIB) await benchExchange({ sizeMib: exchangeMib, chunkKib, rounds: RUNS })
}
