// `fill-store.ts FOLDER BLOCKS BYTES`: stores so many blocks of so many bytes and is then killed by itself, in the middle
// of its work as far as the store can tell.
import { openLevelStore } from '@cairn/blockstore'
import { BATCH_BLOCKS, BATCH_BYTES, numberedBlocks } from './numbered-blocks.ts'

const [folder = '', count, blockBytes] = process.argv.slice(2)
const store = await openLevelStore(folder)
const batchBlocks = Math.min(BATCH_BLOCKS, Math.ceil(BATCH_BYTES / Number(blockBytes)))
let before = Promise.resolve()
for (const batch of numberedBlocks({ count: Number(count), blockBytes: Number(blockBytes), seed: 1, batchBlocks })) {
  await before
  before = store.putMany(batch)
}
await before
process.kill(process.pid, 'SIGKILL')
