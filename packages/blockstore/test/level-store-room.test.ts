// Where room is short: nobody pays for the too large put of another, what failed leaves nothing, and compacting stops in time.
import { execFileSync } from 'node:child_process'
import { readdirSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { expect, onTestFinished, test } from 'vitest'
import { openLevelStore, type LevelBlockStore } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

const MIB = 1024 * 1024
const LIMIT = { code: 'LIMIT' }
const block = (seed: number, bytes: number) =>
  createBlock(Uint8Array.from(Buffer.alloc(bytes, `${seed} `)), { codec: RAW_CODE })
const large = (seed: number) => block(seed, MIB)

/** Blocks are verified as they are read. */
async function expectStored(store: LevelBlockStore, blocks: readonly Block[]): Promise<void> {
  const found = await store.getMany(blocks.map(({ cid }) => cid))
  expect(found.map((one) => one?.bytes.length)).toEqual(blocks.map(({ bytes }) => bytes.length))
}

async function removedBy(store: LevelBlockStore): Promise<number> {
  let removed = 0
  for await (const { removedRecords } of store.compact()) removed += removedRecords
  return removed
}

test('a put that is too large fails alone, whoever shares its commit', async () => {
  const store = await openLevelStore(await tempFolder(), { bytesMax: 4 * MIB })
  const small = [1, 2, 3].map((seed) => block(seed, 1000))
  const puts = [
    store.putMany(small.slice(0, 1)),
    store.putMany(Array.from({ length: 6 }, (_, seed) => large(seed + 10))),
    store.putMany(small.slice(1)),
  ]
  const ended = await Promise.allSettled(puts)
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(ended[1]).toMatchObject({ reason: LIMIT })
  expect(await store.getMany(small.map(({ cid }) => cid))).toEqual(small)
  expect(await store.stat()).toMatchObject({ blocks: 3 })
  await store.close()
})

/** A file system of 64 MiB of its own, `undefined` where that is not allowed. */
async function smallDisk(): Promise<string | undefined> {
  const path = await tempFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]))
  return path
}

/** Leaves `bytes` free. */
function fillUpTo(path: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(path)
  writeFileSync(join(path, 'ballast'), new Uint8Array(Math.max(bavail * bsize - bytes, 0)))
}

function sizeOf(folder: string): number {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0)
}

test('what a commit has left that failed goes with the next one', async ({ skip }) => {
  const path = await smallDisk()
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const store = await openLevelStore(join(path, 'repo'))
  await store.putMany([large(1)])
  const folder = join(path, 'repo', 'blocks')
  const before = sizeOf(folder)
  const failing = store.putMany(Array.from({ length: 14 }, (_, seed) => large(seed + 10))).then(
    () => undefined,
    (error: unknown) => error,
  )
  // When some of its batches are written and others not yet.
  while (sizeOf(folder) < before + 3 * MIB) await new Promise((resolve) => setImmediate(resolve))
  expect(() => writeFileSync(join(path, 'ballast'), new Uint8Array(64 * MIB))).toThrow()
  expect(await failing).toMatchObject(LIMIT)
  await rm(join(path, 'ballast'))
  await store.putMany([large(2)])
  expect(await store.stat()).toMatchObject({ blocks: 2 })
  expect(await removedBy(store)).toBe(0)
  // Nor has compacting entered one that was left.
  expect(await store.stat()).toMatchObject({ blocks: 2 })
  await expectStored(store, [large(1)])
  await store.close()
})

/** Keeps `kept` and deletes the rest. */
async function collect(store: LevelBlockStore, kept: readonly Block[]): Promise<void> {
  await using sweep = await store.openSweep()
  await sweep.mark(kept.map(({ cid }) => cid))
  for await (const _ of sweep.run());
}

const works: readonly [name: string, work: (store: LevelBlockStore, kept: readonly Block[]) => Promise<unknown>][] = [
  ['compacting', removedBy],
  ['collecting', collect],
]

test.for(works)(
  '%s what is spread over the log says LIMIT where there is no room, and goes on when there is',
  async ([, work], { skip }) => {
    const path = await smallDisk()
    if (path === undefined) return skip('mounting a small file system is not allowed here')
    const store = await openLevelStore(join(path, 'repo'))
    const blocks = Array.from({ length: 36 }, (_, seed) => large(seed))
    for (const one of blocks) await store.putMany([one])
    const kept = blocks.filter((_, seed) => seed % 3 !== 0)
    await store.deleteMany(blocks.filter((_, seed) => seed % 3 === 0).map(({ cid }) => cid))
    fillUpTo(path, 8 * MIB)
    await expect(work(store, kept)).rejects.toMatchObject(LIMIT)
    const { bavail, bsize } = statfsSync(path)
    expect(bavail * bsize).toBeGreaterThan(4 * MIB)
    await expectStored(store, kept)
    await rm(join(path, 'ballast'))
    const before = await store.diskBytes()
    await work(store, kept)
    expect(await store.diskBytes()).toBeLessThan(before - 11 * MIB)
    await store.putMany([large(99)])
    await expectStored(store, kept)
    await store.close()
  },
)
