// `look-up.ts FOLDER BLOCKS`: opens a store that `fill-store.ts` made, after its kill, and looks for blocks that are there and
// blocks that are not.
import { openLevelStore } from '@cairn/blockstore'
import { CID } from 'multiformats/cid'
import { BATCH_BLOCKS, numberedBlocks } from './numbered-blocks.ts'
import { say, sayPeak } from './report.ts'

/** Blocks that are looked for, and in what batches. */
const LOOKUPS = 100_000
const LOOKUP_BATCH = 1024

const [folder = '', count] = process.argv.slice(2)
const openedMs = performance.now()
const store = await openLevelStore(folder)
say('open after the kill', `${Math.round(performance.now() - openedMs)} ms`)
for (const [what, seed] of [
  ['present', 1],
  ['absent', 2],
] as const) {
  const blocks = { count: Math.min(Number(count), LOOKUPS), blockBytes: 1024, seed, batchBlocks: BATCH_BLOCKS }
  const cids: CID[] = []
  for (const batch of numberedBlocks(blocks)) cids.push(...batch.map(({ cid }) => CID.decode(cid.bytes.slice())))
  const startedMs = performance.now()
  let found = 0
  for (let at = 0; at < cids.length; at += LOOKUP_BATCH) {
    const has = await store.hasMany(cids.slice(at, at + LOOKUP_BATCH))
    found += has.filter(Boolean).length
  }
  const seconds = (performance.now() - startedMs) / 1000
  if (found !== (what === 'present' ? cids.length : 0))
    throw new Error(`${found} of ${cids.length} ${what} blocks found`)
  say(`has, ${what}, ${LOOKUP_BATCH} at a time`, `${Math.round(cids.length / seconds)} blocks/s`)
}
await store.close()
sayPeak()
