// Blocks that parent and child of the crash test both know: made from a seed, of many sizes.
import { BLOCK_BYTES_MAX, createBlock, RAW_CODE, type Block } from '@cairn/core'

/** The block of `seed`, 4 bytes to 64 KiB, some of 2 MiB, which are committed in another way. */
export function seededCrashBlock(seed: number): Block {
  const size = seed % 25 === 0 ? BLOCK_BYTES_MAX : 4 + ((seed * 7919) % 65_536)
  const bytes = new Uint8Array(size).fill(seed & 0xff)
  new DataView(bytes.buffer).setUint32(0, seed)
  return createBlock(bytes, { codec: RAW_CODE })
}
