// What other packages may use of the core.
export { CairnError, isCairnError, type ErrorCode, type CairnErrorOptions } from './errors.ts'
export type {
  AbortOptions,
  BlockReader,
  BlockStore,
  BlockStoreStat,
  Clock,
  Fetcher,
  Hold,
  KeyValueChange,
  KeyValueStore,
  Network,
  NetworkHandler,
  PeerId,
  StoredBlock,
  Sweep,
} from './interfaces.ts'
export { BLOCK_BYTES_MAX, CHUNK_BYTES_MAX } from './limits.ts'
export { createBlock, identityBlock, relabelBlock, verifyBlock, type Block, type CidForm } from './block/block.ts'
export { blockKey, decodeCid, multihashKey, parseCid } from './block/cid.ts'
export { CODEC_NAMES, codecByName, DAG_PB_CODE, linksOf, mayHaveLinks, RAW_CODE, type CodecName, type Link } from './block/codec.ts'
export { checkMultihash, HASH_NAMES, hashByCode, hashByName, IDENTITY_CODE, type HashFunction, type HashName } from './block/hash.ts'
