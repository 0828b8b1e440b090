// How walks look at leaves that need not be read: whether they are here, and their size.
import { CairnError, type WalkOptions } from '@cairn/core'
import type { Node } from '@cairn/node'

/** Gives the bytes of a leaf that is here. @throws NOT_FOUND for one that is not */
export function localSizeOf(store: Node['store']): NonNullable<WalkOptions['visitLeaf']> {
  return async (cid) => {
    const bytes = await store.size(cid)
    if (bytes === undefined) throw new CairnError('NOT_FOUND', `Cannot find block ${cid}`, { cid })
    return bytes
  }
}
