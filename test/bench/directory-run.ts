// `directory-run.ts COUNT`: imports a directory of so many files, keeps its shards alone in memory, lists it, and looks names
// up in it.
import { MemoryStore } from '@cairn/blockstore'
import { BlockService, importTree, listDirectory, PROFILES, RAW_CODE, resolvePath, type Block } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { manyFiles, nameOf } from './many-files.ts'
import { say, sayPeak } from './report.ts'

/** Names that are looked up. */
const LOOKUPS = 1000

/** Shards that go into the store at a time. */
const BATCH_BLOCKS = 1024

const count = Number(process.argv[2])
const store = new MemoryStore()
const blocks = new BlockService({ store })

let startedMs = performance.now()
const root = await importShards()
say(`import, ${count} entries`, `${rate(count)} entries/s`)
sayPeak()

startedMs = performance.now()
let listed = 0
for await (const { tsize } of listDirectory(blocks, root)) listed += Math.sign(tsize)
if (listed !== count) throw new Error(`${listed} of ${count} entries listed`)
say('list', `${rate(count)} entries/s`)

const timesMs: number[] = []
for (let number = 0; number < LOOKUPS; number++) {
  const name = nameOf(Math.floor((number * count) / LOOKUPS))
  startedMs = performance.now()
  await resolvePath(blocks, `${root}/${name}`)
  timesMs.push(performance.now() - startedMs)
}
timesMs.sort((a, b) => a - b)
say(`look up ${LOOKUPS} names`, `${timeOf(0.5)} ms each, 99 of 100 within ${timeOf(0.99)} ms`)
sayPeak()

async function importShards(): Promise<CID> {
  let cid: CID | undefined
  let batch: Block[] = []
  for await (const event of importTree(manyFiles(count), PROFILES['unixfs-v1-2025'])) {
    if (event.kind === 'entry') ({ cid } = event)
    if (event.kind !== 'block' || event.block.cid.code === RAW_CODE) continue
    batch.push(event.block)
    if (batch.length < BATCH_BLOCKS) continue
    await store.putMany(batch)
    batch = []
  }
  await store.putMany(batch)
  if (cid === undefined) throw new TypeError('an import ends with its root')
  return cid
}

function rate(entries: number): number {
  return Math.round((entries * 1000) / (performance.now() - startedMs))
}

function timeOf(part: number): string {
  return (timesMs[Math.floor(part * timesMs.length)] ?? 0).toFixed(2)
}
