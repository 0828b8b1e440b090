// Every bound of the core, with its unit and reason. A bound that is not here is not a bound.

/** Bytes of the largest block that is written: what every bitswap peer must accept. Source: bitswap-protocol.md. */
export const BLOCK_BYTES_MAX = 2 * 1024 * 1024

/** Bytes of the largest chunk: a block of 2 MiB less room for its dag-pb frame. Source: boxo chunker/parse.go. */
export const CHUNK_BYTES_MAX = BLOCK_BYTES_MAX - 256

/** Bytes of the shortest digest that is trusted, identity excepted. Source: boxo verifcid/cid.go. */
export const DIGEST_BYTES_MIN = 20

/** Bytes of the longest digest, and of the data inside an identity CID. Source: boxo verifcid/cid.go. */
export const DIGEST_BYTES_MAX = 128

/** Characters of the longest CID text that is parsed: 128 digest bytes in base16 with room for the prefix. */
export const CID_TEXT_MAX = 512

/** Bytes of the longest path below a CID, as Linux's PATH_MAX. */
export const PATH_BYTES_MAX = 4096

/** Bytes of blocks requested or held ahead of a reader: fills 1 Gbit/s at 250 ms and stays small beside the heap. */
export const READ_AHEAD_BYTES = 32 * 1024 * 1024

/** Blocks requested ahead of a reader, so that a DAG of tiny blocks cannot fill the memory with promises. */
export const READ_AHEAD_BLOCKS = 512

/** Nodes between a root and the block being read; a chain longer than this is made to hurt. */
export const DAG_DEPTH_MAX = 4096

/** Bytes of blocks collected before they go to the store in one commit; two commits may be in memory at a time. */
export const IMPORT_BATCH_BYTES = 16 * 1024 * 1024

/** Blocks collected before a commit, so that a folder of tiny files commits in steps as well. */
export const IMPORT_BATCH_BLOCKS = 4096

/** Bytes of the estimate above which both profiles shard a directory (`HAMTDirectory`). Source: IPIP-499. */
export const DIRECTORY_BYTES_MAX = 262_144

/** Buckets of a shard in both profiles: about 16 KiB of links a block. Source: IPIP-499. */
export const SHARD_FANOUT = 256

/** Buckets of the smallest shard: its bit field fills a byte. Source: boxo ipld/unixfs/hamt. */
export const SHARD_FANOUT_MIN = 8

/** Buckets of the largest shard: beyond it a few bytes would make a reader allocate without end (CVE-2023-23625). */
export const SHARD_FANOUT_MAX = 1024
