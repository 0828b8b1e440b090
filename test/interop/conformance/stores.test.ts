// The published suites of interface-blockstore and interface-datastore, over each of Cairn's stores.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryKeyValueStore, MemoryStore, openLevelKeyValueStore, openLevelStore } from '@cairn/blockstore'
import { asBlockstore, asDatastore } from '@cairn/stores'
import { interfaceBlockstoreTests } from 'interface-blockstore-tests'
import { interfaceDatastoreTests } from 'interface-datastore-tests'
import { describe } from 'vitest'

interface Closable {
  close(): Promise<void>
}

/** How each adapted store is let go. */
const endings = new Map<object, () => Promise<void>>()

const teardown = async (adapted: object): Promise<void> => endings.get(adapted)?.()

describe('a blockstore in memory', () => {
  interfaceBlockstoreTests({ setup: () => asBlockstore(new MemoryStore()), teardown })
})

describe('a blockstore on disk', () => {
  interfaceBlockstoreTests({ setup: () => onDisk(openLevelStore, asBlockstore), teardown })
})

describe('a datastore in memory', () => {
  interfaceDatastoreTests({ setup: () => asDatastore(new MemoryKeyValueStore(), { namespace: 'test' }), teardown })
})

describe('a datastore on disk', () => {
  interfaceDatastoreTests({
    setup: () => onDisk(openLevelKeyValueStore, (records) => asDatastore(records, { namespace: 'test' })),
    teardown,
  })
})

async function onDisk<S extends Closable, A extends object>(
  open: (path: string) => Promise<S>,
  adapt: (store: S) => A,
): Promise<A> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-interop-'))
  // Beside its files a store has one that counts its batches.
  const store = await open(join(folder, 'store'))
  const adapted = adapt(store)
  endings.set(adapted, async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return adapted
}
