// `npm run bench:exchange`, or `npm run bench:exchange -- MIB ROUNDS KIB...`: the part of the bench about the exchange, with
// chunks of so many KiB each.
import { benchExchange, EXCHANGE_CHUNKS_KIB } from './exchange.ts'
import { RUNS } from './report.ts'

const [sizeMib = 512, rounds = RUNS, ...chunksKib] = process.argv.slice(2).map(Number)

console.log(`Medians of ${rounds} rounds after one that is not counted.`)
for (const chunkKib of chunksKib.length > 0 ? chunksKib : EXCHANGE_CHUNKS_KIB)
  await benchExchange({ sizeMib, chunkKib, rounds })
