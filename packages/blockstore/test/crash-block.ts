// Blocks that parent and child of the crash test both know: made from a seed, of many sizes.
import { createBlock, RAW_CODE, type Block } from '@cairn/core'

/** The block of `seed`, 4 bytes to 64 KiB. */
export function seededCrashBlock(seed: number): Block {
  const bytes = new Uint8Array(4 + ((seed * 7919) % 65_536)).fill(seed & 0xff)
  new DataView(bytes.buffer).setUint32(0, seed)
  return createBlock(bytes, { codec: RAW_CODE })
}
