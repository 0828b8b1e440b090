// Every bound of the stores, with its unit and reason. Measurements: docs/decisions/002-log-in-leveldb.md.
/** Bytes of blocks that become durable together. Each commit waits for the disk some times, so larger is faster; two are held. */
export const COMMIT_BYTES = 16 * 1024 * 1024

/** Commits under way: one is written while the one before it reaches the disk. */
export const COMMITS_AT_ONCE = 2

/** Bytes of one batch of a large commit. LevelDB's binding copies a batch into memory that doubles when it is full. */
export const LOG_BATCH_BYTES = 1024 * 1024

/** Blocks in one commit, so that tiny blocks come in batches whose index entries stay small too. */
export const COMMIT_BLOCKS = 4096

/** Bytes that LevelDB collects before it writes a table of the log. LevelDB maps tables into memory, so this bounds them. */
export const LOG_TABLE_BYTES = 2 * 1024 * 1024

/** Tables that LevelDB keeps open and mapped, its least possible: 64 tables of 2 MiB add 150 MB to the resident set. */
export const OPEN_TABLES_MAX = 74

/** Bytes that LevelDB collects before it writes a table of the index, or of a key-value store: about 60,000 entries. */
export const INDEX_TABLE_BYTES = 4 * 1024 * 1024

/** Bytes of tables of the index, or of a key-value store, whose checksums opening verifies: a quarter of a second. */
export const CHECKED_TABLE_BYTES = 128 * 1024 * 1024

/** Bytes that opening reads of new tables of the log: a third of a second. Of large records little is read, of small ones all. */
export const CHECKED_LOG_BYTES = 256 * 1024 * 1024

/** Milliseconds for which a table must not have changed to be remembered as sound: more than a tick of any clock of files. */
export const TABLE_AGE_MIN_MS = 50

/** Bytes of tables that LevelDB caches, for each database. Blocks of the log are not worth caching: they are read once. */
export const CACHE_BYTES = 8 * 1024 * 1024

/** Bytes written to the log between two checkpoints: what is read again at the next open after a crash, under a second. */
export const CHECKPOINT_BYTES = 256 * 1024 * 1024

/** Blocks written between two checkpoints, so that tiny blocks do not make that open slow either. */
export const CHECKPOINT_BLOCKS = 65_536

/** Blocks of failed commits whose records are remembered until they can be removed; what is beyond waits for `repo compact`. */
export const FAILED_BLOCKS_MAX = 16_384

/** Bytes of disk that puts leave free, so that LevelDB can finish its tables and deletes and a collection still work. */
export const DISK_RESERVE_BYTES = 16 * 1024 * 1024

/** Bytes that a store with a limit counts on by itself, until it measures again what it takes. */
export const ROOM_COUNTED_BYTES = 16 * 1024 * 1024

/** Bytes of records held at a time while a database is iterated. */
export const SCAN_BYTES = 1024 * 1024

/** Records taken at a time from an iteration, for the same reason. */
export const SCAN_RECORDS = 1024

/** Blocks that one step of a collection deletes. Puts wait for a step, so it has to stay at some milliseconds. */
export const SWEEP_STEP_BLOCKS = 512

/** Blocks that a collection notes at a time, 52 bytes each; sorting them must not last. More cost another walk of the index. */
export const SWEEP_ROUND_BLOCKS = 256 * 1024

/** Sequence numbers in one stretch of the log, the unit in which a collection counts: 128 MiB at most. */
export const STRETCH_SEQUENCES = 64

/** Bytes of neighbouring stretches that are emptied and rewritten in one go. Closing waits for one go. */
export const PART_BYTES = 32 * 1024 * 1024

/** Bytes of tables that are rewritten by one call of LevelDB: a part, and garbage beside it. */
export const PIECE_BYTES_MAX = 2 * PART_BYTES

/** A part is rewritten when at least one in this many of its bytes is garbage; below, it costs more than it frees. */
export const PART_GARBAGE_DIVISOR = 4

/** The same for a compaction that somebody asks for: a table of 2 MiB in a part; sizes are estimated better than that. */
export const COMPACTION_GARBAGE_DIVISOR = 20

/** Bytes that a record takes in the log beside those of its block: key, LevelDB's frame and its share of the table's index. */
export const RECORD_OVERHEAD_BYTES = 56

/** Bytes of an entry of the index in a table, filter included, for a digest of 32 bytes. */
export const INDEX_ENTRY_BYTES = 64

/** Entries of the index that are rewritten in one go: 4 MiB. */
export const INDEX_SLICE_BLOCKS = 64 * 1024

/** Bytes of garbage in the index below which it is left to LevelDB. */
export const INDEX_GARBAGE_BYTES_MIN = 4 * 1024 * 1024

/** Places that are put in order in memory when an index is made anew, 18 bytes each and their multihash. */
export const RUN_BLOCKS = 1024 * 1024

/** Bytes of multihashes that are put in order at a time, for the same reason. */
export const RUN_KEY_BYTES = 64 * 1024 * 1024

/** Entries in one batch when an index is made anew. Each batch costs a turn of the thread pool. */
export const LOAD_BATCH_BLOCKS = 4096

/** Pages of fingerprints held while an index is made anew, 128 KiB and 65,536 blocks each. Blocks beyond 33 million are looked up. */
export const PRINT_PAGES_MAX = 512

/** Look-ups of single blocks at a time: as many as threads read. What comes meanwhile shares the next one. */
export const LOOK_UPS_AT_ONCE = 4

/** Keys of one such look-up, so that the first of many does not wait for the last: a tenth of a millisecond when cached. */
export const LOOK_UP_KEYS_MAX = 128
