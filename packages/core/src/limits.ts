// Every bound of the core, with its unit and reason. A bound that is not here is not a bound.

/** Bytes of the largest block that is written: what every bitswap peer must accept. Source: bitswap-protocol.md. */
export const BLOCK_BYTES_MAX = 2 * 1024 * 1024

/** Bytes of the largest chunk: a block of 2 MiB less room for its dag-pb frame. Source: boxo chunker/parse.go. */
export const CHUNK_BYTES_MAX = BLOCK_BYTES_MAX - 256

/** Bytes of the least size of a chunk of `fastcdc`: twice the window of its hash, so that each end depends on it alone. */
export const FASTCDC_BYTES_MIN = 64

/** Bytes of the shortest digest that is trusted, identity excepted. Source: boxo verifcid/cid.go. */
export const DIGEST_BYTES_MIN = 20

/** Bytes of the longest digest, and of the data inside an identity CID. Source: boxo verifcid/cid.go. */
export const DIGEST_BYTES_MAX = 128

/** Bytes of the longest CID: a digest of 128 bytes and four varints of ten. Source: boxo verifcid and bitswap defaults.go. */
export const CID_BYTES_MAX = 168

/** Characters of the longest CID text that is parsed: 128 digest bytes in base16 with room for the prefix. */
export const CID_TEXT_MAX = 512

/** Bytes of the longest path below a CID, as Linux's PATH_MAX. */
export const PATH_BYTES_MAX = 4096

/** Bytes of blocks requested or held ahead of a reader: fills 1 Gbit/s at 250 ms and stays small beside the heap. */
export const READ_AHEAD_BYTES = 32 * 1024 * 1024

/** The same for all readers of a process together, in equal shares: hundreds of them at once must not hold gigabytes. */
export const READ_AHEAD_ALL_BYTES = 64 * 1024 * 1024

/** Blocks requested ahead of a reader, so that tiny ones cannot fill the memory with promises: 1 KiB each fill 200 Mbit/s at 80 ms. */
export const READ_AHEAD_BLOCKS = 2048

/** Bytes of blocks that a reader has before they are stored: the first of what it reads. Were all so, long reads would go in fits and starts. */
export const EARLY_BYTES_MAX = 2 * BLOCK_BYTES_MAX

/** Nodes between the root of a file or tree and the block being read; a longer chain is made to hurt. Walks have no such bound. */
export const DAG_DEPTH_MAX = 4096

/** Bytes of blocks collected before they go to the store in one commit. */
export const IMPORT_BATCH_BYTES = 8 * 1024 * 1024

/** Batches of an import under way while the next one fills: one is written while the other becomes durable. */
export const IMPORT_WRITES_AT_ONCE = 2

/** Blocks collected before a commit, so that a folder of tiny files commits in steps as well. */
export const IMPORT_BATCH_BLOCKS = 4096

/** Bytes of the estimate above which both profiles shard a directory (`HAMTDirectory`). Source: IPIP-499. */
export const DIRECTORY_BYTES_MAX = 262_144

/** Bytes of packed entries that are held in one piece: little is wasted, and nothing large has to be copied to grow. */
export const ENTRY_SLAB_BYTES = 1024 * 1024

/** Buckets of a shard in both profiles: about 16 KiB of links a block. Source: IPIP-499. */
export const SHARD_FANOUT = 256

/** Buckets of the smallest shard: its bit field fills a byte. Source: boxo ipld/unixfs/hamt. */
export const SHARD_FANOUT_MIN = 8

/** Buckets of the largest shard: beyond it a few bytes would make a reader allocate without end (CVE-2023-23625). */
export const SHARD_FANOUT_MAX = 1024

/** Raw leaves that a walk in bounded memory remembers, so that neighbours that repeat are met once: about 8 MB. */
export const SEEN_LEAVES_MAX = 65_536

/** Bytes of a pin's name in UTF-8. Source: boxo pinning/pinner, MaxNameBytes of Kubo. */
export const PIN_NAME_BYTES_MAX = 255

/** Names of one pin, so that its record, which is read and written whole, stays below 70 kB. */
export const PIN_NAMES_MAX = 256

/** Changes of pins that become durable together. A sync costs as much as some hundred of them. */
export const PIN_CHANGES_PER_COMMIT = 1024

/** Bytes of one record of a listing of what is below a pin: about 900 CIDs, and little to hold or to skip. */
export const LISTING_RECORD_BYTES = 32 * 1024

/** Records of one listing, so that a damaged number cannot make anything endless: some 900 million CIDs. */
export const LISTING_RECORDS_MAX = 1_048_576

/** Bytes of listings written in one batch: each batch is a sync, and is held in memory. */
export const LISTING_BATCH_BYTES = 1024 * 1024

/** CIDs remembered in one pass over all listings, where each is to come once: about 60 MB. More CIDs take more passes. */
export const LISTED_CIDS_PER_PASS = 524_288

/** Records of abandoned listings removed at a time; what is more waits for the next time. */
export const STRAY_RECORDS_MAX = 4096

/** Blocks that a verification of pins reads between two events that say so. */
export const VERIFIED_BLOCKS_PER_EVENT = 64

/** Nodes known to be whole that a verification of pins remembers from one pin to the next: about 100 MB. */
export const VERIFIED_NODES_MAX = 1_048_576

/** CIDs that a collection marks in one look-up, and pins that it takes at a time. */
export const MARK_LINKS = 2048

/** Interior nodes that a collection reads at a time. */
export const MARK_NODES = 256

/** Bytes of the interior nodes that a collection reads at a time, one node at least. */
export const MARK_READ_BYTES = 1024 * 1024

/** Bytes of the header of a CAR: far more than its roots need at most. go-car takes 32 MiB. */
export const CAR_HEADER_BYTES_MAX = 4 * 1024 * 1024

/** Roots of one CAR, so that a header of four megabytes cannot take hundreds. */
export const CAR_ROOTS_MAX = 65_536

/** Bytes of the longest CID that a section begins with: version, codec and hash function in 9 each, length, digest. */
export const CAR_CID_BYTES_MAX = 9 + 9 + 9 + 9 + DIGEST_BYTES_MAX

/** Bytes of the largest block that is taken from a CAR when large ones are allowed. Source: go-car, MaxAllowedSectionSize. */
export const CAR_BIG_BLOCK_BYTES_MAX = 8 * 1024 * 1024

/** Bytes of a CAR that are written at a time, so that tiny blocks are not; larger blocks are pieces of their own. */
export const CAR_PIECE_BYTES = 64 * 1024

/** Levels of lists and maps inside one value, so that a block of brackets cannot overflow the stack (CVE-2026-42328). */
export const IPLD_DEPTH_MAX = 1024

/** Lists, maps, byte strings and links in one decoded value: some 600 bytes each at worst, and all the links that fit a block. */
export const IPLD_ITEMS_MAX = 262_144

/** Characters of the longest number in JSON that is read: more than any float needs, whose shortest forms have 25. */
export const JSON_NUMBER_CHARS_MAX = 1024

/** Symbolic links followed in one path. Source: Linux's limit is 40, DNSLink's 32. */
export const SYMLINK_HOPS_MAX = 32

/** Bytes of nodes that a walk keeps while it is below them: deep and wide at once is made to hurt. */
export const OPEN_NODE_BYTES_MAX = 64 * 1024 * 1024

/** Bytes that such a node takes beside its block: iterators and their closures, as measured. */
export const OPEN_NODE_OVERHEAD_BYTES = 2048

/** Bytes of directory blocks above each other while a tree is read: twelve that are about to be sharded. As objects they take fifty times as much. */
export const OPEN_DIRECTORY_BYTES_MAX = 3 * 1024 * 1024

/** Entries of directories that a tree holds once more; 2^60 paths over 60 directories are cut after a quarter million of them. */
export const REPEATED_ENTRIES_MAX = 16_777_216

/** Bytes of the largest block that is stored when large ones are allowed, which no peer takes: a CAR can still carry it. */
export const BIG_BLOCK_BYTES_MAX = 8 * 1024 * 1024

/** Bytes of the largest mutable file, 1 PiB: sums of sizes stay exact far beyond it. */
export const MFS_FILE_BYTES_MAX = 2 ** 50

/** Bytes of a full leaf of a new mutable file, as in Kubo: a small write makes the leaves anew that it meets. */
export const MFS_CHUNK_BYTES = 262_144

/** Bytes of the smallest leaves whose size an extended file keeps: with smaller ones its nodes would be most of it. */
export const MFS_CHUNK_BYTES_MIN = 4096

/** Leaves of a file that is not balanced and is laid out anew when it grows: their nodes, some 60 MB, are held until then. */
export const MFS_RELAID_LEAVES_MAX = 1_048_576

/** Bytes of a long write that are taken at a time. */
export const MFS_PIECE_BYTES = 8 * 1024 * 1024

/** Bytes written into a file that is open which wait to become blocks: a few leaves, so that many files may be open. */
export const MFS_DRAFT_BYTES = 4 * 1024 * 1024

/** Milliseconds that a file which is being changed waits for a block of what it was. */
export const MFS_DRAFT_WAIT_MS = 30_000

/** Bytes of memory that hold what was written at one place: those of a leaf. */
export const MFS_PAGE_BYTES = 262_144

/** Bytes of blocks that changes of mutable files hold before they are stored: four such pieces. */
export const MFS_PENDING_BYTES = 4 * MFS_PIECE_BYTES

/** Bytes of a link of a decoded node in memory: the link, its CID and what the CID consists of. */
export const MFS_LINK_BYTES = 512

/** Bytes of interior nodes of mutable files that stay decoded: those of 7 GiB of them, or of the edges of dozens of files. */
export const MFS_RECENT_NODE_BYTES = 16 * 1024 * 1024

/** Bytes of other blocks that stay at hand: the directories on the way, and the last leaves of some files that grow. */
export const MFS_RECENT_LEAF_BYTES = 4 * 1024 * 1024

/** Names in the path of a mutable file, so that a change rewrites a bounded number of directories. */
export const MFS_PATH_NAMES_MAX = 256

/** Bytes of a CAR that are read between two events that say so. */
export const CAR_PROGRESS_BYTES = 4 * 1024 * 1024

/** Bytes of the index that is built of a CAR without one, in memory: 40 each block, so some 6 million blocks. */
export const CAR_INDEX_BYTES_MAX = 256 * 1024 * 1024

/** Tables of an index, one for each hash function and length of digest: more than there are of both that can be. */
export const CAR_INDEX_TABLES_MAX = 1024

/** Bytes of an index or of a CAR that are read at a time when something small is looked for. */
export const CAR_PAGE_BYTES = 64 * 1024

/** Times that a long write is made again because others have changed the file meanwhile. */
export const MFS_WRITE_TRIES = 16

/** Bytes after the start of a read that somebody waits for now: a chunk of most files, with which a player begins. */
export const URGENT_BYTES = 256 * 1024
