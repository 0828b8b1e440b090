// A small store with known content, copies of it, and harm to one of their files.
import { cp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelKeyValueStore, openLevelStore } from '@cairn/blockstore'
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { below, seededRandom, type Random } from './random.ts'

/** Blocks of the store. */
export const BLOCKS = 150
/** Records beside them, `r/0000` and on, which are written in this order. */
export const RECORDS = 40

/** A block of up to 6 KiB that depends on `seed` alone. */
function blockOf(seed: number): Block {
  const random = seededRandom(seed)
  const bytes = Uint8Array.from({ length: 20 + below(random, 6000) }, () => below(random, 256))
  return createBlock(bytes, { codec: RAW_CODE })
}

/** All blocks, by their seeds. */
export function allBlocks(): Block[] {
  return Array.from({ length: BLOCKS }, (_, seed) => blockOf(seed))
}

export function recordKey(number: number): string {
  return `r/${String(number).padStart(4, '0')}`
}

/** Fills `path/whole` with a store that was closed, and `path/cut` with one as a kill leaves it. */
export async function fillStores(path: string): Promise<void> {
  const blocks = allBlocks()
  for (const isCut of [false, true]) {
    const whole = join(path, 'whole')
    await rm(whole, { recursive: true, force: true })
    for (const half of [0, RECORDS / 4]) {
      const meta = await openLevelKeyValueStore(join(whole, 'meta'))
      for (let number = half; number < half + RECORDS / 4; number++) await meta.batch([recordOf(number)])
      await meta.close()
    }
    for (const part of [0, 1, 2]) {
      const store = await openLevelStore(whole)
      const mine = blocks.slice((part * BLOCKS) / 3, ((part + 1) * BLOCKS) / 3)
      for (let start = 0; start < mine.length; start += 10) await store.putMany(mine.slice(start, start + 10))
      const again = await openLevelKeyValueStore(join(whole, 'meta'))
      for (let number = RECORDS / 2; part === 2 && number < RECORDS; number++) await again.batch([recordOf(number)])
      if (part === 2 && isCut) await cp(whole, join(path, 'cut'), { recursive: true })
      await again.close()
      await store.close()
    }
  }
}

function recordOf(number: number) {
  return { key: recordKey(number), value: new TextEncoder().encode(`value ${number}`) }
}

const DATABASES = ['blocks', 'index', 'meta'] as const
const TABLE = /\.ldb$/

/** Harm to the files of one store. */
export interface Harm {
  readonly base: 'whole' | 'cut'
  readonly files: readonly FileHarm[]
}

/** Harm of one file. */
export interface FileHarm {
  readonly database: (typeof DATABASES)[number]
  readonly file: string
  readonly how: 'gone' | 'truncated' | 'zeroed' | 'garbled' | 'flipped' | 'keys'
  /** Bytes of the tail, or number of flipped bits: of any, or for `keys` of those that are in no block. */
  readonly size: number
}

/** Copies a store to `copy` and harms one of its files, or two of them. */
export async function harmCopy(path: string, copy: string, random: Random): Promise<Harm> {
  const base = await copyOf(path, copy, random)
  const files: FileHarm[] = []
  for (let count = pick(random, [1, 1, 2]); count > 0; count--) {
    const database = pick(random, DATABASES)
    const kind = pick(random, [TABLE, /\.log$/, /^MANIFEST/, /^CURRENT$/])
    const names = (await readdir(join(copy, database))).filter((name) => kind.test(name))
    const file = names.length === 0 ? 'CURRENT' : pick(random, names)
    const hows = kind === TABLE ? (['truncated', 'zeroed', 'garbled', 'flipped'] as const) : TAILS
    files.push(await harmFile(copy, { database, file, how: pick(random, hows) }, random))
  }
  return { base, files }
}

/** Copies a store to `copy` and flips bits of one of its tables: in keys, and in what says where they are. */
export async function harmKeys(path: string, copy: string, random: Random): Promise<Harm> {
  const base = await copyOf(path, copy, random)
  // Of the others, opening verifies all checksums.
  const database = pick(random, ['blocks', 'blocks', 'blocks', 'index', 'meta'] as const)
  const tables = (await readdir(join(copy, database))).filter((name) => TABLE.test(name))
  return { base, files: [await harmFile(copy, { database, file: pick(random, tables), how: 'keys' }, random)] }
}

const TAILS = ['truncated', 'zeroed', 'garbled'] as const

/** Harm to two tables of one database, and perhaps to what names them. */
export interface PairOfHarms {
  readonly database: FileHarm['database']
  readonly hows: readonly FileHarm['how'][]
  readonly head: 'CURRENT' | 'MANIFEST' | undefined
}

/** All of them. */
export const ALL_PAIRS: readonly PairOfHarms[] = DATABASES.flatMap((database) =>
  [undefined, 'MANIFEST' as const, 'CURRENT' as const].flatMap((head) =>
    (['gone', ...TAILS] as const).flatMap((first) =>
      (['gone', ...TAILS] as const).map((second) => ({ database, hows: [first, second], head })),
    ),
  ),
)

/** Copies a store to `copy` and harms two of its tables. */
export async function harmPair(
  { path, copy, pair }: { readonly path: string; readonly copy: string; readonly pair: PairOfHarms },
  random: Random,
): Promise<Harm> {
  const { database, hows, head } = pair
  const base = await copyOf(path, copy, random)
  const names = await readdir(join(copy, database))
  const tables = names.filter((name) => TABLE.test(name))
  if (tables.length < hows.length) throw new RangeError(`too few tables in ${database}`)
  const files: FileHarm[] = []
  for (const how of hows) {
    const [file = ''] = tables.splice(below(random, tables.length), 1)
    files.push(await harmFile(copy, { database, file, how }, random))
  }
  const named = names.find((name) => head !== undefined && name.startsWith(head))
  if (named !== undefined) files.push(await harmFile(copy, { database, file: named, how: 'truncated' }, random))
  return { base, files }
}

async function copyOf(path: string, copy: string, random: Random): Promise<Harm['base']> {
  const base = pick(random, ['whole', 'cut'] as const)
  await rm(copy, { recursive: true, force: true })
  await cp(join(path, base), copy, { recursive: true })
  return base
}

async function harmFile(copy: string, harm: Omit<FileHarm, 'size'>, random: Random): Promise<FileHarm> {
  const { database, how } = harm
  const file = join(copy, database, harm.file)
  const { size: bytes } = await stat(file)
  // Most tails are short, as torn writes are; some are all there is.
  const tail = below(random, 4) === 0 ? bytes : 1 + below(random, bytes ** random())
  const size = sizeOf(how, { bytes, tail, random })
  const start = Math.max(bytes - size, 0)
  if (how === 'gone') await rm(file)
  else if (how === 'truncated') await truncate(file, start)
  else if (how === 'flipped') await flip(file, { bits: size, places: undefined, random })
  else if (how === 'keys') await flip(file, { bits: size, places: outsideBlocks(await readFile(file)), random })
  else await overwrite(file, { start, bytes, random: how === 'garbled' ? random : undefined })
  return { ...harm, size }
}

async function overwrite(
  file: string,
  { start, bytes, random }: { readonly start: number; readonly bytes: number; readonly random: Random | undefined },
): Promise<void> {
  const tail = Uint8Array.from({ length: bytes - start }, () => (random === undefined ? 0 : below(random, 256)))
  const handle = await open(file, 'r+')
  await handle.write(tail, 0, tail.length, start)
  await handle.close()
}

function sizeOf(
  how: FileHarm['how'],
  { bytes, tail, random }: { readonly bytes: number; readonly tail: number; readonly random: Random },
): number {
  if (how === 'flipped') return pick(random, [1, 10, 1000])
  if (how === 'keys') return pick(random, [1, 3, 10, 100])
  return how === 'gone' ? bytes : tail
}

/** Where the bytes of a file are that are in no block. */
function outsideBlocks(content: Buffer): number[] {
  const isBlock = new Uint8Array(content.length)
  for (const { bytes } of allBlocks()) {
    const at = content.indexOf(bytes)
    if (at >= 0) isBlock.fill(1, at, at + bytes.length)
  }
  return [...isBlock.keys()].filter((at) => isBlock[at] === 0)
}

/** Flips `bits`, each in one of the bytes at `places`, or in any. */
async function flip(
  file: string,
  { bits, places, random }: { readonly bits: number; readonly places: number[] | undefined; readonly random: Random },
): Promise<void> {
  const content = await readFile(file)
  for (let count = 0; count < bits; count++) {
    const at = places === undefined ? below(random, content.length) : pick(random, places)
    content[at] = (content[at] ?? 0) ^ (1 << below(random, 8))
  }
  await writeFile(file, content)
}

function pick<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[below(random, choices.length)]
  if (choice === undefined) throw new RangeError('nothing to choose from')
  return choice
}
