// How fast Cairn adds beside Helia: the same content, the same chunks, the same root CID, in turn in one process. Timed is
// what a caller waits for. That is more for Cairn, whose adds are on the disk and pinned when they are acknowledged;
// the stores of Helia leave both for later.
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROFILES, type ImportSource, type NamedSource } from '@cairn/core'
import { createRepo, openNode, openRepo } from '@cairn/node'
import { asBlockstore } from '@cairn/stores'
import { unixfs, type UnixFS } from '@helia/unixfs'
import { FsBlockstore } from 'blockstore-fs'
import { LevelBlockstore } from 'blockstore-level'
import { createHeliaLight } from 'helia'
import type { Blockstore } from 'interface-blockstore'
import { randomBytes } from './content.ts'

const MIB = 1024 * 1024

/** One contender beside the reference: medians over all rounds, with the lowest and the highest ratio. */
export interface Comparison {
  readonly name: string
  readonly reference: string
  /** Units a second: see `unit`. */
  readonly rate: number
  readonly referenceRate: number
  readonly unit: 'MB/s' | 'files/s'
  /** The median of the ratios of each round, not the ratio of the medians. */
  readonly ratio: number
  readonly ratioMin: number
  readonly ratioMax: number
}

/** Adds on a fresh store in `folder`. */
interface Contender {
  readonly name: string
  readonly run: (folder: string) => Promise<Run>
}

/** How long an add took, and what it gave. */
interface Run {
  readonly elapsedMs: number
  readonly root: string
}

/** A file of `sizeMib` MiB in chunks of 1 MiB, read from the disk. */
export async function addLargeFile(sizeMib: number, rounds: number): Promise<Comparison[]> {
  return inFolder(async (folder) => {
    const path = join(folder, 'file')
    await writeRandom(path, sizeMib)
    const content = () => createReadStream(path, { highWaterMark: MIB })
    const addByHelia = async (files: UnixFS) => String(await files.addByteStream(content()))
    return compare(
      { amount: (sizeMib * MIB) / 1e6, unit: 'MB/s', rounds },
      { name: 'Helia, blockstore-level', run: (store) => onHelia(openLevel(store), addByHelia) },
      [
        { name: 'Cairn', run: (repo) => onCairn(repo, { name: 'file', source: { kind: 'file', content } }) },
        { name: 'Helia on a Cairn repo', run: (repo) => onHelia(openCairn(repo), addByHelia) },
      ],
    )
  })
}

/** `count` files of 1 KiB in 100 folders, from memory. */
export async function addSmallFiles(count: number, rounds: number): Promise<Comparison[]> {
  const all = randomBytes(count * 1024, 3)
  const folders = Array.from({ length: 100 }, (_, folder) => ({
    name: `folder-${String(folder).padStart(2, '0')}`,
    files: Array.from({ length: Math.ceil((count - folder) / 100) }, (__, index) => {
      const at = (index * 100 + folder) * 1024
      return { name: `file-${String(index).padStart(5, '0')}`, bytes: all.subarray(at, at + 1024) }
    }),
  }))
  const candidates = folders.flatMap(({ name, files }) =>
    files.map((file) => ({ path: `root/${name}/${file.name}`, content: file.bytes })),
  )
  const addByHelia = async (files: UnixFS) => {
    let root = ''
    for await (const { path, cid } of files.addAll(candidates)) if (path === 'root') root = String(cid)
    return root
  }
  const source = directory(
    'root',
    folders.map(({ name, files }) =>
      directory(
        name,
        files.map((file) => ({
          name: file.name,
          source: {
            kind: 'file',
            async *content() {
              yield file.bytes
            },
          },
        })),
      ),
    ),
  )
  return compare(
    { amount: count, unit: 'files/s', rounds },
    { name: 'Helia, blockstore-fs', run: (store) => onHelia(openFs(store), addByHelia) },
    [
      { name: 'Cairn', run: (repo) => onCairn(repo, source) },
      { name: 'Helia on a Cairn repo', run: (repo) => onHelia(openCairn(repo), addByHelia) },
    ],
  )
}

interface Measure {
  readonly amount: number
  readonly unit: Comparison['unit']
  readonly rounds: number
}

/** Runs all in turn, so that a slow moment of the machine meets all; the first round compiles the code and is not counted. */
async function compare(
  { amount, unit, rounds }: Measure,
  reference: Contender,
  contenders: readonly Contender[],
): Promise<Comparison[]> {
  const ratesOf = new Map<Contender, number[]>([reference, ...contenders].map((contender) => [contender, []]))
  for (let round = 0; round <= rounds; round++) {
    const roots = new Set<string>()
    for (const [contender, rates] of ratesOf) {
      const { elapsedMs, root } = await inFolder(contender.run)
      if (round > 0) rates.push(amount / (elapsedMs / 1000))
      roots.add(root)
    }
    if (roots.size > 1) throw new Error(`Not the same content: ${[...roots].join(', ')}`)
  }
  const referenceRates = ratesOf.get(reference) ?? []
  return contenders.map((contender) => {
    const rates = ratesOf.get(contender) ?? []
    const ratios = rates.map((rate, round) => rate / (referenceRates[round] ?? Number.NaN))
    return {
      name: contender.name,
      reference: reference.name,
      rate: median(rates),
      referenceRate: median(referenceRates),
      unit,
      ratio: median(ratios),
      ratioMin: Math.min(...ratios),
      ratioMax: Math.max(...ratios),
    }
  })
}

/** A blockstore and how it ends. */
interface OpenBlockstore {
  readonly blockstore: Blockstore
  readonly close: () => Promise<void>
}

async function onHelia(opening: Promise<OpenBlockstore>, add: (files: UnixFS) => Promise<string>): Promise<Run> {
  const { blockstore, close } = await opening
  const helia = createHeliaLight({ blockstore })
  await helia.start()
  const run = await timed(() => add(unixfs(helia)))
  await helia.stop()
  await close()
  return run
}

async function onCairn(path: string, source: NamedSource): Promise<Run> {
  await createRepo(path, 'test')
  await using node = await openNode(path)
  return await timed(async () => {
    let root = ''
    for await (const event of node.add(source, { settings: PROFILES['unixfs-v1-2025'] }))
      if (event.kind === 'entry') root = String(event.cid)
    return root
  })
}

async function timed(add: () => Promise<string>): Promise<Run> {
  const startedMs = performance.now()
  const root = await add()
  return { elapsedMs: performance.now() - startedMs, root }
}

async function openLevel(path: string): Promise<OpenBlockstore> {
  const blockstore = new LevelBlockstore(path)
  await blockstore.open()
  return { blockstore, close: () => blockstore.close() }
}

async function openFs(path: string): Promise<OpenBlockstore> {
  const blockstore = new FsBlockstore(path)
  await blockstore.open()
  return { blockstore, close: async () => blockstore.close() }
}

async function openCairn(path: string): Promise<OpenBlockstore> {
  await createRepo(path, 'test')
  const repo = await openRepo(path)
  return { blockstore: asBlockstore(repo.blocks), close: () => repo.close() }
}

function directory(name: string, entries: readonly NamedSource[]): NamedSource {
  const source: ImportSource = {
    kind: 'directory',
    async *entries() {
      yield* entries
    },
  }
  return { name, source }
}

async function writeRandom(path: string, sizeMib: number): Promise<void> {
  await using file = await open(path, 'w')
  for (let piece = 0; piece < sizeMib; piece++) await file.write(randomBytes(MIB, piece))
  await file.sync()
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
