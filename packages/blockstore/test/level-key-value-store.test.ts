// The key-value store over LevelDB: the common contract, and what outlives the process.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLevelKeyValueStore, type RecoveryEvent } from '../src/index.ts'
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

test('a store that is missing although it was there has lost its records, until that is accepted', async () => {
  const path = join(await tempFolder(), 'meta')
  const kinds: string[] = []
  const settings = {
    durability: 'none',
    wasThere: true,
    onRecovery: ({ kind }: RecoveryEvent) => kinds.push(kind),
  } as const
  const store = await openLevelKeyValueStore(path, settings)
  expect([kinds, await store.isDoubtful()]).toEqual([['cut'], true])
  await store.trust()
  await store.close()
  const again = await openLevelKeyValueStore(path, settings)
  expect([kinds, await again.isDoubtful()]).toEqual([['cut'], false])
  await again.close()
})

test('of a store that is missing one loss is told, also where it had counted its batches', async () => {
  const path = join(await tempFolder(), 'meta')
  const store = await openLevelKeyValueStore(path)
  await store.batch([{ key: 'a', value: Uint8Array.of(1) }])
  await store.close()
  await rm(path, { recursive: true })
  const events: RecoveryEvent[] = []
  const again = await openLevelKeyValueStore(path, { wasThere: true, onRecovery: (event) => events.push(event) })
  expect(events).toEqual([{ kind: 'cut', path, batches: undefined }])
  await again.close()
})
