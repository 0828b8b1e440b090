// What a compaction that somebody asks for gives back: also what a few blocks took that were healed.
import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlock, RAW_CODE } from '@cairn/core'
import { expect, test } from 'vitest'
import { openLevelStore, type LevelBlockStore } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

const MIB = 1024 * 1024

test('the space of three healed blocks among forty comes back, and a second compaction rewrites nothing', async () => {
  const path = await tempFolder()
  const blocks = Array.from({ length: 40 }, () => createBlock(randomBytes(MIB), { codec: RAW_CODE }))
  const damaged = [blocks[3], blocks[11], blocks[19]].filter((block) => block !== undefined)
  const first = await openLevelStore(path)
  await first.putMany(blocks)
  await first.close()
  await (await openLevelStore(path)).close()
  const soundBytes = await logBytes(path)
  for (const { bytes } of damaged) await flipBit(path, bytes)
  const store = await openLevelStore(path)
  await Array.fromAsync(store.scrub())
  expect(await Array.fromAsync(store.damaged())).toHaveLength(3)
  await store.putMany(damaged)
  await compacted(store)
  await store.close()
  const again = await openLevelStore(path)
  expect(await logBytes(path)).toBeLessThan(soundBytes + MIB)
  expect(await compacted(again)).toBe(0)
  // Each is proven when it is read.
  expect(await again.getMany(blocks.map(({ cid }) => cid))).not.toContain(undefined)
  await again.close()
})

/** Compacts, and gives how often something was rewritten. */
async function compacted(store: LevelBlockStore): Promise<number> {
  const steps = await Array.fromAsync(store.compact())
  return steps.filter(({ records }) => records === 0).length
}

async function logBytes(path: string): Promise<number> {
  const names = (await readdir(join(path, 'blocks'))).filter((name) => name.endsWith('.ldb'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, 'blocks', name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function flipBit(path: string, bytes: Uint8Array): Promise<void> {
  for (const name of (await readdir(join(path, 'blocks'))).filter((file) => file.endsWith('.ldb'))) {
    const table = await readFile(join(path, 'blocks', name))
    const at = table.indexOf(bytes.subarray(1000, 1032))
    if (at === -1) continue
    table[at] = (table[at] ?? 0) ^ 1
    await writeFile(join(path, 'blocks', name), table)
    return
  }
  expect.fail('the block is in a table')
}
