// Blocks that make one commit, so large that it goes into tables rather than into LevelDB's own log with a sync.
import { createBlock, RAW_CODE, type Block } from '@cairn/core'
import { below, seededRandom } from './random.ts'

/** Bytes in all: some tables, and less than a commit may have. */
const GROUP_BYTES = 6 * 1024 * 1024
const BLOCK_BYTES_MAX = 1024 * 1024

/** The same blocks for the same seed. */
export function largeGroup(seed: number): Block[] {
  const random = seededRandom(seed)
  const blocks: Block[] = []
  for (let bytes = 0; bytes < GROUP_BYTES;) {
    const size = 1 + below(random, BLOCK_BYTES_MAX)
    const content = Buffer.alloc(size, `${seed} ${blocks.length} `)
    blocks.push(createBlock(content, { codec: RAW_CODE }))
    bytes += size
  }
  return blocks
}
