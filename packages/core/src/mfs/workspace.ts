// Blocks in the making: what an edit makes is read back from here until it is stored, and most of it never is, since the
// next edit replaces it. Only what the newest root reaches goes to the store. What was stored or read last stays at hand:
// whoever changes a file bit by bit comes back to its nodes again and again.
import type { CID } from 'multiformats/cid'
import { identityBlock, relabelBlock, type Block } from '../block/block.ts'
import { blockKey } from '../block/cid.ts'
import { linksOf, mayHaveLinks } from '../block/codec.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'
import { MFS_RECENT_LEAF_BYTES, MFS_RECENT_NODE_BYTES } from '../limits.ts'
import { decodeUnixFS, type UnixFSNode } from '../unixfs/unixfs-node.ts'
import { heldBytes, RecentBlocks, type HeldBlock } from './recent-blocks.ts'

/** Where an edit reads blocks and leaves those that it makes. */
export interface Workspace extends BlockReader {
  /** The node at `cid`, which is the caller's only to read. @throws as `get` and `decodeUnixFS` */
  node(cid: CID, options?: AbortOptions): Promise<UnixFSNode>
  /** Takes a new block; whatever it links is stored or was added before. `node` is what it decodes to, where that is known. */
  add(block: Block, node?: UnixFSNode): void
}

/** New blocks over a reader of those that are stored. */
export class PendingBlocks implements Workspace {
  readonly #stored: BlockReader
  #pending = new Map<string, HeldBlock>()
  #bytes = 0
  /** Interior nodes of files, decoded; apart from all others, of which some are so large that they would push these out. */
  readonly #recentNodes = new RecentBlocks(MFS_RECENT_NODE_BYTES)
  readonly #recentLeaves = new RecentBlocks(MFS_RECENT_LEAF_BYTES)

  constructor(stored: BlockReader) {
    this.#stored = stored
  }

  /** Bytes of the blocks held here that are not stored. */
  get bytes(): number {
    return this.#bytes
  }

  async get(cid: CID, options?: AbortOptions): Promise<Block> {
    const held = this.#held(blockKey(cid))
    if (held !== undefined) return relabelBlock(held.block, cid)
    const block = await this.#stored.get(cid, options)
    // A leaf that is read is about to be replaced.
    if (mayHaveLinks(cid)) this.#remember({ block })
    return block
  }

  async node(cid: CID, options?: AbortOptions): Promise<UnixFSNode> {
    const known = this.#held(blockKey(cid))?.node
    if (known?.cid.equals(cid) === true) return known
    const block = await this.get(cid, options)
    const node = decodeUnixFS(block)
    if (node.links.length > 0 && !this.#pending.has(blockKey(cid))) this.#remember({ block, node })
    return node
  }

  add(block: Block, node?: UnixFSNode): void {
    const key = blockKey(block.cid)
    if (this.#pending.has(key) || identityBlock(block.cid) !== undefined) return
    const held = { block, node }
    this.#pending.set(key, held)
    this.#bytes += heldBytes(held)
  }

  /** What is held of the DAG of `root`, each block before those that link it. What is not held is stored, with all below it. */
  reachableFrom(root: CID): Block[] {
    const found: Block[] = []
    const seen = new Set<string>()
    const open: { readonly block: Block; readonly links: Iterator<CID, undefined> }[] = []
    const enter = (cid: CID): void => {
      const key = blockKey(cid)
      const held = this.#pending.get(key)
      if (held === undefined || seen.has(key)) return
      seen.add(key)
      open.push({ block: held.block, links: linkedBy(held, cid) })
    }
    enter(root)
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { done, value } = top.links.next()
      if (done !== true) {
        enter(value)
        continue
      }
      found.push(top.block)
      open.pop()
    }
    return found
  }

  /** Forgets all but `blocks`, which are held here. */
  keep(blocks: readonly Block[]): void {
    const kept = new Map<string, HeldBlock>()
    this.#bytes = 0
    for (const { cid } of blocks) {
      const held = this.#pending.get(blockKey(cid))
      if (held === undefined) continue
      kept.set(blockKey(cid), held)
      this.#bytes += heldBytes(held)
    }
    this.#pending = kept
  }

  /** `blocks` are stored now: from here on they are read there, if they are not among the recent ones. */
  drop(blocks: readonly Block[]): void {
    for (const { cid } of blocks) {
      const key = blockKey(cid)
      const held = this.#pending.get(key)
      if (held === undefined) continue
      this.#pending.delete(key)
      this.#bytes -= heldBytes(held)
      this.#remember(held)
    }
  }

  #held(key: string): HeldBlock | undefined {
    return this.#pending.get(key) ?? this.#recentNodes.get(key) ?? this.#recentLeaves.get(key)
  }

  #remember(held: HeldBlock): void {
    const recent = held.node === undefined ? this.#recentLeaves : this.#recentNodes
    recent.set(blockKey(held.block.cid), held)
  }
}

function linkedBy({ block, node }: HeldBlock, cid: CID): Iterator<CID, undefined> {
  if (node?.cid.code === cid.code) return node.links.values().map(({ Hash }) => Hash)
  const links = mayHaveLinks(cid) ? linksOf(relabelBlock(block, cid)) : []
  return links.values().map((link) => link.cid)
}
