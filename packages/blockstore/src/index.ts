// Block and key-value stores: in LevelDB, and in memory with the same contracts.
export { openLevelStore, type LevelBlockStore, type LevelStoreSettings } from './level-store.ts'
export { roomOnDisk } from './disk-room.ts'
export type { Durability } from './durability.ts'
export type { OnRecovery, RecoveryEvent } from './recovery-event.ts'
export type { CompactionStep } from './upkeep/compaction.ts'
export type { ScrubStep } from './upkeep/scrub.ts'
export {
  openLevelKeyValueStore,
  type LevelDatabaseStore,
  type LevelKeyValueStoreSettings,
} from './records/level-key-value-store.ts'
export { MemoryStore } from './memory-store.ts'
export { MemoryKeyValueStore } from './records/memory-key-value-store.ts'
