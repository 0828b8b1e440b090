// Blocks in the making: what an edit makes is read back from here until it is stored, and most of it never is, since the
// next edit replaces it. Only what the newest root reaches goes to the store.
import type { CID } from 'multiformats/cid'
import { identityBlock, relabelBlock, type Block } from '../block/block.ts'
import { blockKey } from '../block/cid.ts'
import { linksOf, mayHaveLinks } from '../block/codec.ts'
import type { AbortOptions, BlockReader } from '../interfaces.ts'

/** Where an edit reads blocks and leaves those that it makes. */
export interface Workspace extends BlockReader {
  /** Takes a new block; whatever it links is stored or was added before. */
  add(block: Block): void
}

/** New blocks over a reader of those that are stored. */
export class PendingBlocks implements Workspace {
  readonly #stored: BlockReader
  #pending = new Map<string, Block>()
  #bytes = 0

  constructor(stored: BlockReader) {
    this.#stored = stored
  }

  /** Bytes of the blocks held here. */
  get bytes(): number {
    return this.#bytes
  }

  async get(cid: CID, options?: AbortOptions): Promise<Block> {
    const pending = this.#pending.get(blockKey(cid))
    return pending === undefined ? this.#stored.get(cid, options) : relabelBlock(pending, cid)
  }

  add(block: Block): void {
    const key = blockKey(block.cid)
    if (this.#pending.has(key) || identityBlock(block.cid) !== undefined) return
    this.#pending.set(key, block)
    this.#bytes += block.bytes.length
  }

  /** What is held of the DAG of `root`, each block before those that link it. What is not held is stored, with all below it. */
  reachableFrom(root: CID): Block[] {
    const found: Block[] = []
    const seen = new Set<string>()
    const open: { readonly block: Block; readonly links: Iterator<CID, undefined> }[] = []
    const enter = (cid: CID): void => {
      const key = blockKey(cid)
      const block = this.#pending.get(key)
      if (block === undefined || seen.has(key)) return
      seen.add(key)
      open.push({ block, links: linkedBy(relabelBlock(block, cid)) })
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

  /** Forgets all but `blocks`. */
  keep(blocks: readonly Block[]): void {
    this.#pending = new Map(blocks.map((block) => [blockKey(block.cid), block]))
    this.#bytes = blocks.reduce((sum, block) => sum + block.bytes.length, 0)
  }

  /** Forgets `blocks`, which are stored now. */
  drop(blocks: readonly Block[]): void {
    for (const block of blocks) if (this.#pending.delete(blockKey(block.cid))) this.#bytes -= block.bytes.length
  }
}

function linkedBy(block: Block): Iterator<CID, undefined> {
  const links = mayHaveLinks(block.cid) ? linksOf(block) : []
  return links.map(({ cid }) => cid).values()
}
