// No damaged table comes before LevelDB, whether opening looked at it or not, and what was found sound is looked at once.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openDatabase, type Database } from '../src/database/database.ts'
import { blockEnds } from '../src/files/block-ends.ts'
import { isDoubtful, manifestOf } from '../src/files/database-files.ts'
import { readBlock } from '../src/files/table-block.ts'
import { dataBlocksOf } from '../src/files/table-file.ts'
import { decodeTableMemory, encodeTableMemory, readTableMemory, type SeenTable } from '../src/files/table-memory.ts'
import { TableRanges } from '../src/files/table-ranges.ts'
import { TableWatch, type WatchSettings } from '../src/files/table-watch.ts'
import { TABLE_AGE_MIN_MS } from '../src/limits.ts'
import { tempFolder } from './temp-folder.ts'

const RECORDS = 3000
/** Opening looks at the ends of new tables only. */
const LAZY: WatchSettings = { check: 'keys', bytesMax: 0, isSuspect: false }
const EAGER: WatchSettings = { check: 'keys', bytesMax: Infinity, isSuspect: false }

const keyOf = (number: number) => Buffer.from(`key ${String(number).padStart(6, '0')}`)
const keys = Array.from({ length: RECORDS }, (_, number) => keyOf(number))
const valueOf = (number: number) => new Uint8Array(Buffer.from(`value ${number} `.repeat(20)))

/** A database of several tables. */
async function filled(): Promise<string> {
  const path = await tempFolder()
  const database = await openDatabase(path, { tableBytes: 1 << 16, watch: EAGER })
  for (let start = 0; start < RECORDS; start += 100) {
    const changes = keys.slice(start, start + 100).map((key, at) => ({ key, value: valueOf(start + at) }))
    await database.batch(changes, { sync: false })
  }
  await database.compact(keyOf(0), keyOf(RECORDS))
  await database.close()
  return path
}

/** Changes a table so that LevelDB ends the process when it comes to a record in its middle, and gives its name. */
async function harm(path: string): Promise<string> {
  const live = (await manifestOf(path))?.tables
  const names = (await readdir(path)).filter(
    (name) => live?.has(Number.parseInt(name, 10)) === true && name.endsWith('.ldb'),
  )
  const name = names.toSorted()[1] ?? ''
  const table = await readFile(join(path, name))
  const blocks = dataBlocksOf(table) ?? []
  const { offset = 0 } = blocks[blocks.length >> 1] ?? {}
  // The second entry of the block shares nothing now, and has a key of 4 bytes, fewer than LevelDB's own.
  const [first] = readBlock(table.subarray(offset, offset + (blocks[blocks.length >> 1]?.size ?? 0))) ?? []
  const at = offset + 4 + (first?.key.length ?? 0) + (first?.value.length ?? 0)
  table.set([0, 4], at)
  await writeFile(join(path, name), table)
  return name
}

async function harmed(): Promise<string> {
  const path = await filled()
  await harm(path)
  return path
}

const works: Readonly<Record<string, (database: Database) => Promise<unknown>>> = {
  get: (database) => database.getMany(keys),
  has: (database) => database.hasMany(keys),
  list: (database) => Array.fromAsync(database.pages(keyOf(0))),
  compaction: (database) => database.compact(keyOf(0), keyOf(RECORDS)),
}

test.for(Object.entries(works))('a %s of a table that nobody looked at finds the damage first', async ([, work]) => {
  const path = await harmed()
  const kinds: string[] = []
  const onRecovery = ({ kind }: { readonly kind: string }) => void kinds.push(kind)
  const database = await openDatabase(path, { tableBytes: 1 << 16, watch: LAZY, onRecovery })
  expect(kinds).toEqual([])
  await work(database)
  expect(kinds).toEqual(['repaired', 'reopened'])
  expect(await isDoubtful(path)).toBe(true)
  const values = await database.getMany(keys)
  const gone = values.filter((value) => value === undefined).length
  expect(gone).toBeGreaterThan(0)
  expect(gone).toBeLessThan(40)
  for (const [number, value] of values.entries()) if (value !== undefined) expect(value).toEqual(valueOf(number))
  await database.close()
  expect(kinds).toEqual(['repaired', 'reopened'])
})

test('many reads at once meet the same damage, and open it again once', async () => {
  const path = await harmed()
  const kinds: string[] = []
  const database = await openDatabase(path, {
    tableBytes: 1 << 16,
    watch: LAZY,
    onRecovery: ({ kind }) => void kinds.push(kind),
  })
  const reads = await Promise.all(Array.from({ length: 20 }, () => database.getMany(keys)))
  expect(new Set(reads.map((values) => values.filter((value) => value === undefined).length)).size).toBe(1)
  expect(kinds).toEqual(['repaired', 'reopened'])
  await database.close()
})

test('many reads that look at tables at once let others work between', async () => {
  const path = await tempFolder()
  const database = await openDatabase(path, { tableBytes: 1 << 20, watch: EAGER })
  for (let start = 0; start < RECORDS; start += 100) {
    const changes = keys.slice(start, start + 100).map((key) => ({ key, value: new Uint8Array(5000) }))
    await database.batch(changes, { sync: false })
  }
  await database.compact(keyOf(0), keyOf(RECORDS))
  await database.close()
  const { watch } = await TableWatch.open(path, LAZY)
  let turns = 0
  const turn = setInterval(() => turns++, 0)
  // Each looks at one table alone, which is too little to pause for.
  const found = await Promise.all(keys.map((key) => watch.damagedIn([[key, key]])))
  clearInterval(turn)
  expect(found.flat()).toEqual([])
  expect(watch.isNeeded).toBe(false)
  expect(turns).toBeGreaterThan(1)
})

test('what is not repaired says CORRUPT once, keeps nothing, and gives what can be read', async () => {
  const path = await harmed()
  const database = await openDatabase(path, { tableBytes: 1 << 16, watch: { ...LAZY, check: 'all' }, repairs: false })
  await expect(database.getMany(keys)).rejects.toMatchObject({ code: 'CORRUPT' })
  expect((await database.getMany(keys)).filter((value) => value !== undefined).length).toBeGreaterThan(RECORDS - 40)
  await database.close()
  expect((await readdir(join(path, '..'))).filter((name) => name.includes('replaced'))).toEqual([])
})

test('tables are looked at once, and again when they changed', async () => {
  const path = await filled()
  await delay(2 * TABLE_AGE_MIN_MS)
  const first = await TableWatch.open(path, EAGER)
  const second = await TableWatch.open(path, EAGER)
  expect(first.watch.readBytes).toBeGreaterThan(0)
  expect(second.watch.readBytes).toBe(0)
  // Opening does not look at it again; the first read does.
  expect([first.watch.isNeeded, second.watch.isNeeded]).toEqual([false, true])
  const name = await harm(path)
  expect((await TableWatch.open(path, EAGER)).damaged.map((table) => table.name)).toEqual([name])
  expect((await TableWatch.open(path, { ...EAGER, isSuspect: true })).damaged.map((table) => table.name)).toEqual([
    name,
  ])
})

test('what opening had no time for comes next time, and with checksums all of it in turn', async () => {
  const path = await filled()
  await delay(2 * TABLE_AGE_MIN_MS)
  const all = (await TableWatch.open(path, { ...EAGER, isSuspect: true })).watch.readBytes
  await rm(`${path}.tables`)
  const bytesMax = Math.floor(all / 3)
  for (const check of ['keys', 'all'] as const) {
    const looks: boolean[] = []
    for (let round = 0; round < 4; round++)
      looks.push((await TableWatch.open(path, { ...LAZY, check, bytesMax })).watch.readBytes > 0)
    expect(looks).toEqual(check === 'keys' ? [true, true, true, false] : [true, true, true, true])
  }
})

const seenTable = fc.record({
  bytes: fc.maxSafeNat(),
  changedUs: fc.maxSafeNat(),
  check: fc.constantFrom<SeenTable['check']>('ends', 'keys', 'all'),
})

test('the memory of tables reads as it was written, and not at all when it is damaged', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.maxSafeNat(), seenTable)), fc.nat(), fc.nat(7), (entries, place, bit) => {
      const memory = new Map(entries)
      const bytes = encodeTableMemory(memory)
      expect([...(decodeTableMemory(bytes) ?? [])]).toEqual([...memory])
      const damaged = bytes.slice()
      const at = place % bytes.length
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
      expect(decodeTableMemory(damaged)).toBeUndefined()
      expect(decodeTableMemory(bytes.subarray(0, at))).toBeUndefined()
    }),
  )
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeTableMemory(bytes) === undefined))
  expect(await readTableMemory(join(await tempFolder(), 'none'))).toEqual(new Map())
})

test('the ends of a block are those of its entries, or it has none', async () => {
  const path = await filled()
  const name = (await readdir(path)).find((file) => file.endsWith('.ldb')) ?? ''
  const table = await readFile(join(path, name))
  const { offset = 0, size = 0 } = dataBlocksOf(table)?.[0] ?? {}
  const block = Uint8Array.from(table.subarray(offset, offset + size))
  expect(blockEnds(block)).toBeDefined()
  const flip = fc.tuple(fc.nat(block.length - 1), fc.nat(7))
  fc.assert(
    fc.property(fc.array(flip, { maxLength: 4 }), fc.nat(block.length), (flips, end) => {
      const damaged = block.slice(flips.length === 0 ? end : 0)
      for (const [at, bit] of flips) damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
      const ends = blockEnds(damaged)
      const entries = readBlock(damaged)
      const [first, last] = [entries?.at(0), entries?.at(-1)].map((entry) => Buffer.from(entry?.key ?? []))
      // It is the stricter one, about the order of restarts.
      if (ends === undefined) expect(flips.length > 0 || end > 0).toBe(true)
      else expect([first, last]).toEqual([Buffer.from(ends.first), Buffer.from(ends.last)])
    }),
    { numRuns: 2000 },
  )
})

test('tables are found by their keys at every level', () => {
  const tag = new Uint8Array(8)
  const key = (number: number) => Uint8Array.of(number)
  const levels = fc.array(fc.uniqueArray(fc.nat(255), { minLength: 2, maxLength: 20 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(levels, fc.nat(255), fc.option(fc.nat(255)), (cuts, from, to) => {
      const tables = cuts.flatMap((bounds, level) => {
        const sorted = bounds.toSorted((a, b) => a - b)
        // Level 0 has tables that overlap.
        return sorted
          .slice(1)
          .map((end, at) => ({ level, start: (sorted[level === 0 ? 0 : at] ?? 0) + (level === 0 ? 0 : 1), end }))
      })
      const ranges = new TableRanges(
        tables.map((table) => {
          const [first, last] = [table.start, table.end].map((bound) => Buffer.concat([key(bound & 255), tag]))
          return { table, range: { level: table.level, first: first ?? tag, last: last ?? tag } }
        }),
      )
      const end = to === null ? undefined : key(to)
      const expected = tables.filter((table) => table.end >= from && (to === null || table.start <= to))
      expect(new Set(ranges.overlapping([key(from), end]))).toEqual(new Set(expected))
      const [least = key(0), most = key(255)] = to === null || to < from ? [] : ranges.compacted([key(from), key(to)])
      const taken = [...ranges.overlapping([least, most])]
      for (const table of taken)
        expect([table.start >= (least[0] ?? 0), table.end <= (most[0] ?? 255)]).toEqual([true, true])
    }),
  )
})
