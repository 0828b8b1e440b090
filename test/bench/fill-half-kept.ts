// `fill-half-kept.ts FOLDER BLOCKS`: stores so many blocks of 1 KiB, every other one below a pin.
import { join } from 'node:path'
import { openLevelKeyValueStore, openLevelStore } from '@cairn/blockstore'
import { BlockService, codecByName, createBlock, Pins } from '@cairn/core'
import { encode } from '@ipld/dag-cbor'
import { numberedBlocks } from './numbered-blocks.ts'

/** Links of one node, as in the newer profile, and as many blocks that nothing links. */
const LINKS = 1024

const [folder = '', count] = process.argv.slice(2)
const store = await openLevelStore(folder)
const records = await openLevelKeyValueStore(join(folder, 'meta'))
const pins = new Pins({ records, blocks: new BlockService({ store }) })
for (const leaves of numberedBlocks({ count: Number(count), blockBytes: 1024, seed: 2, batchBlocks: 2 * LINKS })) {
  const links = leaves.filter((_, index) => index % 2 === 0).map(({ cid }) => cid)
  const root = createBlock(encode(links), { codec: codecByName('dag-cbor') })
  await store.putMany([...leaves, root])
  await pins.record(root.cid)
}
await store.close()
await records.close()
