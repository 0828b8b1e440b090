// `look-up.ts FOLDER`: opens a store that `fill-store.ts` made, after its kill, and looks for blocks that are there and blocks
// that are not.
import { randomBytes } from 'node:crypto'
import { openLevelStore } from '@cairn/blockstore'
import { RAW_CODE, type BlockStore } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { say, sayPeak } from './report.ts'

/** Blocks that are looked for, and in what batches. */
const LOOKUPS = 50_000
const LOOKUP_BATCH = 1024
const SHA2_256 = 0x12

const [folder = ''] = process.argv.slice(2)
const openedMs = performance.now()
const store = await openLevelStore(folder)
say('open after the kill', `${Math.round(performance.now() - openedMs)} ms`)
const present: CID[] = []
for await (const { cid } of store.list()) if (present.push(cid) === LOOKUPS) break
// The listing is in the order of the index, and nobody asks in that order.
present.sort((a, b) => (a.multihash.digest.at(-1) ?? 0) - (b.multihash.digest.at(-1) ?? 0))
await lookUp(store, 'present', present)
await lookUp(
  store,
  'absent',
  present.map(() => CID.createV1(RAW_CODE, create(SHA2_256, randomBytes(32)))),
)
await store.close()
sayPeak()

async function lookUp(blocks: BlockStore, what: 'present' | 'absent', cids: readonly CID[]): Promise<void> {
  const startedMs = performance.now()
  let found = 0
  for (let at = 0; at < cids.length; at += LOOKUP_BATCH) {
    const has = await blocks.hasMany(cids.slice(at, at + LOOKUP_BATCH))
    found += has.filter(Boolean).length
  }
  const seconds = (performance.now() - startedMs) / 1000
  if (found !== (what === 'present' ? cids.length : 0))
    throw new Error(`${found} of ${cids.length} ${what} blocks found`)
  say(`has, ${what}, ${LOOKUP_BATCH} at a time`, `${Math.round(cids.length / seconds)} blocks/s`)
}
