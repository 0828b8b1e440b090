// Walks over a whole DAG, each block once: what is reachable, and whether it is here. Two refinements serve pins: what
// another DAG has in the same place can be left out, and a block that cannot be read need not end the walk.
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { blockKey } from '../block/cid.ts'
import { eachLink, linksOf, mayHaveLinks, type Link } from '../block/codec.ts'
import { CairnError, isCairnError, type ErrorCode } from '../errors.ts'
import type { AbortOptions, BlockReader, FetchOptions } from '../interfaces.ts'
import { BLOCK_BYTES_MAX, OPEN_NODE_BYTES_MAX, OPEN_NODE_OVERHEAD_BYTES } from '../limits.ts'
import { PackedKeys } from './packed-keys.ts'
import type { SeenKeys } from './seen-blocks.ts'
import { traverse, type ReadAheadOptions, type Step, type Visit } from './traverse.ts'

/** One block that a walk came to. */
export interface WalkedBlock {
  readonly cid: CID
  /** The block that holds the link, or `undefined` for the root. */
  readonly parent: CID | undefined
  /** Bytes of the block, or `undefined` when nobody asked for them. */
  readonly bytes: number | undefined
  /** The block itself, where the walk has read it. */
  readonly block: Block | undefined
}

/** How a walk deals with blocks. */
export interface WalkOptions extends ReadAheadOptions {
  /**
   * What happens with a block that cannot have links: by default it is read like the others. Marking needs nothing of
   * it, pinning needs it to be here. May give its bytes.
   */
  readonly visitLeaf?: (cid: CID, options: FetchOptions) => Promise<number | void>
  /** Nodes not to enter again; the walk adds those it meets. Pass one set on to walk several roots. */
  readonly seen?: SeenKeys
  /**
   * Root of a DAG that is here. Links that it has in the same place, by name or by position, are left out with all
   * below them, unread: what takes time is only what differs.
   */
  readonly except?: CID | undefined
  /** Told, in order, of each block that is missing, damaged or unknown; what lies below it is left out. Else it ends the walk. */
  readonly onUnreadable?: (cid: CID, error: CairnError) => void
}

/**
 * Every block reachable from `root`, each once, where a plain recursion comes to it first: parents before children,
 * links in their order. A chain may have any length, since it keeps no node open. What a window of the traversal links repeatedly may be read repeatedly.
 *
 * @throws LIMIT when the nodes between the root and a block are too large together, else as `BlockReader.get`, `eachLink`
 * and `traverse`
 */
export async function* walk(reader: BlockReader, root: CID, options: WalkOptions = {}): AsyncGenerator<WalkedBlock> {
  const { visitLeaf, seen = new PackedKeys(), except, onUnreadable, readAhead, signal } = options

  /** Bytes of the nodes whose links are being gone through. */
  let openBytes = 0

  function* steps(places: Iterable<Place>, parent: CID | undefined): Generator<Step<Turn>> {
    for (const place of places) {
      const { cid, tsize } = place.link
      if (seen.has(nodeKey(cid))) continue
      // Only a hint, and a lie in it costs no more than the window's number of blocks.
      const bytes = tsize === undefined || mayHaveLinks(cid) ? undefined : Math.min(tsize, BLOCK_BYTES_MAX)
      yield { bytes, run: (waiting) => visit(place, parent, waiting) }
    }
  }

  async function visit(place: Place, parent: CID | undefined, waiting: FetchOptions): Promise<Visit<Turn>> {
    const { cid } = place.link
    try {
      if (visitLeaf !== undefined && !mayHaveLinks(cid)) {
        const bytes = await visitLeaf(cid, waiting)
        return visited({ cid, parent, bytes: bytes ?? undefined, block: undefined }, { held: 0 })
      }
      const block = await reader.get(cid, waiting)
      // With a twin the links are compared now, which reads the twin; without one they are decoded when their turn comes.
      const places = place.twin && (await unsharedLinks(reader, { block, twin: place.twin }, waiting))
      return visited({ cid, parent, bytes: block.bytes.length, block }, { block, places, held: block.bytes.length })
    } catch (error) {
      if (onUnreadable === undefined || !isUnreadable(error)) throw error
      return visited({ cid, parent, bytes: undefined, block: undefined }, { error, held: 0 })
    }
  }

  /** Steps for the links of a node, which stays in memory until the last of them has begun. */
  function* below(places: Iterable<Place>, { cid }: WalkedBlock, bytes: number): Generator<Step<Turn>> {
    const held = bytes + OPEN_NODE_OVERHEAD_BYTES
    openBytes += held
    try {
      if (openBytes > OPEN_NODE_BYTES_MAX) {
        throw new CairnError(
          'LIMIT',
          `Cannot walk the DAG below ${root}: more than ${OPEN_NODE_BYTES_MAX} bytes of nodes stand above ${cid}`,
        )
      }
      yield* steps(places, cid)
    } finally {
      openBytes -= held
    }
  }

  /** Steps run ahead, but `next` is asked for in the order of the walk: there the first visit is told from repeats. */
  function visited(walked: WalkedBlock, { block, places, error, held }: Found): Visit<Turn> {
    const value = { walked, isFirst: false }
    function* next(): Generator<Step<Turn>> {
      const key = nodeKey(walked.cid)
      if (seen.has(key)) return
      seen.add(key)
      value.isFirst = true
      if (error !== undefined) onUnreadable?.(walked.cid, error)
      else if (places !== undefined) yield* below(places, walked, held)
      else if (block !== undefined) yield* below(readableLinks(block), walked, held)
    }
    return { value, bytes: held, next: next() }
  }

  function readableLinks(block: Block): Iterable<Place> {
    try {
      return placesOf(eachLink(block))
    } catch (error) {
      if (onUnreadable === undefined || !isUnreadable(error)) throw error
      onUnreadable(block.cid, error)
      return []
    }
  }

  if (except !== undefined && nodeKey(except) === nodeKey(root)) return
  const roots = steps([{ link: { cid: root }, twin: except }], undefined)
  for await (const { walked, isFirst } of traverse(roots, { signal, readAhead, depthMax: Infinity }))
    if (isFirst) yield walked
}

function* placesOf(links: Iterable<Link>): Generator<Place> {
  for (const link of links) yield { link, twin: undefined }
}

/** The links of `block` that its twin lacks, each with the link of the twin that stands in its place. */
async function unsharedLinks(
  reader: BlockReader,
  { block, twin }: { readonly block: Block; readonly twin: CID },
  waiting: AbortOptions,
): Promise<readonly Place[]> {
  const old = linksOf(await reader.get(twin, waiting))
  const shared = new Set([twin, ...old.map(({ cid }) => cid)].map(nodeKey))
  const byName = new Map(old.map((link) => [link.name, link.cid]))
  return linksOf(block).flatMap((link, index) => {
    if (shared.has(nodeKey(link.cid))) return []
    const other = link.name === undefined || link.name === '' ? old[index]?.cid : byName.get(link.name)
    return [{ link, twin: other !== undefined && mayHaveLinks(other) ? other : undefined }]
  })
}

/** A link to follow, and what stands in its place in the DAG that is left out. */
interface Place {
  readonly link: Link
  readonly twin: CID | undefined
}

/** What a visit found, and the bytes it holds until its turn. */
interface Found {
  readonly block?: Block
  readonly places?: readonly Place[] | undefined
  readonly error?: CairnError
  readonly held: number
}

/** A block whose turn has come, and whether it is the first time. */
interface Turn {
  readonly walked: WalkedBlock
  readonly isFirst: boolean
}

/** Codes that say something of the block and nothing of the store. A hash that proves nothing is DENIED; LIMIT names its CID. */
const UNREADABLE: ReadonlySet<ErrorCode> = new Set(['NOT_FOUND', 'CORRUPT', 'INVALID', 'UNSUPPORTED', 'DENIED'])

function isUnreadable(error: unknown): error is CairnError {
  return isCairnError(error) && (UNREADABLE.has(error.code) || (error.code === 'LIMIT' && error.cid !== undefined))
}

/** Key of a block in its codec, which counts: the same bytes may be a leaf as `raw` and a node with links as `dag-pb`. */
export function nodeKey(cid: CID): string {
  return `${cid.code} ${blockKey(cid)}`
}
