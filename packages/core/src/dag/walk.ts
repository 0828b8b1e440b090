// Walks over a whole DAG, each block once: what is reachable, and whether it is here.
import type { CID } from 'multiformats/cid'
import { blockKey } from '../block/cid.ts'
import { linksOf, mayHaveLinks } from '../block/codec.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { traverse, type Step } from './traverse.ts'

/** One block that a walk came to. */
export interface WalkedBlock {
  readonly cid: CID
  /** The block that holds the link, or `undefined` for the root. */
  readonly parent: CID | undefined
  /** Bytes of the block, or `undefined` when it was not read. */
  readonly bytes: number | undefined
}

/** How a walk deals with blocks. */
export interface WalkOptions extends AbortOptions {
  /**
   * What happens with a block that cannot have links: by default it is read like the others. Marking needs nothing of
   * it, pinning needs it to be here.
   */
  readonly visitLeaf?: (cid: CID, options: AbortOptions) => Promise<void>
  /** Nodes not to enter again; the walk adds those it meets. Pass one set on to walk several roots. */
  readonly seen?: Set<string>
}

/**
 * Every block reachable from `root`, parents before children, each once.
 *
 * @throws as `BlockReader.get`, `linksOf` and `traverse`
 */
export async function* walk(reader: BlockReader, root: CID, options: WalkOptions = {}): AsyncGenerator<WalkedBlock> {
  const { visitLeaf, seen = new Set<string>(), signal } = options

  function* steps(cids: Iterable<CID>, parent: CID | undefined): Generator<Step<WalkedBlock>> {
    for (const cid of cids) {
      const key = nodeKey(cid)
      if (seen.has(key)) continue
      seen.add(key)
      yield { run: (waiting) => visit(cid, parent, waiting) }
    }
  }

  async function visit(cid: CID, parent: CID | undefined, waiting: AbortOptions) {
    if (visitLeaf !== undefined && !mayHaveLinks(cid)) {
      await visitLeaf(cid, waiting)
      return { value: { cid, parent, bytes: undefined }, bytes: 0, next: [] }
    }
    const block = await reader.get(cid, waiting)
    const bytes = block.bytes.length
    return { value: { cid, parent, bytes }, bytes, next: steps(links(), cid) }

    function* links(): Generator<CID> {
      for (const link of linksOf(block)) yield link.cid
    }
  }

  yield* traverse(steps([root], undefined), { signal })
}

/** The codec counts: the same bytes may be a leaf as `raw` and a node with links as `dag-pb`. */
function nodeKey(cid: CID): string {
  return `${cid.code} ${blockKey(cid)}`
}
