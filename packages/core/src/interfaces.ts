// Every seam of Cairn with its contract: ordering, idempotency, ownership of buffers, errors.
// Rules that hold for all of them: a method that takes `signal` rejects with the signal's reason and leaves
// nothing of that call running; bytes handed over are not changed by either side afterwards; an object
// that exists is open and works until `close`, after which its methods reject with UNAVAILABLE.
import type { CID } from 'multiformats/cid'
import type { Block } from './block/block.ts'

/** Options of everything that waits. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined
}

/** Options of whoever waits for one block. */
export interface FetchOptions extends AbortOptions {
  /**
   * Whether a person waits for the block now, as at the place of a file that was just sought: it goes before what others
   * read ahead, also where they wait for it too. Few at a time, or it means nothing.
   */
  readonly urgent?: boolean | undefined
  /** Bytes of the block, as whoever links to it says: a hint, by which as many are asked for at a time as fill the line. */
  readonly bytes?: number | undefined
}

/** Gives blocks by CID. Whatever reads a DAG (files, paths, pins, export) takes one of these and nothing more. */
export interface BlockReader {
  /**
   * The block of `cid`, with exactly that CID (version and codec as asked).
   *
   * @throws NOT_FOUND when it cannot be had, CORRUPT when only damaged bytes are at hand, UNSUPPORTED for
   * a hash function that this version does not know
   */
  get(cid: CID, options?: FetchOptions): Promise<Block>
}

/** Bytes that can be read at any place: a file, or memory. Whoever opened it closes it. */
export interface RandomAccess {
  /** Bytes that there are. */
  readonly size: number
  /** `length` bytes from `offset`, fewer where it ends before. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Keeps blocks, keyed by multihash: CIDs that differ in version or codec alone find the same bytes. */
export interface BlockStore {
  /**
   * The block of `cid`, or `undefined` when the store lacks it. Bytes are proven against the CID on each read.
   *
   * @throws CORRUPT when the stored bytes are damaged or gone. From then on the block counts as absent everywhere else,
   * and the next put of it brings it back
   */
  get(cid: CID): Promise<Block | undefined>
  /**
   * Like `get` for each of `cids`, in their order, except that a damaged block is `undefined` like one that is not there:
   * it keeps none of the others away, and `get` says what is wrong with it. The caller bounds how many bytes it asks for
   * at once.
   */
  getMany(cids: readonly CID[]): Promise<(Block | undefined)[]>
  /** Whether each of `cids` is stored, in their order. Never reads a block's bytes. */
  hasMany(cids: readonly CID[]): Promise<boolean[]>
  /**
   * Like `hasMany`, and what is stored counts as put again: no hold or sweep that is open now lets it go. This is how a
   * pin takes hold of blocks that are there already.
   */
  claimMany(cids: readonly CID[]): Promise<boolean[]>
  /** Bytes of the block, or `undefined` when the store lacks it. Never reads a block's bytes. */
  size(cid: CID): Promise<number | undefined>
  /** Like `size` for each of `cids`, in their order. */
  sizeMany(cids: readonly CID[]): Promise<(number | undefined)[]>
  /** Resolves once all `blocks` are durable. A block that is there already is not written again. */
  putMany(blocks: readonly Block[]): Promise<void>
  /** Deletes what is there of `cids`, durably, and gives the number of blocks deleted. */
  deleteMany(cids: readonly CID[]): Promise<number>
  /** All blocks as raw CIDv1 with their size in bytes, in no particular order; what changes meanwhile may be missing. */
  list(): AsyncIterable<StoredBlock>
  /** Number and total size in bytes of the blocks stored. */
  stat(): Promise<BlockStoreStat>
  /** About the bytes that the store takes on disk, with what was deleted and has not given its space back yet. */
  diskBytes(): Promise<number>
  /** Protects from every sweep, until it is released, whatever is put from now on (also what was stored before). */
  hold(): Hold
  /** Begins a collection: see {@link Sweep}. One at a time. @throws CONFLICT when another is open */
  openSweep(): Promise<Sweep>
  close(): Promise<void>
}

/** One block of a listing: a raw CIDv1 of its multihash, and its size in bytes. */
export interface StoredBlock {
  readonly cid: CID
  readonly size: number
}

/** Totals of a block store: number of blocks, and the sum of their sizes in bytes. */
export interface BlockStoreStat {
  readonly blocks: number
  readonly bytes: number
}

/** A claim on everything put while it is open, so that a collection cannot take what nothing points to yet. */
export interface Hold {
  /** Ends the claim; calling it again does nothing. */
  release(): void
}

/** What marking found under a CID. A block is `new` once for each codec that it is marked by, since its links depend on it. */
export type Mark =
  | { readonly status: 'new'; /** Bytes of the block. */ readonly bytes: number }
  | { readonly status: 'known' }
  | { readonly status: 'absent' }

/** How a sweep runs. */
export interface SweepOptions extends AbortOptions {
  /** Ends as soon as the store takes no more bytes than this on disk; 0, everything there is to delete, by default. */
  readonly downToBytes?: number | undefined
}

/** What one step of a sweep did. */
export interface SweepStep {
  /** Blocks that are gone for good. */
  readonly removed: readonly StoredBlock[]
  /** About the bytes of disk given back. */
  readonly freedBytes: number
}

/**
 * One collection. Opening it fixes what may be collected: blocks stored before, not put again since, and not under a
 * hold that is open then, even if it is released before the end. Mark after opening and then `run`, so that no clock is
 * involved and nobody has to stop writing.
 */
export interface Sweep extends AsyncDisposable {
  /** Marks what is stored of `cids` as live and says what each was. Never reads a block's bytes; an identity CID is always new. */
  mark(cids: readonly CID[]): Promise<Mark[]>
  /** Number and bytes of the blocks marked so far. */
  readonly marked: BlockStoreStat
  /**
   * Deletes, in small steps, each collectable block that is not marked, and gives its space back on disk, also what an
   * earlier collection left that did not come to its end. May be stopped at any step: what was deleted stays deleted.
   */
  run(options?: SweepOptions): AsyncIterable<SweepStep>
}

/** One change of {@link KeyValueStore.batch}. `value: undefined` deletes the key. */
export interface KeyValueChange {
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** Small named records (pins, roots, state), ordered by the UTF-8 bytes of their key. */
export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>
  /** Applies all changes or none, and resolves once they are durable. */
  batch(changes: readonly KeyValueChange[]): Promise<void>
  /**
   * Records whose key starts with `prefix`, in key order, as they were when the iteration began.
   *
   * @throws UNAVAILABLE when that moment is lost, after a failed write; a new iteration works
   */
  list(prefix: string): AsyncIterable<[key: string, value: Uint8Array]>
  close(): Promise<void>
}

/** Gets blocks from elsewhere: bitswap peers, gateways. */
export interface Fetcher {
  /**
   * The proven block of `cid`. Waits until somebody has it, so the caller sets a limit with `signal`.
   * Several calls for one CID are the caller's to merge.
   */
  fetch(cid: CID, options?: FetchOptions): Promise<Block>
}

/** A peer that is said to have a block, and where it is said to be reached. Whoever says so need not be right. */
export interface Provider {
  readonly peer: PeerId
  /** Multiaddrs, none where it has to be known already. */
  readonly addresses: readonly string[]
  /** URLs of trustless gateways by which it gives blocks; where there are only these, it is no peer to dial. */
  readonly gateways?: readonly string[]
}

/** Finds out who has a block while nobody that is connected has it. */
export interface Router {
  /**
   * Who is said to have the block, the best first, as they become known. Ending early ends the search.
   *
   * @throws UNAVAILABLE when nobody can be asked for now
   */
  findProviders(cid: CID, options: AbortOptions): AsyncIterable<Provider>
}

/** A peer's identity as text: base58btc of the multihash of its public key (`12D3Koo…`, `Qm…`). */
export type PeerId = string

/** What a peer understands, by the version of the protocol that it speaks. */
export interface PeerAbilities {
  /** Whether it answers and takes HAVE and DONT_HAVE, which bitswap knows since 1.2.0. */
  readonly presences: boolean
}

/** What a {@link Network} reports. Calls for one peer come in order: connected, messages, disconnected. */
export interface NetworkHandler {
  /**
   * The peer speaks our protocol and can be sent to. Comes once per connection period, however many links there are, and
   * again in it when the peer turns out to be of other abilities: that ends nothing.
   */
  connected(peer: PeerId, abilities: PeerAbilities): void
  disconnected(peer: PeerId): void
  /** One whole message. The network reads the peer's next one only after the promise settles: this is the back-pressure. */
  message(peer: PeerId, message: Uint8Array): Promise<void>
  /** Bytes that the peer may be sending because it was asked to, at most; 0 when left out. Those are no flood. */
  expectedBytes?(peer: PeerId): number
}

/** Moves whole messages between peers: over libp2p, or over a simulated network with a seed. */
export interface Network {
  /** Our own identity. */
  readonly self: PeerId
  /** Starts reporting to `handler`, beginning with the peers that are connected now. One handler at a time. */
  attach(handler: NetworkHandler): void
  /**
   * Sends one message in the form of the newest protocol; for an older peer it is changed to what that one can read.
   * Messages to one peer arrive in order or not at all. Resolves when the transport has taken it
   * and has room for more, so awaiting it bounds the memory.
   *
   * @throws UNAVAILABLE when the peer is not connected or the connection breaks
   */
  send(peer: PeerId, message: Uint8Array, options?: AbortOptions): Promise<void>
  /** Drops the connections to a peer that broke the protocol. `reason` is for the log. */
  reset(peer: PeerId, reason: string): void
  /** Tells that the peer has sent what it was asked for: from now on more of it may wait to be read. */
  trust?(peer: PeerId): void
  close(): Promise<void>
}

/** Time, passed in where a protocol depends on it, so that a simulation can turn it by hand. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Calls `action` once after `delayMs`; the returned function cancels that. */
  after(delayMs: number, action: () => void): () => void
}

/** What goes along with a message of the log, by name: short, and no secrets. What is `undefined` is left out. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Where one part of a node tells whoever keeps it what happened. Never throws and never waits. Messages are fixed texts, so
 * that they can be looked for and counted; what differs is a fact.
 */
export interface Logger {
  /** Something is broken, and somebody has to look. */
  error(message: string, facts?: LogFacts): void
  /** Something is wrong that the node can live with. */
  warn(message: string, facts?: LogFacts): void
  /** What a node does now and then: it starts, collects, refuses a peer. */
  info(message: string, facts?: LogFacts): void
  /** What it does all the time. */
  debug(message: string, facts?: LogFacts): void
}

/** The parts of a node that have a log. */
export type LogSubsystem = 'node' | 'network' | 'exchange' | 'blockstore' | 'gc' | 'rpc'

/** Gives each part its logger. A part that is given none is silent. */
export type Loggers = (subsystem: LogSubsystem) => Logger
