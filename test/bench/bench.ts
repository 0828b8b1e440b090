// Rates of the main paths, each as a ratio to a reference that runs right before it on the same bytes: machines differ and
// are noisy, ratios much less so. `npm run bench`, or `npm run bench -- 1024` for so many MiB.
import { createCipheriv, hash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelStore } from '@cairn/blockstore'
import {
  BlockService,
  dropBlocks,
  importTree,
  PROFILES,
  readFile,
  storeBlocks,
  type EntryEvent,
  type ProgressEvent,
} from '@cairn/core'

const MIB = 1024 * 1024
const RUNS = 5

/** What is timed. */
interface Work {
  readonly name: string
  readonly run: () => Promise<unknown>
}

const sizeMib = Number(process.argv[2] ?? 256)
const pieces = randomPieces(sizeMib)
const settings = PROFILES['unixfs-v1-2025']
const source = {
  name: 'bench',
  source: {
    kind: 'file',
    async *content() {
      yield* pieces
    },
  },
} as const

console.log(
  `${sizeMib} MiB that do not compress, chunks of 1 MiB, ${RUNS} pairs of runs each: median, and lowest to highest\n`,
)
console.log('what                              MB/s   reference                    MB/s   ratio')

const sha256: Work = { name: 'sha256', run: async () => hashAll() }

await compare({ name: 'import into nothing', run: () => drain(dropBlocks(importTree(source, settings))) }, sha256)

await inFolder(async (folder) => {
  let runs = 0
  const add = async () => {
    const path = join(folder, `add-${runs++}`)
    const store = await openLevelStore(path)
    await drain(storeBlocks(new BlockService({ store }))(importTree(source, settings)))
    await store.close()
    await rm(path, { recursive: true })
  }
  const plain = { name: 'write of one file, fsync', run: () => writeFile(join(folder, 'plain')) }
  await compare({ name: 'add, durable', run: add }, plain)
})

await inFolder(async (folder) => {
  const store = await openLevelStore(folder)
  const blocks = new BlockService({ store })
  const root = await drain(storeBlocks(blocks)(importTree(source, settings)))
  const read = async () => {
    for await (const _ of readFile(blocks, root.cid));
  }
  await compare({ name: 'read from disk, verified', run: read }, sha256)
  await store.close()
})

/** Runs both in turn, so that a slow moment of the machine meets both, and prints a row. */
async function compare(work: Work, reference: Work): Promise<void> {
  const rows: { readonly rate: number; readonly referenceRate: number; readonly ratio: number }[] = []
  await work.run() // not counted: compiles the code and fills the caches
  for (let run = 0; run < RUNS; run++) {
    const referenceRate = await rateOf(reference.run)
    const rate = await rateOf(work.run)
    rows.push({ rate, referenceRate, ratio: rate / referenceRate })
  }
  const [rate, referenceRate, ratio] = [
    rows.map((row) => row.rate),
    rows.map((row) => row.referenceRate),
    rows.map((row) => row.ratio),
  ]
  const spread = `${Math.min(...ratio).toFixed(2)} to ${Math.max(...ratio).toFixed(2)}`
  console.log(
    `${work.name.padEnd(30)} ${median(rate).toFixed(0).padStart(7)}   ${reference.name.padEnd(25)} ${median(referenceRate).toFixed(0).padStart(7)}   ${median(ratio).toFixed(2)} (${spread})`,
  )
}

async function rateOf(work: Work['run']): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (sizeMib * MIB) / 1000 / (performance.now() - startedMs)
}

async function drain(events: AsyncIterable<ProgressEvent | EntryEvent>): Promise<EntryEvent> {
  let root: EntryEvent | undefined
  for await (const event of events) if (event.kind === 'entry') root = event
  if (root === undefined) throw new TypeError('an import ends with its root')
  return root
}

function hashAll(): void {
  for (const piece of pieces) hash('sha256', piece, 'buffer')
}

async function writeFile(path: string): Promise<void> {
  await using file = await open(path, 'w')
  for (const piece of pieces) await file.write(piece)
  await file.sync()
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Pieces of 1 MiB of AES-128-CTR over zeros with a key of zeros: the same each time, and no two alike. */
function randomPieces(count: number): Uint8Array[] {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  return Array.from({ length: count }, () => cipher.update(Buffer.alloc(MIB)))
}
