// Walks over a whole DAG, each block once: what is reachable, and whether it is here.
import type { CID } from 'multiformats/cid'
import { blockKey } from '../block/cid.ts'
import { linksOf, mayHaveLinks, type Link } from '../block/codec.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { BLOCK_BYTES_MAX } from '../limits.ts'
import { traverse, type Step, type Visit } from './traverse.ts'

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
 * Every block reachable from `root`, each once, where a plain recursion comes to it first: parents before children,
 * links in their order. What a window of the traversal links repeatedly may be read repeatedly.
 *
 * @throws as `BlockReader.get`, `linksOf` and `traverse`
 */
export async function* walk(reader: BlockReader, root: CID, options: WalkOptions = {}): AsyncGenerator<WalkedBlock> {
  const { visitLeaf, seen = new Set<string>(), signal } = options

  function* steps(links: Iterable<Link>, parent: CID | undefined): Generator<Step<Turn>> {
    for (const { cid, tsize } of links) {
      if (seen.has(nodeKey(cid))) continue
      // Only a hint, and a lie in it costs no more than the window's number of blocks.
      const bytes = tsize === undefined || mayHaveLinks(cid) ? undefined : Math.min(tsize, BLOCK_BYTES_MAX)
      yield { bytes, run: (waiting) => visit(cid, parent, waiting) }
    }
  }

  async function visit(cid: CID, parent: CID | undefined, waiting: AbortOptions): Promise<Visit<Turn>> {
    if (visitLeaf !== undefined && !mayHaveLinks(cid)) {
      await visitLeaf(cid, waiting)
      return visited({ cid, parent, bytes: undefined }, () => [])
    }
    const block = await reader.get(cid, waiting)
    return visited({ cid, parent, bytes: block.bytes.length }, () => linksOf(block))
  }

  /** Steps run ahead, but `next` is asked for in the order of the walk: there the first visit is told from repeats. */
  function visited(walked: WalkedBlock, links: () => Iterable<Link>): Visit<Turn> {
    const value = { walked, isFirst: false }
    function* next(): Generator<Step<Turn>> {
      const key = nodeKey(walked.cid)
      if (seen.has(key)) return
      seen.add(key)
      value.isFirst = true
      yield* steps(links(), walked.cid)
    }
    return { value, bytes: walked.bytes ?? 0, next: next() }
  }

  for await (const { walked, isFirst } of traverse(steps([{ cid: root }], undefined), { signal })) {
    if (isFirst) yield walked
  }
}

/** A block whose turn has come, and whether it is the first time. */
interface Turn {
  readonly walked: WalkedBlock
  readonly isFirst: boolean
}

/** The codec counts: the same bytes may be a leaf as `raw` and a node with links as `dag-pb`. */
function nodeKey(cid: CID): string {
  return `${cid.code} ${blockKey(cid)}`
}
