// Child process of power-loss.test.ts: for each line that it reads, puts one group of blocks that fills tables, and nothing
// beside it, and prints the seed of the group once it is acknowledged. Arguments: folder of a store, first seed.
import { writeSync } from 'node:fs'
import { argv, stdin } from 'node:process'
import { createInterface } from 'node:readline'
import { openLevelStore } from '@cairn/blockstore'
import { largeGroup } from './large-group.ts'

const [, , path = '', seed = '0'] = argv
const store = await openLevelStore(path)
let next = Number(seed)
writeSync(1, 'open\n')
for await (const _ of createInterface({ input: stdin })) {
  await store.putMany(largeGroup(next))
  writeSync(1, `${next++}\n`)
}
