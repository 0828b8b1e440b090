// What holds after a crash, with damaged files, and on a full disk.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { createBlock, RAW_CODE } from '@cairn/core'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../src/database/database.ts'
import { openLevelStore } from '../src/index.ts'
import { seededBlock } from './block-store-suite.ts'
import { seededCrashBlock } from './crash-block.ts'
import { tempFolder } from './temp-folder.ts'

const CHILD = join(import.meta.dirname, 'put-until-killed.ts')

/** Lets a child put blocks from its first seed on and kills it after `count` acknowledgements; gives those it printed. */
async function putAndKill(args: readonly string[], count: number): Promise<number[]> {
  const child = spawn(execPath, ['--conditions=source', '--no-warnings', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const acknowledged: number[] = []
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line))
    if (acknowledged.length === count) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  expect(signal).toBe('SIGKILL')
  return acknowledged
}

test.for(['sync', 'none'] as const)(
  'with durability %s everything acknowledged outlives kill after kill',
  async (durability) => {
    const path = await tempFolder()
    const acknowledged: number[] = []
    for (const [round, count] of [1, 130, 400].entries()) {
      acknowledged.push(...(await putAndKill([path, `${round * 100_000}`, durability], count)))
      const store = await openLevelStore(path, { durability })
      const blocks = acknowledged.map(seededCrashBlock)
      const found = await store.getMany(blocks.map(({ cid }) => cid))
      expect(found.filter((block) => block === undefined)).toEqual([])
      const listed = await Array.fromAsync(store.list())
      expect(await store.stat()).toEqual({
        blocks: listed.length,
        bytes: listed.reduce((sum, { size }) => sum + size, 0),
      })
      // Only every other round ends with a clean close, so that a tail is read upon a tail too.
      if (round % 2 === 0) await store.deleteMany([seededCrashBlock(round).cid])
      await store.close()
      if (round % 2 === 0) acknowledged.splice(0, acknowledged.length, ...acknowledged.filter((seed) => seed !== round))
    }
  },
)

const damages: readonly (readonly [name: string, harm: (file: string) => Promise<void>, files: RegExp])[] = [
  ['its manifest is garbage', (file) => writeFile(file, 'garbage'), /^MANIFEST/],
  ['its manifest is cut', (file) => truncate(file, 10), /^MANIFEST/],
  ['its CURRENT is empty', (file) => truncate(file, 0), /^CURRENT/],
  ['its tables are cut', (file) => truncate(file, 5), /ldb$/],
  ['its tables and logs are garbage', (file) => writeFile(file, 'garbage'), /(ldb|log)$/],
]

test.each(damages)('an index is made anew when %s', async (_, harm, files) => {
  const path = await tempFolder()
  const blocks = Array.from({ length: 100 }, (_each, seed) => seededBlock(seed))
  const store = await openLevelStore(path)
  await store.putMany(blocks)
  await store.close()
  const names = (await readdir(join(path, 'index'))).filter((name) => files.test(name))
  expect(names.length).toBeGreaterThan(0)
  await Promise.all(names.map((name) => harm(join(path, 'index', name))))

  const again = await openLevelStore(path)
  expect(await again.hasMany(blocks.map(({ cid }) => cid))).toEqual(blocks.map(() => true))
  expect(await again.stat()).toEqual({ blocks: 100, bytes: 6400 })
  await again.close()
})

/** A file system of its own with `size`; `undefined` where that is not allowed. */
async function smallDisk(size: string): Promise<string | undefined> {
  const path = await tempFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]))
  return path
}

const block = (seed: number) => {
  const bytes = new Uint8Array(1024 * 1024).fill(seed)
  return createBlock(bytes, { codec: RAW_CODE })
}

test('a full disk is LIMIT, loses nothing, and puts go on once there is room', async ({ skip }) => {
  const path = await smallDisk('40m')
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const store = await openLevelStore(join(path, 'repo'))
  const stored: number[] = []
  const fill = async (): Promise<void> => {
    for (let seed = 0; seed < 60; seed++) {
      await store.putMany([block(seed)])
      stored.push(seed)
    }
  }
  await expect(fill()).rejects.toMatchObject({ code: 'LIMIT' })
  expect(stored.length).toBeGreaterThan(3)
  const there = async () =>
    (await store.getMany(stored.map((seed) => block(seed).cid))).every((found) => found !== undefined)
  expect(await there()).toBe(true)
  expect(await store.deleteMany([block(0).cid])).toBe(1)
  execFileSync('mount', ['-o', 'remount,size=200m', path])
  await store.putMany([block(0), block(200)])
  expect(await there()).toBe(true)
  await store.close()
})

test('after a write that failed a database is read-only, and opened again it has all that was acknowledged', async ({
  skip,
}) => {
  const path = await smallDisk('24m')
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const database = await openDatabase(join(path, 'db'), { tableBytes: 1 << 20 })
  const stored: Uint8Array[] = []
  const put = async (seed: number): Promise<void> => {
    const key = Uint8Array.of(seed)
    await database.batch([{ key, value: block(seed).bytes }], { sync: true })
    stored.push(key)
  }
  const fill = async (): Promise<void> => {
    for (let seed = 0; seed < 60; seed++) await put(seed)
  }
  await expect(fill()).rejects.toMatchObject({ code: 'LIMIT' })
  execFileSync('mount', ['-o', 'remount,size=200m', path])
  await expect(put(100)).rejects.toMatchObject({ code: 'LIMIT' })
  expect(database.isWritable).toBe(false)
  expect((await database.getMany(stored)).every((value) => value?.length === 1 << 20)).toBe(true)
  await database.close()

  const again = await openDatabase(join(path, 'db'), { tableBytes: 1 << 20 })
  expect((await again.getMany(stored)).every((value) => value?.length === 1 << 20)).toBe(true)
  await again.batch([{ key: Uint8Array.of(100) }], { sync: true })
  await again.close()
})

test('closing on a full disk keeps what was acknowledged', async ({ skip }) => {
  const path = await smallDisk('40m')
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const store = await openLevelStore(join(path, 'repo'))
  await store.putMany([block(1)])
  await writeFile(join(path, 'ballast'), new Uint8Array(40 << 20)).catch(() => undefined)
  expect((await store.get(block(1).cid))?.bytes.length).toBe(1 << 20)
  await store.close()
  await rm(join(path, 'ballast'))
  const again = await openLevelStore(join(path, 'repo'))
  expect(await again.stat()).toEqual({ blocks: 1, bytes: 1 << 20 })
  expect((await again.get(block(1).cid))?.bytes.length).toBe(1 << 20)
  await again.close()
})
