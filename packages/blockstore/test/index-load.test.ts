// An index that is made anew from the log's tables is the one that LevelDB's own view of the log gives.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { multihashKey } from '@cairn/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manifestOf } from '../src/files/database-files.ts'
import { TableKeys } from '../src/files/table-keys.ts'
import { TableReader } from '../src/files/table-reader.ts'
import { openLevelStore, type LevelBlockStore } from '../src/index.ts'
import { BlockIndex, openIndexDatabase } from '../src/log/block-index.ts'
import { openBlockLog, type BlockLog } from '../src/log/block-log.ts'
import { loadIndex } from '../src/log/index-load.ts'
import { PlacedRun } from '../src/log/placed-run.ts'
import { encodeLogKey } from '../src/log/record.ts'
import { seededBlock } from './block-store-suite.ts'
import { tempFolder } from './temp-folder.ts'

/** What a store says of itself. */
async function contentOf(store: LevelBlockStore): Promise<unknown> {
  const listed: string[] = []
  for await (const { cid, size } of store.list()) listed.push(`${multihashKey(cid.multihash.bytes)} ${size}`)
  return { listed: listed.toSorted(), ...(await store.stat()) }
}

/** Seeds of blocks; the size follows from the seed: many small ones, and some that fill tables. */
const seeds = fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 40 })
const blockOf = (seed: number) => seededBlock(seed, seed % 6 === 0 ? 700_000 + seed : 10 + seed * 40)

test('an index that is made anew is the same after any puts, deletes, compactions and openings', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: seeds.map((chosen) => ({ kind: 'put' as const, chosen })) },
    { weight: 3, arbitrary: seeds.map((chosen) => ({ kind: 'delete' as const, chosen })) },
    fc.constantFrom({ kind: 'compact' as const }, { kind: 'reopen' as const }, { kind: 'remake' as const }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const path = await tempFolder()
      let store = await openLevelStore(path)
      try {
        for (const action of steps) {
          if (action.kind === 'put') await store.putMany(action.chosen.map(blockOf))
          else if (action.kind === 'delete') await store.deleteMany(action.chosen.map((seed) => blockOf(seed).cid))
          else if (action.kind === 'compact') for await (const _ of store.compact());
          else if (action.kind === 'remake') await store.rebuildIndex()
          else {
            await store.close()
            store = await openLevelStore(path)
          }
        }
        const before = await contentOf(store)
        await store.rebuildIndex()
        expect(await contentOf(store)).toEqual(before)
        for (let seed = 0; seed <= 60; seed += 7) await store.get(blockOf(seed).cid)
      } finally {
        await store.close()
      }
    }),
    { numRuns: 25 },
  )
})

/** By seed, the last sequence of each block in `logWithRepeats`. */
function placesIn(count: number): Map<number, number> {
  const places = new Map<number, number>()
  for (let sequence = 1; sequence <= count; sequence++)
    places.set(sequence % 7 === 0 ? sequence / 7 : sequence, sequence)
  return places
}

/** A log of `count` records, of which every seventh has the block of an earlier one. */
async function logWithRepeats(count: number): Promise<BlockLog> {
  const log = await openBlockLog(join(await tempFolder(), 'blocks'))
  for (let start = 1; start <= count; start += 100) {
    const records = Array.from({ length: Math.min(100, count - start + 1) }, (_, at) => {
      const sequence = start + at
      const { cid, bytes } = seededBlock(sequence % 7 === 0 ? sequence / 7 : sequence, 30)
      return { multihash: cid.multihash.bytes, bytes, location: { sequence, size: bytes.length } }
    })
    await (
      await log.append(records)
    ).durable
  }
  return log
}

test.each([50, 100_000])(
  'a block that is in the log twice counts once, with its later place; runs of %i',
  async (runBlocks) => {
    const count = 1000
    const log = await logWithRepeats(count)
    const database = await openIndexDatabase(join(await tempFolder(), 'index'))
    try {
      const index = new BlockIndex(database, { id: log.id, sequence: 1 })
      expect(await loadIndex(index, log, { runBlocks })).toBe(count + 1)
      const expected = placesIn(count)
      expect(index.totals).toEqual({ blocks: expected.size, bytes: expected.size * 30 })
      const places = await index.entries([...expected.keys()].map((seed) => seededBlock(seed, 30).cid.multihash.bytes))
      expect(places.map((place) => place?.location.sequence)).toEqual([...expected.values()])
      expect(await index.lastAdded()).toEqual(encodeLogKey(count, seededBlock(count, 30).cid.multihash.bytes))
    } finally {
      await database.close()
      await log.close()
    }
  },
)

test('records from a sequence on are left out, be they in a table or not', async () => {
  const log = await logWithRepeats(300)
  const database = await openIndexDatabase(join(await tempFolder(), 'index'))
  try {
    const index = new BlockIndex(database, { id: log.id, sequence: 1 })
    expect(await loadIndex(index, log, { below: 151 })).toBe(151)
    expect(index.totals.blocks).toBe(placesIn(150).size)
  } finally {
    await database.close()
    await log.close()
  }
})

test('places come in the order of their multihashes, the last of each', () => {
  const multihash = fc.uint8Array({ minLength: 2, maxLength: 9 }).map((bytes) => bytes.map((byte) => byte & 3))
  fc.assert(
    fc.property(fc.array(multihash, { maxLength: 200 }), (multihashes) => {
      const run = new PlacedRun(1024)
      for (const [at, bytes] of multihashes.entries()) {
        const key = encodeLogKey(at + 1, bytes)
        run.add(key, key.length, at * 3)
      }
      const last = new Map(multihashes.map((bytes, at) => [Buffer.from(bytes).toString('hex'), at]))
      const expected = [...last].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, at]) => at)
      expect([...run.sorted()]).toEqual(expected)
      for (const at of expected) {
        expect([...run.multihashAt(at)]).toEqual([...(multihashes[at] ?? [])])
        expect(run.locationAt(at)).toEqual({ sequence: at + 1, size: at * 3 })
      }
    }),
  )
})

test('whatever is done to a table, reading its keys ends, and only damage is left out', async () => {
  const path = await tempFolder()
  const store = await openLevelStore(path)
  await store.putMany(Array.from({ length: 60 }, (_, seed) => blockOf(seed)))
  await store.deleteMany([1, 2, 3].map((seed) => blockOf(seed).cid))
  await store.close()
  const folder = join(path, 'blocks')
  const named = (await manifestOf(folder))?.tables
  const names = (await readdir(folder)).filter((name) => named?.has(Number.parseInt(name, 10)) === true)
  const file = join(folder, names.find((name) => name.endsWith('.ldb')) ?? '')
  const table = await readFile(file)
  const harmed = join(path, 'harmed.ldb')
  await fc.assert(
    fc.asyncProperty(
      fc.nat(table.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, mask, isCut) => {
        const bytes = Buffer.from(isCut ? table.subarray(0, at) : table)
        if (!isCut) bytes[at] = (bytes[at] ?? 0) ^ mask
        await writeFile(harmed, bytes)
        const outline = await new TableReader().read(harmed)
        const keys = new TableKeys(() => undefined)
        if (outline !== undefined) expect(typeof keys.read(outline)).toBe('boolean')
      },
    ),
    { numRuns: 150 },
  )
})
