// The memory stores keep the contracts of all stores.
import { MemoryKeyValueStore, MemoryStore } from '../src/index.ts'
import { blockStoreSuite } from './block-store-suite.ts'
import { keyValueStoreSuite } from './key-value-store-suite.ts'

blockStoreSuite('memory', async () => new MemoryStore())
keyValueStoreSuite('memory', async () => new MemoryKeyValueStore())
