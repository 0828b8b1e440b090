// Child process of level-store-crash.test.ts: puts blocks for as long as it lives and prints the seed of each block
// that was acknowledged. Arguments: folder, first seed, durability.
import { argv, stdout } from 'node:process'
import { openLevelStore } from '../src/index.ts'
import { seededCrashBlock } from './crash-block.ts'

const [, , path = '', first = '0', durability] = argv
const store = await openLevelStore(path, { checkpointBlocks: 64, durability: durability === 'none' ? 'none' : 'sync' })
const writer = async (lane: number): Promise<never> => {
  for (let seed = Number(first) + lane; ; seed += 8) {
    const blocks = [seededCrashBlock(seed)]
    await store.putMany(blocks)
    stdout.write(`${seed}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, lane) => writer(lane)))
