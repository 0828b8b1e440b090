// A full disk and too few files: a clear error, nothing acknowledged that is not so, reads go on, and all works again when
// there is room, without opening anything by hand.
import { execFile, execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createBlock, RAW_CODE } from '@cairn/core'
import { expect, onTestFinished, test } from 'vitest'
import { openLevelKeyValueStore, openLevelStore, type RecoveryEvent } from '../src/index.ts'
import { seededCrashBlock } from './crash-block.ts'
import { tempFolder } from './temp-folder.ts'

const MIB = 1024 * 1024
const LIMIT = { code: 'LIMIT' }
const large = (seed: number) => createBlock(new Uint8Array(MIB).fill(seed), { codec: RAW_CODE })

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

/** Leaves no byte free. */
async function fillUp(path: string): Promise<void> {
  await writeFile(join(path, 'ballast'), new Uint8Array(64 * MIB)).catch(() => undefined)
}

test('a block store whose deletes met a full disk takes puts and deletes again when there is room', async ({
  skip,
}) => {
  const path = await smallDisk()
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const events: RecoveryEvent[] = []
  const store = await openLevelStore(join(path, 'repo'), { onRecovery: (event) => events.push(event) })
  const blocks = [0, 1, 2, 3, 4].map(large)
  const cids = blocks.map(({ cid }) => cid)
  await store.putMany(blocks)
  await fillUp(path)
  const small = Array.from({ length: 2000 }, (_, seed) => seededCrashBlock(seed))
  await expect(store.putMany(small)).rejects.toMatchObject(LIMIT)
  // A delete of so many is larger than what the file systems has in reserve.
  const gone = await Promise.allSettled(cids.map((cid) => store.deleteMany([cid])))
  const left = cids.filter((_, at) => gone[at]?.status === 'rejected')
  expect((await store.getMany(left)).every((block) => block?.bytes.length === MIB)).toBe(true)
  await expect(store.putMany([large(9)])).rejects.toMatchObject(LIMIT)

  await rm(join(path, 'ballast'))
  expect(await store.deleteMany(left)).toBe(left.length)
  await store.putMany([...blocks, large(9)])
  expect(await store.getMany(cids)).toEqual(blocks)
  expect(await store.stat()).toEqual({ blocks: 6, bytes: 6 * MIB })
  expect(events.some(({ kind }) => kind === 'reopened')).toBe(left.length > 0)
  await store.close()
})

test('a store that is closed amid a large put that failed stays closed', async ({ skip }) => {
  const path = await smallDisk()
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const folder = join(path, 'repo')
  const store = await openLevelStore(folder)
  const ended = store.putMany(Array.from({ length: 40 }, (_, seed) => large(seed))).catch(async (error: unknown) => {
    // Now there is room again, so that the blocks that nobody waits for would have the log opened again.
    rmSync(join(path, 'ballast'), { force: true })
    await store.close()
    return error
  })
  await sleep(10)
  expect(() => writeFileSync(join(path, 'ballast'), new Uint8Array(64 * MIB))).toThrow()
  expect(await ended).toMatchObject(LIMIT)
  rmSync(join(path, 'ballast'), { force: true })
  await sleep(200)
  await (await openLevelStore(folder)).close()
})

test('a scrub that has no room to mend a table says so, and reads go on', async ({ skip }) => {
  const path = await smallDisk()
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const folder = join(path, 'repo')
  const blocks = [0, 1, 2, 3, 4, 5].map(large)
  const filled = await openLevelStore(folder)
  await filled.putMany(blocks)
  await filled.close()
  const store = await openLevelStore(folder)
  const name = readdirSync(join(folder, 'blocks')).find((file) => file.endsWith('.ldb'))
  const table = join(folder, 'blocks', name ?? '')
  const bytes = readFileSync(table)
  bytes[bytes.length - 1] = 0
  writeFileSync(table, bytes)
  await fillUp(path)
  await expect(Array.fromAsync(store.scrub())).rejects.toMatchObject(LIMIT)
  const found = await store.getMany(blocks.map(({ cid }) => cid))
  expect(found.filter((block) => block !== undefined).length).toBeGreaterThan(0)
  await rm(join(path, 'ballast'))
  await Array.fromAsync(store.scrub())
  await store.putMany(blocks)
  expect(await store.getMany(blocks.map(({ cid }) => cid))).toEqual(blocks)
  await store.close()
})

test('a collection gives space back that is spread over the log, where there is little room', async ({ skip }) => {
  const path = await smallDisk()
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const events: RecoveryEvent[] = []
  const store = await openLevelStore(join(path, 'repo'), { onRecovery: (event) => events.push(event) })
  const blocks = Array.from({ length: 40 }, (_, seed) => large(seed))
  for (const block of blocks) await store.putMany([block])
  const { bavail, bsize } = statfsSync(path)
  writeFileSync(join(path, 'ballast'), new Uint8Array(bavail * bsize - 8 * MIB))
  const before = await store.diskBytes()
  const kept = blocks.filter((_, seed) => seed % 2 === 0)
  const sweep = await store.openSweep()
  await sweep.mark(kept.map(({ cid }) => cid))
  await Array.fromAsync(sweep.run())
  await sweep[Symbol.asyncDispose]()
  expect(await store.diskBytes()).toBeLessThan(before - 19 * MIB)
  expect(await store.getMany(kept.map(({ cid }) => cid))).toEqual(kept)
  expect(events).toEqual([])
  await store.close()
})

test('a key-value store goes on when there is room again, and has what it acknowledged', async ({ skip }) => {
  const path = await smallDisk()
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const store = await openLevelKeyValueStore(join(path, 'meta'))
  await store.batch([{ key: 'before', value: Uint8Array.of(1) }])
  await fillUp(path)
  const value = new Uint8Array(MIB)
  await expect(store.batch([{ key: 'during', value }])).rejects.toMatchObject(LIMIT)
  await expect(store.batch([{ key: 'during', value }])).rejects.toMatchObject(LIMIT)
  expect(await store.get('before')).toEqual(Uint8Array.of(1))
  await rm(join(path, 'ballast'))
  await store.batch([{ key: 'after', value }])
  expect(await store.get('before')).toEqual(Uint8Array.of(1))
  expect((await store.get('after'))?.length).toBe(MIB)
  await store.close()
  const again = await openLevelKeyValueStore(join(path, 'meta'))
  expect((await again.get('after'))?.length).toBe(MIB)
  expect(await again.isDoubtful()).toBe(false)
  await again.close()
})

test('a listing never mixes records of two moments', async ({ skip }) => {
  const path = await smallDisk()
  if (path === undefined) return skip('mounting a small file system is not allowed here')
  const store = await openLevelKeyValueStore(join(path, 'meta'))
  const recordOf = (number: number) => ({ key: `pin/${String(number).padStart(4, '0')}`, value: Uint8Array.of(1) })
  await store.batch(Array.from({ length: 3000 }, (_, number) => recordOf(number + 1)))
  const listing = store.list('pin/')[Symbol.asyncIterator]()
  await listing.next()
  await fillUp(path)
  await expect(store.batch([{ key: 'large', value: new Uint8Array(MIB) }])).rejects.toMatchObject(LIMIT)
  await rm(join(path, 'ballast'))
  // A pin that moves: a listing that goes on from where it is would show neither the old one nor the new one.
  await store.batch([{ ...recordOf(3000), value: undefined }, recordOf(0)])
  await expect(Array.fromAsync({ [Symbol.asyncIterator]: () => listing })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  })
  expect(await Array.fromAsync(store.list('pin/'))).toHaveLength(3000)
  await store.close()
})

test('a process without files to open says LIMIT, calls nothing damaged, and goes on when it has some', async () => {
  const path = await tempFolder()
  const store = await openLevelStore(path)
  await store.putMany(Array.from({ length: 20 }, (_, seed) => seededCrashBlock(seed)))
  await store.close()
  // Opened once more, so that the blocks are in a table, which has to be opened to be read.
  await (await openLevelStore(path)).close()
  const child = join(import.meta.dirname, 'few-files.ts')
  const command = `ulimit -n 100; exec '${execPath}' --conditions=source --no-warnings '${child}' '${path}'`
  const { stdout } = await promisify(execFile)('sh', ['-c', command])
  const told: unknown = JSON.parse(stdout)
  expect(told).toMatchObject({ plenty: { read: 'ok', write: 'ok', again: 'ok' }, isCounted: true })
  expect(told).toMatchObject({ scarce: { read: expect.stringMatching(/^(?:ok|LIMIT)$/) } })
  expect(told).toMatchObject({ scarce: { write: expect.stringMatching(/^(?:ok|LIMIT)$/) } })
})
