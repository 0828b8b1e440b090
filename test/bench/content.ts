// Adding and reading back one large file and many small ones: the library in this process, and the command line as a whole.
import { hash } from 'node:crypto'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
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
  type ImportEvent,
  type ProgressEvent,
} from '@cairn/core'
import { copyDurably, runCairn, writtenBytes } from './processes.ts'
import { randomPieces } from './random-bytes.ts'
import { compare, RUNS, say, type Work } from './report.ts'
import { inFolder } from './temp-folder.ts'

const MIB = 1024 * 1024

/** Prints the rows about a file of `sizeMib` MiB. */
export async function benchLargeFile(sizeMib: number): Promise<void> {
  await inFolder(async (folder) => {
    const amount = { count: (sizeMib * MIB) / 1e6, unit: 'MB' }
    const file = join(folder, 'file')
    await writeAll(file, randomPieces(sizeMib, MIB))
    // The same pieces over and over, more than a processor caches: nothing here stores them, and making them takes time.
    const ring = [...randomPieces(Math.min(sizeMib, 64), MIB)]
    const inMemory = function* () {
      for (let piece = 0; piece < sizeMib; piece++) yield* ring.slice(piece % ring.length, (piece % ring.length) + 1)
    }
    const sha256: Work = {
      name: 'sha256 in memory',
      async run() {
        for (const piece of inMemory()) hash('sha256', piece, 'buffer')
      },
    }
    const intoNothing = () => drain(dropBlocks(importOf(inMemory)))
    await compare(amount, { name: 'import into nothing', run: intoNothing }, sha256)

    const repos = await makeRepos(folder)
    let peakRssMiB = 0
    const copy: Work = {
      name: 'cp, fsync',
      async run() {
        await copyDurably(file, join(folder, 'copy'))
        await rm(join(folder, 'copy'))
      },
    }
    const add: Work = {
      name: 'cairn add, durable',
      async run() {
        const repo = repos.pop() ?? ''
        peakRssMiB = Math.max(peakRssMiB, (await runCairn(repo, ['add', '--quieter', file])).peakRssMiB)
        await rm(repo, { recursive: true })
      },
    }
    await compare(amount, add, copy)
    say('  peak RSS', `${peakRssMiB} MiB`)

    const path = join(folder, 'store')
    const before = writtenBytes()
    const store = await openLevelStore(path)
    const blocks = new BlockService({ store })
    const root = await drain(storeBlocks(blocks)(importOf(() => randomPieces(sizeMib, MIB))))
    say('  written to disk', `${((writtenBytes() - before) / (sizeMib * MIB)).toFixed(2)} bytes per byte stored`)
    const read = async () => {
      for await (const _ of readFile(blocks, root.cid));
    }
    await compare(amount, { name: 'read back, verified', run: read }, sha256)
    await store.close()
    const repo = repos.at(-1) ?? ''
    await runCairn(repo, ['add', '--quieter', file])
    const cat = await runCairn(repo, ['cat', root.cid.toString()])
    say('  peak RSS of cairn cat', `${cat.peakRssMiB} MiB`)
  })
}

/** Prints the row about `count` files of 1 KiB in 100 folders. */
export async function benchSmallFiles(count: number): Promise<void> {
  await inFolder(async (folder) => {
    const contents = [...randomPieces(count, 1024)]
    for (let number = 0; number < 100; number++) await mkdir(join(folder, 'tree', `${number}`), { recursive: true })
    for (const [number, content] of contents.entries())
      await writeFile(join(folder, 'tree', `${number % 100}`, `${number}`), content)
    const repos = await makeRepos(folder)
    const add: Work = {
      name: `cairn add -r, ${count} files of 1 KiB`,
      run: () => runCairn(repos.pop() ?? '', ['add', '-r', '--quieter', join(folder, 'tree')]),
    }
    const append = { name: 'append all to one file, fsync', run: () => writeAll(join(folder, 'log'), contents) }
    await compare({ count, unit: 'files' }, add, append)
  })
}

/** An empty repo for each run of a work, and one more. */
export async function makeRepos(folder: string): Promise<string[]> {
  const repos = Array.from({ length: RUNS + 2 }, (_, number) => join(folder, `repo-${number}`))
  for (const repo of repos) await runCairn(repo, ['init', '--profile', 'test'])
  return repos
}

/** A file of these pieces on its way into blocks. */
export function importOf(pieces: () => Iterable<Uint8Array>): AsyncGenerator<ImportEvent> {
  const content = async function* () {
    yield* pieces()
  }
  return importTree({ name: 'bench', source: { kind: 'file', content } }, PROFILES['unixfs-v1-2025'])
}

/** Runs an import to its end, the root. */
export async function drain(events: AsyncIterable<ProgressEvent | EntryEvent>): Promise<EntryEvent> {
  let root: EntryEvent | undefined
  for await (const event of events) if (event.kind === 'entry') root = event
  if (root === undefined) throw new TypeError('an import ends with its root')
  return root
}

/** Makes the file at `path` of these pieces, durably. */
export async function writeAll(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'w')
  for (const piece of pieces) await file.write(piece)
  await file.sync()
}
