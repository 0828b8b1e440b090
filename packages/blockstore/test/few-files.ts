// Child process of level-store-scarcity.test.ts: uses up all files that it may open, and tells in JSON how a store fares.
// Argument: folder of a store with the blocks of seeds 0 to 19.
import { open, type FileHandle } from 'node:fs/promises'
import { argv, stdout } from 'node:process'
import { isCairnError } from '@cairn/core'
import { openLevelStore } from '../src/index.ts'
import { seededCrashBlock } from './crash-block.ts'

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed)
const store = await openLevelStore(argv[2] ?? '')
const taken: FileHandle[] = []

/** `ok`, or the code of the error. */
async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'ok'
  } catch (error) {
    return isCairnError(error) ? error.code : String(error)
  }
}

async function takeAll(): Promise<void> {
  for (;;) taken.push(await open('/dev/null', 'r'))
}

const read = async () => {
  for (const seed of SEEDS) if ((await store.get(seededCrashBlock(seed).cid)) === undefined) throw new Error('absent')
}
const write = (first: number) => async () => {
  // More than one table, so that LevelDB has to open files.
  for (let seed = first; seed < first + 400; seed++) await store.putMany([seededCrashBlock(seed)])
}

await outcome(takeAll)
const scarce = { read: await outcome(read), write: await outcome(write(1000)) }
for (const file of taken.splice(0)) await file.close()
const plenty = { read: await outcome(read), write: await outcome(write(2000)), again: await outcome(read) }
const { blocks } = await store.stat()
const listed = (await Array.fromAsync(store.list())).length
await store.close()
stdout.write(JSON.stringify({ scarce, plenty, isCounted: blocks === listed }))
