// A fetcher that has some blocks and fails by a script.
import type { CID } from 'multiformats/cid'
import {
  abortable,
  blockKey,
  CairnError,
  relabelBlock,
  type AbortOptions,
  type Block,
  type Fetcher,
} from '../../src/index.ts'
import type { Faults } from './faults.ts'

export class FaultyFetcher implements Fetcher {
  readonly #blocks: ReadonlyMap<string, Block>
  readonly #faults: Faults

  constructor(blocks: readonly Block[], faults: Faults) {
    this.#blocks = new Map(blocks.map((block) => [blockKey(block.cid), block]))
    this.#faults = faults
  }

  fetch(cid: CID, { signal }: AbortOptions = {}): Promise<Block> {
    return abortable(
      this.#faults.around({
        codes: ['UNAVAILABLE', 'NOT_FOUND'],
        run: async () => {
          const block = this.#blocks.get(blockKey(cid))
          if (block === undefined) throw new CairnError('NOT_FOUND', 'Cannot find the block here', { cid })
          return relabelBlock(block, cid)
        },
      }),
      signal,
    )
  }
}
