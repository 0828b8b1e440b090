// Block and key-value stores: in LevelDB, and in memory with the same contracts.
export { openLevelStore, type LevelStoreSettings } from './level-store.ts'
export { openLevelKeyValueStore } from './level-key-value-store.ts'
export { MemoryStore } from './memory-store.ts'
export { MemoryKeyValueStore } from './memory-key-value-store.ts'
