// Reading that does not wait for the disk: whoever reads content has each block as soon as it is proven, and the reading ends
// when all of them are stored.
import type { CID } from 'multiformats/cid'
import type { FetchOptions, BlockReader } from '../interfaces.ts'
import { EARLY_BYTES_MAX } from '../limits.ts'
import type { Block } from './block.ts'
import type { BlockService } from './block-service.ts'

/**
 * What `read` gives with a reader of `blocks` that has the first fetched blocks before they are stored, for content that is passed on:
 * nothing may come to depend on such a block being here. Ends, in any way, once none is being stored any more.
 *
 * @throws as `read`, and what kept a block from being stored: at the latest when all was read
 */
export async function* readEarly<Value>(
  blocks: BlockService,
  read: (reader: BlockReader) => AsyncIterable<Value>,
): AsyncGenerator<Value, void, undefined> {
  const reader = new EarlyReader(blocks)
  try {
    yield* read(reader)
    await reader.stored()
  } finally {
    await reader.stored().catch(() => undefined)
  }
}

class EarlyReader implements BlockReader {
  readonly #blocks: BlockService
  /** Blocks that are being stored. */
  #blocksLeft = 0
  /** Bytes that were given before they were stored. */
  #bytes = 0
  #onStored: () => void = () => undefined
  /** Why the first block that could not be stored was not. */
  #failure: { readonly cause: unknown } | undefined

  constructor(blocks: BlockService) {
    this.#blocks = blocks
  }

  /** After the first bytes it waits for the disk, too: the store sets the pace of what is longer. */
  async get(cid: CID, options: FetchOptions = {}): Promise<Block> {
    const { block, stored } = await this.#blocks.getEarly(cid, options)
    if (stored === undefined) return block
    if (this.#failure !== undefined || this.#bytes + block.bytes.length > EARLY_BYTES_MAX) await stored
    else this.#watch(stored, block.bytes.length)
    return block
  }

  /** Resolves once nothing is being stored. @throws why something could not be */
  async stored(): Promise<void> {
    if (this.#blocksLeft > 0) await new Promise<void>((resolve) => (this.#onStored = resolve))
    if (this.#failure !== undefined) throw this.#failure.cause
  }

  #watch(stored: Promise<void>, bytes: number): void {
    this.#blocksLeft++
    this.#bytes += bytes
    const end = (): void => {
      if (--this.#blocksLeft === 0) this.#onStored()
    }
    stored.then(end, (cause: unknown) => {
      this.#failure ??= { cause }
      end()
    })
  }
}
