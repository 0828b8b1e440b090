// Raw blocks of random bytes in batches, the same for the same seed.
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { randomPieces } from './random-bytes.ts'

/** Blocks and bytes of one batch at most. */
export const BATCH_BLOCKS = 4096
export const BATCH_BYTES = 8 * 1024 * 1024

export interface NumberedBlocks {
  readonly count: number
  readonly blockBytes: number
  readonly seed: number
  readonly batchBlocks: number
}

export function* numberedBlocks({ count, blockBytes, seed, batchBlocks }: NumberedBlocks): Generator<Block[]> {
  for (let done = 0, batch = 0; done < count; done += batchBlocks, batch++) {
    const blocks = Math.min(batchBlocks, count - done)
    const [bytes = new Uint8Array(0)] = randomPieces(1, blocks * blockBytes, seed * 1_000_000 + batch)
    yield Array.from({ length: blocks }, (_, index) =>
      createBlock(bytes.subarray(index * blockBytes, (index + 1) * blockBytes), { codec: RAW_CODE }),
    )
  }
}
