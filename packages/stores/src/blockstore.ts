// A BlockStore as the Blockstore of interface-blockstore. That interface takes any bytes for any CID and a BlockStore
// takes proven blocks alone, so every put hashes its bytes once more: about 0.6 ms for each MiB of sha2-256.
// A signal is looked at before each step; a step that has begun, a commit or a read, is waited for.
import { BLOCK_BYTES_MAX, CairnError, verifyBlock, type AbortOptions, type Block, type BlockStore } from '@cairn/core'
import type { Blockstore, InputPair, Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { GroupQueue } from './group-queue.ts'
import { mapAhead } from './map-ahead.ts'
import { named, storeError } from './store-error.ts'

type Source<T> = Iterable<T> | AsyncIterable<T>

/** Settings of {@link asBlockstore}. */
export interface BlockstoreSettings {
  /**
   * Which of `cids`, in their order, others than the users of this Blockstore keep: deleting those does nothing, so that a
   * collection which knows its own pins alone, as Helia's, takes nothing of others. `Repo.keeps` of @cairn/node is one. It is
   * asked before a delete: what is pinned at that very moment may go. Nothing is kept by default.
   */
  readonly keeps?: (cids: readonly CID[]) => Promise<readonly boolean[]>
}

/**
 * `store` as a Blockstore. A put is acknowledged once it is durable, and puts that run side by side share commits. Bytes
 * that are put must not be changed afterwards. The store stays the caller's to close.
 *
 * Its methods throw NotFoundError for what is not there, and PutFailedError, GetFailedError, HasFailedError or
 * DeleteFailedError with a CairnError as cause: LIMIT for a block above 2 MiB or a full disk, CORRUPT for bytes that
 * do not hash to their CID, UNSUPPORTED for a hash function that cannot be checked.
 */
export function asBlockstore(store: BlockStore, settings: BlockstoreSettings = {}): Blockstore {
  return new StoreBlockstore(store, settings)
}

class StoreBlockstore implements Blockstore {
  readonly #store: BlockStore
  readonly #deletes: GroupQueue<CID>

  constructor(store: BlockStore, { keeps }: BlockstoreSettings) {
    this.#store = store
    this.#deletes = new GroupQueue(async (cids) => {
      const kept = await keeps?.(cids)
      await store.deleteMany(kept === undefined ? cids : cids.filter((_, at) => kept[at] !== true))
    })
  }

  async has(cid: CID, { signal }: AbortOptions = {}): Promise<boolean> {
    signal?.throwIfAborted()
    const [isThere = false] = await named('has', this.#store.hasMany([cid]))
    return isThere
  }

  async put(cid: CID, value: Uint8Array | Source<Uint8Array>, { signal }: AbortOptions = {}): Promise<CID> {
    const block = await readBlock({ cid, bytes: value }, signal)
    await named('put', this.#store.putMany([block]))
    return cid
  }

  async *putMany(source: Source<InputPair>, { signal }: AbortOptions = {}): AsyncGenerator<CID, void, undefined> {
    yield* mapAhead(readBlocks(source, signal), {
      start: async (block) => {
        await named('put', this.#store.putMany([block]))
        return block.cid
      },
      bytesOf: ({ bytes }) => bytes.length,
      signal,
    })
  }

  async *get(cid: CID, options: AbortOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    yield await this.#read(cid, options)
  }

  async *getMany(source: Source<CID>, { signal }: AbortOptions = {}): AsyncGenerator<Pair, void, undefined> {
    yield* mapAhead(source, {
      start: async (cid) => ({ cid, bytes: once(await this.#read(cid, { signal })) }),
      // Not known before it is read.
      bytesOf: () => BLOCK_BYTES_MAX,
      signal,
    })
  }

  /** Reads a block only when its bytes are asked for: whoever wants the CIDs alone, as Helia's collection does, reads nothing. */
  async *getAll({ signal }: AbortOptions = {}): AsyncGenerator<Pair, void, undefined> {
    signal?.throwIfAborted()
    try {
      for await (const { cid } of this.#store.list()) {
        yield { cid, bytes: this.get(cid, { signal }) }
        signal?.throwIfAborted()
      }
    } catch (cause) {
      throw storeError('get', cause)
    }
  }

  async delete(cid: CID, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await named('delete', this.#deletes.add([cid]))
  }

  async *deleteMany(source: Source<CID>, { signal }: AbortOptions = {}): AsyncGenerator<CID, void, undefined> {
    yield* mapAhead(source, {
      start: async (cid) => {
        await this.delete(cid, { signal })
        return cid
      },
      bytesOf: ({ bytes }) => bytes.length,
      signal,
    })
  }

  async #read(cid: CID, { signal }: AbortOptions): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const block = await named('get', this.#store.get(cid))
    signal?.throwIfAborted()
    if (block !== undefined) return block.bytes
    throw storeError('get', new CairnError('NOT_FOUND', `Cannot find block ${cid}: the store lacks it`, { cid }))
  }
}

function* once(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  yield bytes
}

async function* readBlocks(
  source: Source<InputPair>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Block, void, undefined> {
  for await (const pair of source) yield await readBlock(pair, signal)
}

async function readBlock({ cid, bytes }: InputPair, signal: AbortSignal | undefined): Promise<Block> {
  signal?.throwIfAborted()
  try {
    const whole = bytes instanceof Uint8Array ? bytes : await join(cid, bytes)
    signal?.throwIfAborted()
    checkSize(cid, whole.length)
    return verifyBlock(cid, whole)
  } catch (cause) {
    throw storeError('put', cause)
  }
}

async function join(cid: CID, source: Source<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of source) {
    size += part.length
    checkSize(cid, size)
    parts.push(part)
  }
  const [first] = parts
  return first !== undefined && parts.length === 1 ? first : concat(parts, size)
}

function checkSize(cid: CID, size: number): void {
  if (size <= BLOCK_BYTES_MAX) return
  throw new CairnError('LIMIT', `Cannot store ${cid}: a block has at most ${BLOCK_BYTES_MAX} bytes`, { cid })
}
