// What other packages may use of the core.
export { CairnError, ERROR_CODES, isCairnError, systemError, type ErrorCode, type CairnErrorOptions } from './errors.ts'
export type {
  AbortOptions,
  BlockReader,
  BlockStore,
  BlockStoreStat,
  Clock,
  Fetcher,
  FetchOptions,
  Hold,
  KeyValueChange,
  KeyValueStore,
  LogFacts,
  Logger,
  Loggers,
  LogSubsystem,
  Mark,
  Network,
  NetworkHandler,
  PeerAbilities,
  PeerId,
  Provider,
  RandomAccess,
  Router,
  StoredBlock,
  Sweep,
  SweepOptions,
  SweepStep,
} from './interfaces.ts'
export {
  BIG_BLOCK_BYTES_MAX,
  BLOCK_BYTES_MAX,
  CAR_BIG_BLOCK_BYTES_MAX,
  CHUNK_BYTES_MAX,
  DIGEST_BYTES_MAX,
} from './limits.ts'
export {
  blockFromPrefix,
  createBlock,
  emptyBlock,
  identityBlock,
  relabelBlock,
  verifyBlock,
  type Block,
  type CidForm,
  type CidPrefix,
} from './block/block.ts'
export { blockKey, decodeCid, formatCid, multihashKey, parseCid, viewCid } from './block/cid.ts'
export {
  CODEC_NAMES,
  codecByName,
  DAG_PB_CODE,
  decodeBlock,
  decodeValue,
  eachLink,
  encodeValue,
  linksOf,
  mayHaveLinks,
  RAW_CODE,
  type CodecName,
  type DecodeOptions,
  type Link,
} from './block/codec.ts'
export { IpldFloat, type IpldMap, type IpldValue } from './ipld/value.ts'
export {
  checkMultihash,
  HASH_NAMES,
  hashByCode,
  hashByName,
  IDENTITY_CODE,
  isMultihashAllowed,
  type HashFunction,
  type HashName,
} from './block/hash.ts'
export { DURATION_MS_MAX, formatBytes, formatCount, parseBytes, parseDuration } from './quantity.ts'
export { abortable, Turns } from './turns.ts'
export { ProtobufReader, ProtobufWriter } from './protobuf.ts'
export { BlockService, type BlockServiceParts } from './block/block-service.ts'
export { readEarly } from './block/read-early.ts'
export { openCarFile, type CarFile } from './car/car-file.ts'
export { buildCarIndex } from './car/build-index.ts'
export { exportCar, type DagScope, type ExportCarOptions } from './car/export-car.ts'
export { parseEntityBytes, type EntityBytes } from './car/entity.ts'
export {
  importCars,
  type CarRootEvent,
  type CarSource,
  type CarStatsEvent,
  type ImportCarsEvent,
  type ImportCarsOptions,
} from './car/import-cars.ts'
export { readCar, type CarBlockEvent, type CarHeaderEvent, type ReadCarOptions } from './car/read-car.ts'
export { writeCar } from './car/write-car.ts'
export type { Chunker } from './chunk/chunker.ts'
export { checkFanout } from './directory/hamt-shard.ts'
export { CHUNKER_FORMS, parseChunker } from './chunk/parse-chunker.ts'
export { balanced } from './dag/balanced.ts'
export type { FilePart, JoinParts, PartBlock } from './dag/file-part.ts'
export { traverse, type Step, type Visit } from './dag/traverse.ts'
export { trickle } from './dag/trickle.ts'
export { PackedKeys } from './dag/packed-keys.ts'
export { nodeKey, walk, type WalkedBlock, type WalkOptions } from './dag/walk.ts'
export { collect, measureLive, type CollectEvent, type CollectParts } from './pins/collect.ts'
export {
  Mfs,
  type MakeFolderOptions,
  type MfsParts,
  type PutOptions,
  type RemoveOptions,
  type WriteOptions,
} from './mfs/mfs.ts'
export type { FileDraft } from './mfs/file-draft.ts'
export { editTree, type FolderEdit } from './mfs/tree-edit.ts'
export type { Workspace } from './mfs/workspace.ts'
export { recordedRoot } from './mfs/mfs-root.ts'
export { isDirectory, type TreeEntry } from './mfs/tree-entry.ts'
export { nodeFormOf, type NodeForm } from './mfs/file-form.ts'
export { parseMfsPath } from './mfs/mfs-path.ts'
export type { KeptRoot, KeptRoots } from './pins/mark.ts'
export { checkPinName } from './pins/pin-record.ts'
export {
  Pins,
  type Keeper,
  type NewPin,
  type Pin,
  type PinOptions,
  type PinProgress,
  type PinType,
} from './pins/pins.ts'
export { verifyPins, type VerifyEvent, type VerifyParts } from './pins/verify.ts'
export type { DirectoryEntry } from './directory/tree-node.ts'
export { changeDirectory, type DirectoryChanges } from './directory/change-directory.ts'
export type { DirectoryChange } from './directory/hamt-change.ts'
export { findEntry } from './directory/find-entry.ts'
export { listDirectory } from './directory/directory-listing.ts'
export { listSorted } from './directory/sorted-listing.ts'
export {
  dropBlocks,
  importTree,
  storeBlocks,
  type BlockEvent,
  type EntryEvent,
  type ImportEvent,
  type ImportSource,
  type NamedSource,
  type ProgressEvent,
} from './unixfs/import.ts'
export { type ContentPlace, type KnownContent } from './unixfs/known-content.ts'
export { parsePath, type ContentPath } from './path/content-path.ts'
export { findNode, resolvePath, type FoundNode, type FoundPath } from './path/find-node.ts'
export { PROFILES, type ImportSettings, type ProfileName } from './unixfs/profile.ts'
export {
  fileSize,
  isFile,
  readFile,
  readTree,
  type ByteRange,
  type ReadTreeOptions,
  type TreeBytes,
  type TreeItem,
  type TreeRoot,
} from './unixfs/read.ts'
export { TreeNames } from './unixfs/tree-names.ts'
export {
  decodeUnixFS,
  encodeUnixFS,
  type Metadata,
  type UnixFSData,
  type UnixFSNode,
  type UnixFSType,
  type UnixTime,
} from './unixfs/unixfs-node.ts'
