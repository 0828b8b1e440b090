// The key-value store over LevelDB: the common contract, and what outlives the process.
import { expect, test } from 'vitest'
import { openLevelKeyValueStore } from '../src/index.ts'
import { keyValueStoreSuite } from './key-value-store-suite.ts'
import { tempFolder } from './temp-folder.ts'

keyValueStoreSuite('level', async () => openLevelKeyValueStore(await tempFolder()))

test('records are there after opening again', async () => {
  const path = await tempFolder()
  const first = await openLevelKeyValueStore(path)
  await first.batch([{ key: 'root', value: Uint8Array.of(1, 2, 3) }])
  await first.close()
  const second = await openLevelKeyValueStore(path)
  expect(await second.get('root')).toEqual(Uint8Array.of(1, 2, 3))
  await second.close()
})

test('a second opener is told that it is locked', async () => {
  const path = await tempFolder()
  const store = await openLevelKeyValueStore(path)
  await expect(openLevelKeyValueStore(path)).rejects.toMatchObject({ code: 'LOCKED' })
  await store.close()
})
