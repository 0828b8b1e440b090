// Keeping a DAG: everything below a root is got, and claimed before a collection that runs can take it.
import type { CID } from 'multiformats/cid'
import type { BlockService } from '../block/block-service.ts'
import { SeenBlocks } from '../dag/seen-blocks.ts'
import { walk } from '../dag/walk.ts'
import type { AbortOptions, BlockReader, FetchOptions } from '../interfaces.ts'
import type { ListingDraft } from './listing.ts'
import type { PinType } from './pin-record.ts'

/** How far pinning is: blocks known to be here, and their bytes. */
export interface PinProgress {
  readonly blocks: number
  readonly bytes: number
}

/** What to keep, and where it comes from. */
export interface KeepOptions extends AbortOptions {
  readonly type: PinType
  readonly blocks: BlockService
  readonly draft?: ListingDraft | undefined
  /** Root of a DAG whose blocks are kept already. */
  readonly except?: CID
  readonly onProgress?: ((progress: PinProgress) => void) | undefined
}

/** Gets and claims what a pin keeps, and notes in `draft` what is below its root. */
export async function keep(
  cid: CID,
  { type, blocks: from, draft, except, signal, onProgress }: KeepOptions,
): Promise<void> {
  let [blocks, bytes] = [0, 0]
  const report = (more: number | undefined): void => onProgress?.({ blocks: ++blocks, bytes: (bytes += more ?? 0) })
  const ensure = async (below: CID, options: FetchOptions): Promise<number | undefined> => {
    await from.ensure(below, options)
    return onProgress === undefined ? undefined : from.size(below)
  }
  if (type === 'direct') {
    report(await ensure(cid, { signal }))
    return
  }
  // A node that is read is claimed as well: it may have been stored long before, under a collection that runs.
  const claiming: BlockReader = {
    get: async (node, options = {}) => {
      await from.ensure(node, options)
      return from.get(node, options)
    },
  }
  for await (const found of walk(claiming, cid, { visitLeaf: ensure, seen: new SeenBlocks(), except, signal })) {
    if (found.parent !== undefined) await draft?.add(found.cid)
    report(found.bytes)
  }
}
