// What a walk over a large DAG remembers: every block with links, and of raw leaves the last ones. A node entered twice
// can make a walk endless in practice; a leaf met twice costs one look-up, and leaves are nearly all that a DAG has.
import { RAW_CODE } from '../block/codec.ts'
import { SEEN_LEAVES_MAX } from '../limits.ts'
import { PackedKeys } from './packed-keys.ts'

/** The part of a set that a walk needs. */
export interface SeenKeys {
  has(key: string): boolean
  add(key: string): unknown
}

/** Remembers nothing: what is walked with it comes as often as it is linked. */
export const NEVER_SEEN: SeenKeys = { has: () => false, add: () => undefined }

/** Keys of `nodeKey`: nodes all, raw leaves in two generations, of which the older one is dropped when the newer is full. */
export class SeenBlocks implements SeenKeys {
  readonly #nodes = new PackedKeys()
  #leaves = new Set<string>()
  #olderLeaves = new Set<string>()

  /** Number of blocks with links. */
  get nodes(): number {
    return this.#nodes.size
  }

  has(key: string): boolean {
    return this.#nodes.has(key) || this.#leaves.has(key) || this.#olderLeaves.has(key)
  }

  add(key: string): void {
    if (!key.startsWith(RAW_PREFIX)) {
      this.#nodes.add(key)
      return
    }
    this.#leaves.add(key)
    if (this.#leaves.size < SEEN_LEAVES_MAX / 2) return
    this.#olderLeaves = this.#leaves
    this.#leaves = new Set()
  }
}

const RAW_PREFIX = `${RAW_CODE} `
