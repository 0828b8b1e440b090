// The root of the mutable files and its one queue of changes. A change makes a new root in memory; many of them become
// durable together: first the blocks that the newest root reaches, then the record that names it. Nothing is
// acknowledged before that, and after a crash the record names a whole root. Format: docs/formats/mfs.md.
import { decode, encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import type { BlockService } from '../block/block-service.ts'
import { CairnError } from '../errors.ts'
import type { AbortOptions, BlockReader, Hold, KeyValueStore } from '../interfaces.ts'
import { MFS_PENDING_BYTES } from '../limits.ts'
import { Turns } from '../turns.ts'
import { makeDirectory } from './tree-entry.ts'
import { PendingBlocks, type Workspace } from './workspace.ts'

/** Key of the record. */
const ROOT_KEY = 'mfs/root'

/** What the mutable files live in. */
export interface MfsRootParts {
  readonly records: KeyValueStore
  readonly blocks: BlockReader & Pick<BlockService, 'putMany' | 'hold'>
}

/** Makes the next root out of the present one; whatever it reads and makes goes through the workspace. */
export type Edit = (workspace: Workspace, root: CID) => Promise<CID>

/** How a change is made. */
export interface ChangeOptions extends AbortOptions {
  /** Whether to wait until it is durable; true by default. Else a later flush makes it so. */
  readonly flush?: boolean | undefined
}

/** The root that is recorded, or `undefined` as long as there is none. @throws CORRUPT when the record does not decode */
export async function recordedRoot(records: KeyValueStore): Promise<CID | undefined> {
  const record = await records.get(ROOT_KEY)
  if (record === undefined) return undefined
  try {
    const cid = CID.asCID(decode(record))
    if (cid !== null) return cid
  } catch (cause) {
    throw unreadable(cause)
  }
  throw unreadable(undefined)
}

/** The changing root; see the head of this file. */
export class MfsRoot {
  /** Reads whatever is below {@link current}. */
  readonly reader: BlockReader
  readonly #records: KeyValueStore
  readonly #blocks: MfsRootParts['blocks']
  readonly #pending: PendingBlocks
  /** One change at a time, and waiting for room counts as one. */
  readonly #door = new Turns()
  /** One at a time: an edit, or going back to the durable root after a failure. */
  readonly #turns = new Turns()
  #durable: CID
  /** Whether there is a record of it; without one it is an empty directory that need not be stored. */
  #isRecorded = true
  #newest: CID
  /** Whether a change was acknowledged that no commit has taken up. */
  #owesFlush = false
  /** What keeps the blocks of such changes that are stored already: no record names them yet. */
  #owedHolds: Hold[] = []
  #running: Promise<void> = Promise.resolve()
  /** The commit that begins after the one that runs, and takes up all changes made until then. */
  #next: Promise<void> | undefined
  /** How often changes were lost because a commit failed, and why the last time. */
  #failures = 0
  #failure: unknown
  readonly #listeners = new Set<() => void>()

  constructor({ records, blocks }: MfsRootParts, root: CID, stored: BlockReader = blocks) {
    this.#records = records
    this.#blocks = blocks
    this.reader = stored
    this.#pending = new PendingBlocks(stored)
    this.#durable = this.#newest = root
  }

  /** Opens the recorded root, or an empty one. @throws as `recordedRoot` */
  static async open(parts: MfsRootParts): Promise<MfsRoot> {
    const recorded = await recordedRoot(parts.records)
    if (recorded !== undefined) return new MfsRoot(parts, recorded)
    // Not stored before something is written, and until then it is known here.
    const empty = new PendingBlocks(parts.blocks)
    const { cid } = makeDirectory(empty, { cidVersion: 1, hash: 'sha2-256' })
    const root = new MfsRoot(parts, cid, empty)
    root.#isRecorded = false
    for (const block of empty.reachableFrom(cid)) root.#pending.add(block)
    return root
  }

  /** The root with all changes, of which some may not be durable yet. */
  get newest(): CID {
    return this.#newest
  }

  /** Reads whatever is below {@link newest}. */
  get newestReader(): BlockReader {
    return this.#pending
  }

  /** Calls `listener` when {@link newest} has changed, until the function that is returned is called. */
  observe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The root with all acknowledged changes, durable. */
  async current(): Promise<CID> {
    if (this.#owesFlush) await this.flush()
    return this.#durable
  }

  /**
   * Makes a change, alone and upon all changes before it. When `edit` throws, or a signal ends it, nothing is changed; a change that
   * is made is waited for.
   *
   * @throws what `edit` throws, the signal's reason, or what keeps the change from becoming durable: then it is undone
   */
  async change(edit: Edit, { flush = true, signal }: ChangeOptions = {}): Promise<void> {
    const workspace = signal === undefined ? this.#pending : abortedBy(signal, this.#pending)
    const failures = await this.#door.run(
      async () => {
        await this.#makeRoom()
        return this.#turns.run(
          async () => {
            const root = await edit(workspace, this.#newest)
            const isNew = !root.equals(this.#newest)
            this.#newest = root
            if (isNew) this.#tell()
            if (!flush) this.#owesFlush = true
            return this.#failures
          },
          { signal },
        )
      },
      { signal },
    )
    if (flush) await this.#committed(failures)
  }

  /**
   * Runs `task`, which stores blocks and then makes a change that reaches them. Collections leave them alone until the change is
   * durable, even when nobody waits for that.
   */
  async holding(task: () => Promise<void>): Promise<void> {
    const hold = this.#blocks.hold()
    try {
      await task()
    } catch (error) {
      hold.release()
      throw error
    }
    if (this.#owesFlush) this.#owedHolds.push(hold)
    else void this.#running.then(() => hold.release())
  }

  /** Resolves once all acknowledged changes are durable. @throws what keeps them from it */
  async flush(): Promise<void> {
    await this.#committed(this.#failures)
  }

  /** Resolves with the next commit. @throws when changes were lost since `failures` were counted */
  async #committed(failures: number): Promise<void> {
    if (this.#failures === failures) await this.#join()
    if (this.#failures !== failures) throw this.#failure
  }

  #join(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      this.#running = this.#commit()
      return this.#running
    })
    return this.#next
  }

  /** Waits until there is room for the blocks of one more change. What was replaced already is room as well. */
  async #makeRoom(): Promise<void> {
    if (this.#pending.bytes <= MFS_PENDING_BYTES) return
    for (;;) {
      // After each commit anew: one that has failed leaves what it should have stored.
      this.#pending.keep(this.#pending.reachableFrom(this.#newest))
      if (this.#pending.bytes <= MFS_PENDING_BYTES / 2) return
      // Whoever made the change is told of a failure; here it has made room.
      await this.#join()
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Never rejects: those who wait for it look at the number of failures. */
  async #commit(): Promise<void> {
    const root = this.#newest
    const made = this.#pending.reachableFrom(root)
    this.#owesFlush = false
    // What is put is not below any root yet, until the record is written.
    const holds = [this.#blocks.hold(), ...this.#owedHolds.splice(0)]
    try {
      if (!root.equals(this.#durable)) {
        await this.#blocks.putMany(made)
        await this.#records.batch([{ key: ROOT_KEY, value: encode(root) }])
        this.#durable = root
        this.#isRecorded = true
      }
      // Whoever writes what is there already makes blocks as well, and they are stored.
      if (this.#isRecorded) this.#pending.drop(made)
    } catch (error) {
      await this.#turns.run(async () => {
        this.#newest = this.#durable
        this.#tell()
        this.#owesFlush = false
        this.#failures++
        this.#failure = error
      })
    } finally {
      for (const hold of holds) hold.release()
    }
  }
}

function unreadable(cause: unknown): CairnError {
  return new CairnError('CORRUPT', 'Cannot read the root of the mutable files: its record does not decode', { cause })
}

/** `workspace` as it looks to an edit that `signal` ends. */
function abortedBy(signal: AbortSignal, workspace: Workspace): Workspace {
  return {
    get: (cid, options) => workspace.get(cid, { ...options, signal: options?.signal ?? signal }),
    node: (cid, options) => workspace.node(cid, { ...options, signal: options?.signal ?? signal }),
    add: (block, node) => workspace.add(block, node),
  }
}
