// The composition root: the only place that builds the parts of a node and closes them, in reverse order.
import {
  abortable,
  BlockService,
  CairnError,
  collect,
  importCars,
  importTree,
  measureLive,
  Mfs,
  Pins,
  recordedRoot,
  storeBlocks,
  type AbortOptions,
  type Block,
  type BlockServiceParts,
  type BlockStoreStat,
  type CarSource,
  type CollectEvent,
  type EntryEvent,
  type ImportCarsEvent,
  type ImportCarsOptions,
  type ImportSettings,
  type KeptRoots,
  type Loggers,
  type NamedSource,
  type ProgressEvent,
  type SweepOptions,
} from '@cairn/core'
import { roomOnDisk, type LevelBlockStore } from '@cairn/blockstore'
import type { FetchEvent } from '@cairn/exchange'
import { pipe } from 'it-pipe'
import { AutoCollect } from './storage/auto-collect.ts'
import { limitOf } from './config/config.ts'
import { CollectTally, type CollectCounts } from './operation/collect-tally.ts'
import { logRecovery } from './operation/recovery-log.ts'
import { repoSizeOf, type RepoSize } from './storage/repo-size.ts'
import { listKept } from './storage/kept-roots.ts'
import { openRepo, type Repo, type RepoOptions } from './repo.ts'
import type { SearchEvent } from './routing/provider-search.ts'
import type { OnlineOptions, Swarm } from './swarm.ts'
import { verifyRepo, type VerifyEvent, type VerifyOptions } from './verify.ts'

/** What a node does beyond its own repo. */
export interface NodeOptions extends RepoOptions {
  /** Present for a node that talks to peers; without it nothing of the network is even loaded. */
  readonly online?: OnlineOptions
  /** Where it tells what happens, beside what its callers are told; nowhere by default. */
  readonly logs?: Loggers | undefined
}

/** Something that happened to a block which somebody wants: it was found here, or what the exchange tells, or the search for providers. */
export type NodeEvent =
  | FetchEvent
  | SearchEvent
  | {
      readonly kind: 'found'
      readonly cid: Block['cid']
      /** Only of a block that was read. */ readonly bytes?: number | undefined
    }

/** How an import is stored. */
export interface AddOptions extends AbortOptions {
  readonly settings: ImportSettings
  /** Pins the root recursively; true by default. */
  readonly pin?: boolean
  /** Name of that pin. */
  readonly pinName?: string | undefined
  /** Where that pin goes: to those of the node by default. */
  readonly pins?: Pins | undefined
  /** Path of the mutable file or folder that the root becomes as well; one that ends with a slash is the folder for it. */
  readonly toFiles?: string | undefined
}

/**
 * Opens the repo at `path` and builds a node on it, which works until it is closed.
 *
 * @throws as `openRepo`; online also as `openHost` of the network. Nothing stays open then
 */
export async function openNode(path: string, { online, onRecovery, logs }: NodeOptions = {}): Promise<Node> {
  const repo = await openRepo(path, {
    onRecovery(event) {
      if (logs !== undefined) logRecovery(logs('blockstore'), event)
      onRecovery?.(event)
    },
  })
  if (online === undefined) return new Node(repo, undefined, logs)
  try {
    const { openSwarm } = await import('./swarm.ts')
    return new Node(repo, await openSwarm(repo, { ...online, logs }), logs)
  } catch (error) {
    await repo.close()
    throw error
  }
}

/** What a person is told while pins may be lost. */
export const LOST_PINS: string =
  'The records of this repo were damaged, and pins may be lost: look at "cairn pin ls", pin again what is missing, and ' +
  'then run "cairn repo verify --accept-lost-pins"'

/** A running node; see {@link openNode}. */
export class Node implements AsyncDisposable {
  /** Blocks from the repo, and online also from peers. */
  readonly blocks: BlockService
  /** Blocks from the repo alone. */
  readonly local: BlockService
  readonly store: LevelBlockStore
  readonly pins: Pins
  /** All that a collection must keep: our pins and mutable files, and the pins of a Helia that mounts this repo. */
  readonly kept: KeptRoots
  /** The network side, `undefined` for a node that is offline. */
  readonly swarm: Swarm | undefined
  readonly #observers = new Set<(event: NodeEvent) => void>()
  readonly #repo: Repo
  readonly #autoCollect: AutoCollect | undefined
  readonly #tally: CollectTally
  #files: Promise<Mfs> | undefined

  constructor(repo: Repo, swarm: Swarm | undefined, logs?: Loggers) {
    this.#repo = repo
    this.#tally = new CollectTally(logs?.('gc'))
    this.swarm = swarm
    this.store = repo.blocks
    const limit = limitOf(repo.config)
    const autoCollect =
      limit &&
      new AutoCollect(
        {
          store: repo.blocks,
          records: repo.meta,
          collect: (options) => this.collect(options),
          roomBytes: () => roomOnDisk(repo.path),
        },
        limit,
      )
    this.#autoCollect = autoCollect
    const parts: BlockServiceParts = {
      store: repo.blocks,
      withRoom: autoCollect && ((blocks, put) => autoCollect.withRoom(blocks, put)),
      onStored: (blocks) => swarm?.bitswap.announce(blocks.map((block) => block.cid)),
    }
    this.local = new BlockService(parts)
    this.blocks = new BlockService({
      ...parts,
      fetchers: swarm === undefined ? [] : [swarm.bitswap],
      onFound: (cid, bytes) => this.#observers.forEach((observe) => observe({ kind: 'found', cid, bytes })),
    })
    this.pins = new Pins({ records: repo.meta, blocks: this.blocks })
    this.kept = { list: () => listKept(this.pins, repo.meta) }
  }

  /**
   * Imports, stores and pins `source`. Entries come once their blocks are durable, and the last one, the root, only
   * once it is pinned. An import that ends early leaves blocks that nothing keeps, which the next collection takes.
   *
   * @throws as `importTree` and `BlockStore.putMany`
   */
  async *add(
    source: NamedSource,
    { settings, pin = true, pinName, pins = this.pins, toFiles, signal }: AddOptions,
  ): AsyncGenerator<ProgressEvent | EntryEvent> {
    if (toFiles !== undefined) await (await this.files()).checkFree(toFiles, source.name)
    const hold = this.store.hold()
    try {
      let root: EntryEvent | undefined
      for await (const event of pipe(importTree(source, settings), storeBlocks(this.blocks))) {
        signal?.throwIfAborted()
        if (event.kind === 'progress') {
          yield event
        } else {
          if (root !== undefined) yield root
          root = event
        }
      }
      if (root === undefined) return
      if (pin) await pins.record(root.cid, 'recursive', pinName)
      if (toFiles !== undefined)
        await (await this.files()).put(toFiles, { cid: root.cid, name: source.name }, { signal })
      yield root
      // A command that ends now would end a collection with it.
      await abortable(this.#autoCollect?.settled() ?? Promise.resolve(), signal)
    } finally {
      hold.release()
    }
  }

  /** Stores the blocks of CARs and pins their roots, fetching nothing; see `importCars` of the core. */
  async *importCars(
    files: AsyncIterable<CarSource> | Iterable<CarSource>,
    options: ImportCarsOptions = {},
    pins: Pins = this.pins,
  ): AsyncGenerator<ImportCarsEvent> {
    yield* importCars(files, { blocks: this.blocks, local: this.local, pins }, options)
    await abortable(this.#autoCollect?.settled() ?? Promise.resolve(), options.signal)
  }

  /**
   * Tells `observer` of every block that is found here or fetched from now on, until the function that is returned is called.
   * See `FetchObserver` of the exchange.
   */
  observe(observer: (event: NodeEvent) => void): () => void {
    this.#observers.add(observer)
    const leave = this.swarm?.observe(observer)
    return () => {
      this.#observers.delete(observer)
      leave?.()
    }
  }

  /** What the repo takes on disk, and what it may take. */
  size(): Promise<RepoSize> {
    return repoSizeOf(this.#repo)
  }

  /** Counts what pins keep; the last count is final. See `measureLive` of the core. */
  measureLive(options: AbortOptions = {}): AsyncGenerator<BlockStoreStat> {
    return measureLive({ store: this.store, pins: this.kept, local: this.local }, options)
  }

  /**
   * Deletes what no pin keeps, while everything else goes on; see `collect` of the core.
   *
   * @throws as `collect`, and CONFLICT while pins may be lost, see `mayLackPins`
   */
  async *collect(options: SweepOptions = {}): AsyncGenerator<CollectEvent> {
    if (await this.mayLackPins())
      throw new CairnError('CONFLICT', 'Cannot collect: what lost pins kept would go. ' + LOST_PINS)
    yield* this.#tally.follow(collect({ store: this.store, pins: this.kept, local: this.local }, options))
  }

  /** What collections did since the node was opened. */
  get collections(): CollectCounts {
    return this.#tally.counts
  }

  /** Reads every block to find those that are damaged, and fetches them again if it is told to. */
  verify(options: VerifyOptions = {}): AsyncGenerator<VerifyEvent> {
    const isLacked = (cid: Block['cid']): boolean => this.swarm?.bitswap.isLacked(cid) ?? false
    return verifyRepo({ store: this.store, records: this.#repo.meta, blocks: this.blocks, isLacked }, options)
  }

  /** Whether pins may be lost because the records of the repo were damaged, and nobody has accepted it yet. */
  mayLackPins(): Promise<boolean> {
    return this.#repo.meta.isDoubtful()
  }

  /** @throws CORRUPT with a message that begins with `action` while pins may be lost */
  async requirePins(action: string): Promise<void> {
    if (await this.mayLackPins()) throw new CairnError('CORRUPT', `${action}. ${LOST_PINS}`)
  }

  /**
   * Accepts that pins may be lost, so that collections run again: pins whose records do not decode are dropped, durably. Gives
   * the keys of these records.
   */
  async acceptLostPins(): Promise<readonly string[]> {
    const dropped = await this.pins.dropUnreadable()
    await this.#repo.meta.trust()
    return dropped
  }

  /**
   * The mutable files, opened at the first call.
   *
   * @throws CORRUPT when the record of their root does not decode, or may be lost with other records
   */
  files(): Promise<Mfs> {
    this.#files ??= this.#openFiles()
    return this.#files
  }

  async #openFiles(): Promise<Mfs> {
    const { blocks, store } = this
    if ((await recordedRoot(this.#repo.meta)) === undefined) {
      await this.requirePins('Cannot open the mutable files: the record of their root may be lost')
    }
    return Mfs.open({ records: this.#repo.meta, blocks, store })
  }

  /** Ends what runs, network first, and frees the repo. */
  async close(): Promise<void> {
    try {
      await this.swarm?.close()
    } finally {
      try {
        // A change that nobody waited for is durable after this, too.
        await (await this.#files?.catch(() => undefined))?.flush()
      } finally {
        await this.#autoCollect?.close()
        await this.#repo.close()
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
