// The door by which blocks come in from peers.
import { blockFromPrefix, isCairnError, type Block } from '@cairn/core'
import { PINNED_BYTES_FACTOR } from '../limits.ts'
import type { PrefixedBlock } from '../message.ts'

/**
 * The block that the bytes make, or `undefined` when no block can be made of them: then it was not asked for either.
 * Small ones are copied out of their message, which they would keep in memory.
 */
export function provenBlock({ prefix, bytes }: PrefixedBlock): Block | undefined {
  const isSmall = bytes.length * PINNED_BYTES_FACTOR < bytes.buffer.byteLength
  try {
    return blockFromPrefix(prefix, isSmall ? bytes.slice() : bytes)
  } catch (error) {
    if (isCairnError(error)) return undefined
    throw error
  }
}
