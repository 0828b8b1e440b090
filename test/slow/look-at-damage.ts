// Child process of damage.test.ts: opens each store that it is told of, line by line, and tells what it finds there. A
// process of its own, since LevelDB ends the process when it stumbles.
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openLevelKeyValueStore, openLevelStore, type LevelBlockStore, type RecoveryEvent } from '@cairn/blockstore'
import { allBlocks, RECORDS, recordKey } from './harm.ts'

/** A store to look at, and when blocks with odd seeds are collected: before all else, or after the scrub. */
export interface Look {
  readonly path: string
  readonly collects: 'never' | 'first' | 'last'
}

/** What a damaged store gave. Blocks by their seeds, records by their numbers. */
export interface Findings {
  readonly events: string[]
  /** Blocks that were read. */
  readonly there: number[]
  /** Blocks that a read called CORRUPT. */
  readonly corrupt: number[]
  /** Blocks that an event or the scrub named. */
  readonly named: number[]
  /** Blocks that are there after the scrub. */
  readonly thereAfterScrub: number[]
  /** Blocks that the store lists as damaged in the end. */
  readonly damaged: number[]
  /** Blocks whose bytes were wrong. */
  readonly wrong: number[]
  /** Number of blocks in the totals after the scrub. */
  readonly counted: number
  /** Blocks that are not there although they were put again. */
  readonly unhealed: number[]
  /** Blocks that a collection should have kept and are gone, or that it should have taken and are there. */
  readonly miscollected: number[]
  readonly records: number[]
  /** Records with a wrong value. */
  readonly wrongRecords: number[]
  readonly isDoubtful: boolean
}

const blocks = allBlocks()
const seeds = blocks.map((_, seed) => seed)
const keys = new Map(blocks.map(({ cid }, seed) => [cid.toV1().toString(), seed]))

for await (const line of createInterface({ input: process.stdin })) {
  writeSync(1, `${JSON.stringify(await look(JSON.parse(line) as Look))}\n`)
}

async function look({ path, collects }: Look): Promise<Findings> {
  const events: RecoveryEvent[] = []
  const onRecovery = (event: RecoveryEvent): void => void events.push(event)
  const meta = await openLevelKeyValueStore(join(path, 'meta'), { onRecovery })
  const store = await openLevelStore(path, { onRecovery })
  if (collects === 'first') await collectOdd(store)
  const first = await readAll(store)
  for await (const _ of store.list()) continue
  const scrubbed = new Set<number>()
  for await (const step of store.scrub()) {
    for (const cid of [...step.damaged, ...step.mended]) scrubbed.add(keys.get(cid.toString()) ?? -1)
  }
  const damaged = await Array.fromAsync(store.damaged(), (cid) => keys.get(cid.toString()) ?? -1)
  const second = await readAll(store)
  const { blocks: counted } = await store.stat()
  const miscollected = collects === 'last' ? await miscollectedOf(store, second.there) : []
  await store.putMany(blocks)
  for await (const _ of store.compact()) continue
  const third = await readAll(store)
  const named = events.flatMap((event) => (event.kind === 'damaged' ? event.cids : []))
  const found = await readRecords(meta)
  const isDoubtful = await meta.isDoubtful()
  await meta.batch([{ key: 'after', value: Uint8Array.of(1) }])
  await meta.close()
  await store.close()
  return {
    events: events.map(({ kind }) => kind),
    ...first,
    named: [...named.map((cid) => keys.get(cid.toString()) ?? -1), ...scrubbed],
    thereAfterScrub: second.there,
    damaged,
    counted,
    unhealed: seeds.filter((seed) => !third.there.includes(seed)),
    miscollected,
    ...found,
    isDoubtful,
  }
}

async function collectOdd(store: LevelBlockStore): Promise<void> {
  await using sweep = await store.openSweep()
  await sweep.mark(blocks.filter((_, seed) => seed % 2 === 0).map(({ cid }) => cid))
  for await (const _ of sweep.run()) continue
}

/** Collects in a store that has the blocks `before`, and gives those that are gone or there against its will. */
async function miscollectedOf(store: LevelBlockStore, before: readonly number[]): Promise<number[]> {
  await collectOdd(store)
  const { there } = await readAll(store)
  return before.filter((seed) => there.includes(seed) !== (seed % 2 === 0))
}

async function readAll(store: LevelBlockStore) {
  const [there, corrupt, wrong]: [number[], number[], number[]] = [[], [], []]
  for (const [seed, block] of blocks.entries()) {
    try {
      const found = await store.get(block.cid)
      if (found === undefined) continue
      there.push(seed)
      if (!Buffer.from(found.bytes).equals(block.bytes)) wrong.push(seed)
    } catch {
      corrupt.push(seed)
    }
  }
  return { there, corrupt, wrong }
}

async function readRecords(meta: Awaited<ReturnType<typeof openLevelKeyValueStore>>) {
  const [records, wrongRecords]: [number[], number[]] = [[], []]
  for (let number = 0; number < RECORDS; number++) {
    const value = await meta.get(recordKey(number))
    if (value === undefined) continue
    records.push(number)
    if (new TextDecoder().decode(value) !== `value ${number}`) wrongRecords.push(number)
  }
  return { records, wrongRecords }
}
