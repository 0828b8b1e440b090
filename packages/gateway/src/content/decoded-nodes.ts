// Nodes of files that were decoded lately: a file that is read in many turns begins at its root each time, which may have
// thousands of links.
import { decodeUnixFS, type Block, type UnixFSNode } from '@cairn/core'
import { DECODED_LINKS_MAX } from '../limits.ts'

/** Decodes nodes, and keeps the last that have links. */
export class DecodedNodes {
  /** The one that was not asked for longest comes first. */
  readonly #kept = new Map<string, UnixFSNode>()
  #links = 0

  /** As `decodeUnixFS`. */
  readonly decode = (block: Block): UnixFSNode => {
    const key = block.cid.toString()
    const known = this.#kept.get(key)
    if (known !== undefined) {
      this.#kept.delete(key)
      this.#kept.set(key, known)
      return known
    }
    const node = decodeUnixFS(block)
    if (node.links.length > 0) this.#keep(key, node)
    return node
  }

  #keep(key: string, node: UnixFSNode): void {
    this.#kept.set(key, node)
    this.#links += node.links.length
    for (const [oldKey, { links }] of this.#kept) {
      if (this.#links <= DECODED_LINKS_MAX) return
      this.#kept.delete(oldKey)
      this.#links -= links.length
    }
  }
}
