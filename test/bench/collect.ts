// A collection of a large store, and how long puts wait beside it. Every other block is garbage, the worst case: no part
// of the log can be dropped whole. `node --conditions=source test/bench/collect.ts [thousands of blocks]`.
import { randomFillSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MemoryKeyValueStore, openLevelStore } from '@cairn/blockstore'
import {
  BlockService,
  codecByName,
  collect,
  createBlock,
  Pins,
  RAW_CODE,
  type Block,
  type BlockStore,
} from '@cairn/core'
import { encode } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'

const BLOCK_BYTES = 1024
/** Links of one node, as in the newer profile. */
const LINKS = 1024
/** Blocks of one put, and how long one waits for the next. */
const PUT_BLOCKS = 16
const PUT_PAUSE_MS = 5

/** What a run of the bench found. */
export interface CollectResult {
  readonly blocks: number
  readonly removed: number
  readonly seconds: number
  readonly peakRssMiB: number
  readonly freedShare: number
  /** 99th percentile and longest of the puts, alone and beside the collection. */
  readonly aloneMs: Percentiles
  readonly besideMs: Percentiles
}

interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Collects half of `blocks` blocks of 1 KiB in a temporary store. */
export async function benchCollect(blocks: number): Promise<CollectResult> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-collect-'))
  try {
    const roots = await fill(folder, blocks)
    const store = await openLevelStore(folder)
    const local = new BlockService({ store })
    const pins = new Pins({ records: new MemoryKeyValueStore(), blocks: local })
    for (const root of roots) await pins.record(root)
    const alone = putUntil(store, sleep(5000))
    const aloneMs = await alone
    const before = await store.diskBytes()
    const memory = watchMemory()
    const startedMs = performance.now()
    let removed = 0
    const collecting = (async () => {
      for await (const event of collect({ store, pins, local }))
        if (event.kind === 'removed') removed += event.blocks.length
    })()
    const besideMs = await putUntil(store, collecting)
    const seconds = (performance.now() - startedMs) / 1000
    const freedShare = 1 - (await store.diskBytes()) / before
    await store.close()
    return { blocks, removed, seconds, peakRssMiB: memory.stop(), freedShare, aloneMs, besideMs }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Stores `count` random blocks, every other one below a root, and gives the roots. */
async function fill(folder: string, count: number): Promise<CID[]> {
  const store = await openLevelStore(folder)
  const roots: CID[] = []
  for (let done = 0; done < count; done += 2 * LINKS) {
    const leaves = Array.from({ length: 2 * LINKS }, randomBlock)
    const links = leaves.filter((_, index) => index % 2 === 0).map(({ cid }) => cid)
    const root = createBlock(encode(links), { codec: codecByName('dag-cbor') })
    await store.putMany([...leaves, root])
    roots.push(root.cid)
  }
  await store.close()
  return roots
}

/** How long small puts take until `end` settles. */
async function putUntil(store: BlockStore, end: Promise<unknown>): Promise<Percentiles> {
  let isOver = false
  const ended = end.finally(() => (isOver = true))
  const tookMs: number[] = []
  while (!isOver) {
    const blocks = Array.from({ length: PUT_BLOCKS }, randomBlock)
    const startedMs = performance.now()
    await store.putMany(blocks)
    tookMs.push(performance.now() - startedMs)
    await sleep(PUT_PAUSE_MS)
  }
  await ended
  tookMs.sort((a, b) => a - b)
  const at = (share: number) => tookMs[Math.min(Math.floor(tookMs.length * share), tookMs.length - 1)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

function randomBlock(): Block {
  return createBlock(randomFillSync(new Uint8Array(BLOCK_BYTES)), { codec: RAW_CODE })
}

function watchMemory(): { stop(): number } {
  let peak = 0
  const look = () => (peak = Math.max(peak, process.memoryUsage.rss()))
  const timer = setInterval(look, 50)
  return {
    stop() {
      clearInterval(timer)
      return Math.round(peak / 1024 / 1024)
    },
  }
}

/** The result as lines for people. */
export function collectLines(result: CollectResult): string[] {
  const { blocks, removed, seconds, peakRssMiB, freedShare, aloneMs, besideMs } = result
  const times = ({ p50, p99, max }: Percentiles) =>
    `median ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(0)} ms`
  return [
    `collection of ${blocks} blocks of ${BLOCK_BYTES} bytes, half of them garbage: ${seconds.toFixed(1)} s, ${removed} removed,`,
    `  ${(freedShare * 100).toFixed(0)} % of the disk given back, ${peakRssMiB} MiB resident at most`,
    `  a put of ${PUT_BLOCKS} blocks beside it: ${times(besideMs)}; without it: ${times(aloneMs)} (p99 ${(besideMs.p99 / aloneMs.p99).toFixed(1)} times)`,
  ]
}

if (import.meta.main) {
  for (const line of collectLines(await benchCollect(Number(process.argv[2] ?? 1000) * 1000))) console.log(line)
}
