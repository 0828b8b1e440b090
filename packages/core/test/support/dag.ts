// Small DAGs of dag-cbor nodes and raw leaves for tests.
import { encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { blockKey, codecByName, createBlock, linksOf, type Block } from '../../src/index.ts'
import { rawBlock } from './map-store.ts'

/** A node that links `cids` in their order; `tag` tells nodes apart that link the same. */
export function nodeBlock(cids: readonly CID[], tag = 0): Block {
  return createBlock(encode({ links: cids, tag }), { codec: codecByName('dag-cbor') })
}

/** Blocks each of which links some before it, with repeats. The last ones link most. */
export const anyDag: fc.Arbitrary<Block[]> = fc
  .array(fc.array(fc.nat(1000), { maxLength: 5 }), { minLength: 1, maxLength: 25 })
  .map((shape) => {
    const blocks: Block[] = []
    for (const [index, picks] of shape.entries()) {
      const children = index === 0 ? [] : picks.map((pick) => cidAt(blocks, pick % index))
      blocks.push(children.length === 0 ? rawBlock(index) : nodeBlock(children, index))
    }
    return blocks
  })

/** The block of `index`, which the caller knows to be there. */
export function blockAt(blocks: readonly Block[], index: number): Block {
  const block = blocks[index]
  if (block === undefined) throw new RangeError(`no block ${index}`)
  return block
}

/** CID of the block of `index`. */
export function cidAt(blocks: readonly Block[], index: number): CID {
  return blockAt(blocks, index).cid
}

/** Everything below and including `root`, each block once, parents first, children in order: the plain recursion. */
export function naiveWalk(blocks: readonly Block[], root: CID): CID[] {
  const byKey = new Map(blocks.map((block) => [blockKey(block.cid), block]))
  const seen = new Set<string>()
  const order: CID[] = []
  visit(root)
  return order

  function visit(cid: CID): void {
    const key = blockKey(cid)
    const block = byKey.get(key)
    if (seen.has(key) || block === undefined) return
    seen.add(key)
    order.push(cid)
    for (const link of linksOf(block)) visit(link.cid)
  }
}
