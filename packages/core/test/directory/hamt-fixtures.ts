// Directories without their files, and a reader that counts, for the tests of sharding.
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import {
  CairnError,
  createBlock,
  PROFILES,
  type Block,
  type BlockReader,
  type ImportSettings,
} from '../../src/index.ts'
import { directoryNodes } from '../../src/directory/directory.ts'
import type { DirectoryEntry, TreeNode } from '../../src/directory/tree-node.ts'

/** Something for entries to point to. */
export const TARGET: CID = createBlock(new TextEncoder().encode('target'), { codec: 0x55 }).cid

/** Two names of one 128-bit hash, made by running the hash backwards. */
export const SAME_HASH: readonly string[] = [
  'the same hash as the other one!!',
  Buffer.from('6e616d652030303030303134383433326035d5ae23414e686d612724da892678', 'hex').toString(),
]

export const ALWAYS: ImportSettings = { ...PROFILES['unixfs-v1-2025'], directoryBytesMax: 1 }

export const anyFanout = fc.constantFrom(8, 16, 256, 1024)

export const anyName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  .filter((name) => !/^\.{1,2}$|[/\0]/.test(name))

/** Different names, enough of them for some levels at a small fanout. */
export const anyNames = fc.oneof(
  fc.uniqueArray(anyName, { maxLength: 60 }),
  fc.nat(600).map((count) => Array.from({ length: count }, (_, index) => `file-${index}`)),
)

export function entriesOf(names: readonly string[]): DirectoryEntry[] {
  return names.map((name, index) => ({ name, cid: TARGET, tsize: index }))
}

/** A directory that was written: its nodes in their order, the last one being its root. */
export interface Written {
  readonly nodes: readonly TreeNode[]
  readonly root: Block
}

export function write(names: readonly string[], settings: ImportSettings = ALWAYS): Written {
  const nodes = [...directoryNodes(entriesOf(names), settings)]
  const root = nodes.at(-1)
  if (root === undefined) throw new RangeError('no root')
  return { nodes, root: root.block }
}

/** Reads blocks from memory, and keeps the CIDs that were asked for. */
export class MemoryReader implements BlockReader {
  readonly asked: string[] = []
  readonly #blocks: Map<string, Block>

  constructor(blocks: readonly Block[]) {
    this.#blocks = new Map(blocks.map((block) => [block.cid.toString(), block]))
  }

  add(block: Block): void {
    this.#blocks.set(block.cid.toString(), block)
  }

  has(cid: CID): boolean {
    return this.#blocks.has(cid.toString())
  }

  bytesOf(cid: string): number {
    return this.#blocks.get(cid)?.bytes.length ?? 0
  }

  async get(cid: CID): Promise<Block> {
    this.asked.push(cid.toString())
    const block = this.#blocks.get(cid.toString())
    if (block === undefined) throw new CairnError('NOT_FOUND', `no block ${cid}`, { cid })
    return block
  }
}

export function readerOf({ nodes }: Written): MemoryReader {
  return new MemoryReader(nodes.map(({ block }) => block))
}
