// Block and key-value stores: in LevelDB, and in memory with the same contracts.
export { openLevelStore, type LevelBlockStore, type LevelStoreSettings } from './level-store.ts'
export type { Durability } from './durability.ts'
export type { OnRecovery, RecoveryEvent } from './recovery-event.ts'
export { openLevelKeyValueStore } from './level-key-value-store.ts'
export { MemoryStore } from './memory-store.ts'
export { MemoryKeyValueStore } from './memory-key-value-store.ts'
