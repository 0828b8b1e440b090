// `collect-store.ts FOLDER`: collects the store there, and puts small blocks all the while.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLevelKeyValueStore, openLevelStore } from '@cairn/blockstore'
import { BlockService, collect, Pins } from '@cairn/core'
import { numberedBlocks } from './numbered-blocks.ts'
import { say } from './report.ts'

/** Blocks of one put, and milliseconds between two. */
const PUT_BLOCKS = 16
const PUT_PAUSE_MS = 5
/** Milliseconds of puts before the collection, to compare with. */
const ALONE_MS = 5000

const [folder = ''] = process.argv.slice(2)
const store = await openLevelStore(folder)
const records = await openLevelKeyValueStore(join(folder, 'meta'))
const blocks = new BlockService({ store })
const parts = { store, local: blocks, pins: new Pins({ records, blocks }) }
const fresh = numberedBlocks({ count: Infinity, blockBytes: 1024, seed: 3, batchBlocks: PUT_BLOCKS })

const aloneMs = await putUntil(sleep(ALONE_MS))
const beforeBytes = await store.diskBytes()
const startedMs = performance.now()
let removed = 0
const besideMs = await putUntil(collectAll())
const seconds = (performance.now() - startedMs) / 1000
const freedPercent = 100 * (1 - (await store.diskBytes()) / beforeBytes)
say('collection of every other block', `${seconds.toFixed(1)} s for ${removed} blocks removed`)
say('  disk given back', `${freedPercent.toFixed(0)} %`)
say(
  `  puts of ${PUT_BLOCKS} KiB beside it`,
  `p99 ${percentile(besideMs, 0.99)} ms, longest ${percentile(besideMs, 1)} ms (alone ${percentile(aloneMs, 0.99)} and ${percentile(aloneMs, 1)} ms)`,
)
await store.close()
await records.close()

async function collectAll(): Promise<void> {
  for await (const event of collect(parts)) if (event.kind === 'removed') removed += event.blocks.length
}

/** How long small puts take, in rising order, until `end` settles. */
async function putUntil(end: Promise<void>): Promise<number[]> {
  let isOver = false
  const ended = end.finally(() => (isOver = true))
  const tookMs: number[] = []
  while (!isOver) {
    const batch = fresh.next().value ?? []
    const putMs = performance.now()
    await store.putMany(batch)
    tookMs.push(performance.now() - putMs)
    await sleep(PUT_PAUSE_MS)
  }
  await ended
  return tookMs.toSorted((a, b) => a - b)
}

function percentile(sortedMs: readonly number[], share: number): string {
  return (sortedMs[Math.min(Math.floor(sortedMs.length * share), sortedMs.length - 1)] ?? Number.NaN).toFixed(1)
}
