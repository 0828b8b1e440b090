// Damaged records of LevelDB's own log are blanked, and nothing else.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blankDamaged } from '../src/files/log-file.ts'
import { openLevelKeyValueStore } from '../src/index.ts'
import { tempFolder } from './temp-folder.ts'

const encode = (text: string) => new TextEncoder().encode(text)

/** The log of a store whose records have about `valueBytes` each, as a kill would leave it. */
async function logOf(path: string, valueBytes: number): Promise<[name: string, file: Uint8Array]> {
  const store = await openLevelKeyValueStore(path)
  for (let number = 0; number < 40; number++) {
    await store.batch([{ key: `r/${number}`, value: encode(`${number} `.repeat(valueBytes / 3)) }])
  }
  const name = (await readdir(path)).find((entry) => entry.endsWith('.log')) ?? ''
  const file = Uint8Array.from(await readFile(join(path, name)))
  await store.close()
  return [name, file]
}

test.for([30, 9000, 50_000])('a sound log with records of %i bytes stays as it is', async (valueBytes) => {
  const [, file] = await logOf(await tempFolder(), valueBytes)
  const before = file.slice()
  expect(blankDamaged(file)).toBe(0)
  expect(file).toEqual(before)
})

test('a flipped bit blanks from its record to the end of its block', async () => {
  const [, file] = await logOf(await tempFolder(), 3000)
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(7), (at, bit) => {
      const damaged = file.slice()
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
      const blanked = damaged.slice()
      const count = blankDamaged(blanked)
      const blockEnd = Math.min((Math.floor(at / 32_768) + 1) * 32_768, file.length)
      const first = blanked.findIndex((byte, index) => byte !== damaged[index])
      if (count > 0 && first >= 0) expect(first).toBeLessThanOrEqual(at)
      expect(blanked.subarray(blockEnd)).toEqual(file.subarray(blockEnd))
      expect(blankDamaged(blanked)).toBe(0)
    }),
  )
})

test('a repair takes no damaged record over', async () => {
  const path = await tempFolder()
  const [name, file] = await logOf(path, 30)
  for (const entry of await readdir(path)) {
    if (entry.startsWith('MANIFEST')) await writeFile(join(path, entry), 'garbage')
    if (entry.endsWith('.log') || entry.endsWith('.ldb')) await writeFile(join(path, entry), '')
  }
  file.fill(0, file.length - 20)
  await writeFile(join(path, name), file)
  const store = await openLevelKeyValueStore(path)
  for (let number = 0; number < 40; number++) {
    const value = await store.get(`r/${number}`)
    expect(value === undefined ? undefined : new TextDecoder().decode(value)).toBe(
      number === 39 ? undefined : `${number} `.repeat(10),
    )
  }
  expect(await store.isDoubtful()).toBe(true)
  await store.close()
})
