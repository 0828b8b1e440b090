// LevelDB's files as they are looked at without it: checksums, tables and their blocks, the MANIFEST.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { expect, test } from 'vitest'
import { maskedCrc32c } from '../src/files/crc32c.ts'
import { openDatabase } from '../src/database/database.ts'
import { readManifest } from '../src/files/manifest.ts'
import { decompressSnappy } from '../src/files/snappy.ts'
import { isSoundTable, mendTable } from '../src/files/table-file.ts'
import { tempFolder } from './temp-folder.ts'

/** The tables of a database with small and large records; compressed where LevelDB does so. */
async function someTables(compression: boolean): Promise<{ readonly path: string; readonly tables: Buffer[] }> {
  const path = await tempFolder()
  const level = new Level(path, { compression, writeBufferSize: 1 << 16 })
  for (let number = 0; number < 300; number++) {
    await level.put(`key ${String(number).padStart(5, '0')}`, `value ${number} `.repeat(1 + ((number * 37) % 900)))
    if (number % 7 === 0) await level.del(`key ${String(number - 3).padStart(5, '0')}`)
  }
  await level.close()
  const again = new Level(path)
  await again.open()
  await again.close()
  const files = await readdir(path)
  const manifest = await readFile(join(path, files.find((name) => name.startsWith('MANIFEST')) ?? ''))
  // Closing may have cut short a compaction: its last table is not whole, and the MANIFEST does not name it.
  const named = readManifest(manifest)?.tables
  const names = files.filter((name) => name.endsWith('.ldb') && named?.has(Number.parseInt(name, 10)) === true)
  return { path, tables: await Promise.all(names.map((name) => readFile(join(path, name)))) }
}

test('checksums are those of LevelDB', () => {
  expect(maskedCrc32c(new TextEncoder().encode('123456789'))).toBe(expectedMask(0xe3069283))
  expect(maskedCrc32c(new Uint8Array(32))).toBe(expectedMask(0x8a9136aa))
})

/** LevelDB's mask over the checksum that RFC 3720 gives. */
function expectedMask(sum: number): number {
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0
}

test.each([false, true])('tables of LevelDB are sound, compressed: %s', async (compression) => {
  const { tables } = await someTables(compression)
  expect(tables.length).toBeGreaterThan(0)
  for (const table of tables) {
    for (const check of ['ends', 'keys', 'all'] as const) expect(isSoundTable(table, check)).toBe(true)
  }
})

test.each([false, true])(
  'whatever is done to a table, it is noticed, and what is mended is sound, compressed: %s',
  async (compression) => {
    const { tables } = await someTables(compression)
    const [table = Buffer.alloc(0)] = tables
    fc.assert(
      fc.property(fc.nat(table.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, isCut) => {
        const harmed = Buffer.from(isCut ? table.subarray(0, at) : table)
        if (!isCut) harmed[at] = (harmed[at] ?? 0) ^ mask
        // Between the blocks there is nothing that a checksum does not cover, but for the padding of the footer.
        const isPadding = !isCut && at >= table.length - 48 && at < table.length - 8
        if (!isPadding) expect(isSoundTable(harmed, 'all')).toBe(false)
        for (const check of ['keys', 'all'] as const) {
          const mended = mendTable(harmed, table.length, check)
          expect(mended.length).toBe(table.length)
          expect(isSoundTable(mended, check)).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  },
)

test('random bytes are no table, and end nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(isSoundTable(bytes, 'all')).toBe(false)
      expect(isSoundTable(mendTable(bytes, 4096, 'all'), 'all')).toBe(true)
      decompressSnappy(bytes)
      readManifest(bytes)
    }),
  )
})

test('a MANIFEST names the log that comes next and all tables with their sizes', async () => {
  const path = await tempFolder()
  const database = await openDatabase(path, { tableBytes: 1 << 16 })
  for (let number = 0; number < 40; number++) {
    await database.batch([{ key: Uint8Array.of(number), value: new Uint8Array(10_000) }], { sync: false })
  }
  await database.close()
  const names = await readdir(path)
  const manifest = await readFile(join(path, names.find((name) => name.startsWith('MANIFEST')) ?? ''))
  const found = readManifest(manifest)
  expect(names).toContain(`${String(found?.logNumber).padStart(6, '0')}.log`)
  expect(found?.tables.size).toBeGreaterThan(2)
  // There may be more in the folder: a table that was being written when the database was closed.
  for (const [number, bytes] of found?.tables ?? []) {
    expect((await readFile(join(path, `${String(number).padStart(6, '0')}.ldb`))).length).toBe(bytes)
  }
})
