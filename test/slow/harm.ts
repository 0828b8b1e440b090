// A small store with known content, copies of it, and harm to one of their files.
import { cp, open, readdir, rm, stat, truncate } from 'node:fs/promises'
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
    const meta = await openLevelKeyValueStore(join(whole, 'meta'))
    for (let number = 0; number < RECORDS / 2; number++) await meta.batch([recordOf(number)])
    await meta.close()
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

/** Harm of one file. */
export interface Harm {
  readonly base: 'whole' | 'cut'
  readonly database: 'blocks' | 'index' | 'meta'
  readonly file: string
  readonly how: 'truncated' | 'zeroed' | 'garbled' | 'flipped'
  /** Bytes of the tail, or number of flipped bits. */
  readonly size: number
}

/** Copies a store to `copy` and harms one of its files. */
export async function harmCopy(path: string, copy: string, random: Random): Promise<Harm> {
  const base = pick(random, ['whole', 'cut'] as const)
  await rm(copy, { recursive: true, force: true })
  await cp(join(path, base), copy, { recursive: true })
  const database = pick(random, ['blocks', 'index', 'meta'] as const)
  const kind = pick(random, [/\.ldb$/, /\.log$/, /^MANIFEST/, /^CURRENT$/])
  const names = (await readdir(join(copy, database))).filter((name) => kind.test(name))
  const name = names.length === 0 ? 'CURRENT' : pick(random, names)
  const file = join(copy, database, name)
  const { size: bytes } = await stat(file)
  const how = name.endsWith('.ldb')
    ? pick(random, ['truncated', 'zeroed', 'garbled', 'flipped'] as const)
    : pick(random, ['truncated', 'zeroed', 'garbled'] as const)
  // Most tails are short, as torn writes are.
  const size = how === 'flipped' ? pick(random, [1, 10, 1000]) : 1 + below(random, bytes ** random())
  if (how === 'truncated') await truncate(file, Math.max(bytes - size, 0))
  else if (how === 'flipped') await flip(file, { bits: size, bytes, random })
  else
    await overwrite(file, { start: Math.max(bytes - size, 0), bytes, random: how === 'garbled' ? random : undefined })
  return { base, database, file: name, how, size }
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

async function flip(
  file: string,
  { bits, bytes, random }: { readonly bits: number; readonly bytes: number; readonly random: Random },
): Promise<void> {
  const handle = await open(file, 'r+')
  const content = Buffer.alloc(bytes)
  await handle.read(content, 0, bytes, 0)
  for (let count = 0; count < bits; count++) {
    const at = below(random, bytes)
    content[at] = (content[at] ?? 0) ^ (1 << below(random, 8))
  }
  await handle.write(content, 0, bytes, 0)
  await handle.close()
}

function pick<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[below(random, choices.length)]
  if (choice === undefined) throw new RangeError('nothing to choose from')
  return choice
}
