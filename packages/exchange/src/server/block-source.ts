// Reading from a store that may fail for one block: the others are read all the same.
import type { Block, BlockStore } from '@cairn/core'
import type { CID } from 'multiformats/cid'

/** What the server reads blocks from. */
export type BlockSource = Pick<BlockStore, 'get' | 'getMany' | 'size' | 'sizeMany'>

/** Bytes of each of `cids`, in their order; `undefined` where the store lacks the block or fails. */
export async function sizesOf(store: BlockSource, cids: readonly CID[]): Promise<(number | undefined)[]> {
  if (cids.length === 0) return []
  try {
    return await store.sizeMany(cids)
  } catch {
    return await Promise.all(cids.map((cid) => orNothing(store.size(cid))))
  }
}

/** The block of each of `cids`, in their order; `undefined` where the store lacks it or fails. */
export async function readBlocks(store: BlockSource, cids: readonly CID[]): Promise<(Block | undefined)[]> {
  if (cids.length === 0) return []
  try {
    return await store.getMany(cids)
  } catch {
    return await Promise.all(cids.map((cid) => orNothing(store.get(cid))))
  }
}

async function orNothing<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading
  } catch {
    return undefined
  }
}
