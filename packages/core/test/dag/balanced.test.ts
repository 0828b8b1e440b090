import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { balanced, blockKey, linksOf, type PartBlock } from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'

/** Leaves of one byte each, all different. */
async function* leaves(count: number): AsyncGenerator<PartBlock> {
  for (let index = 0; index < count; index++) {
    const block = rawBlock(index)
    yield { block, part: { cid: block.cid, size: 1, tsize: block.bytes.length } }
  }
}

const layout = (width: number) =>
  balanced(width, (parts) => {
    const block = nodeBlock(parts.map((part) => part.cid))
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    return {
      block,
      part: { cid: block.cid, size, tsize: parts.reduce((sum, part) => sum + part.tsize, block.bytes.length) },
    }
  })

/** The tree as nested arrays; leaves are their index. */
async function shapeOf(count: number, width: number) {
  const blocks = await all(layout(width)(leaves(count)))
  const root = blocks.at(-1) ?? expect.fail('no root')
  const byKey = new Map(blocks.map(({ block }) => [blockKey(block.cid), block]))
  const numbers = new Map(Array.from({ length: count }, (_, index) => [blockKey(rawBlock(index).cid), index]))
  const depths = new Set<number>()
  const widths: number[] = []
  const order: number[] = []
  visit(blockKey(root.block.cid), 0)
  return { depths: [...depths], widths, order, nodes: blocks.length - count, root: root.part, blocks }

  function visit(key: string, depth: number): void {
    const leaf = numbers.get(key)
    if (leaf !== undefined) {
      depths.add(depth)
      order.push(leaf)
      return
    }
    const links = linksOf(byKey.get(key) ?? expect.fail('a node links what did not come'))
    widths.push(links.length)
    for (const link of links) visit(blockKey(link.cid), depth + 1)
  }
}

describe('balanced', () => {
  test.each([
    [1, 0, []],
    [2, 1, [2]],
    [4, 1, [4]],
    [5, 2, [2, 4, 1]],
    [16, 2, [4, 4, 4, 4, 4]],
    [17, 3, [2, 4, 4, 4, 4, 4, 1, 1]],
    [64, 3, [4, ...Array.from({ length: 4 }, () => [4, 4, 4, 4, 4]).flat()]],
  ])('%i leaves at width 4 make %i levels', async (count, depth, widths) => {
    const shape = await shapeOf(count, 4)
    expect(shape.depths).toEqual([depth])
    expect(shape.widths).toEqual(widths)
  })

  test('keeps every leaf in order at one depth, and no node too wide', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 2, max: 9 }), async (count, width) => {
        const { depths, widths, order, root, blocks } = await shapeOf(count, width)
        let levels = 0
        for (let reach = 1; reach < count; reach *= width) levels++
        expect(depths).toEqual([levels])
        expect(Math.max(1, ...widths)).toBeLessThanOrEqual(width)
        expect(order).toEqual(Array.from({ length: count }, (_, index) => index))
        expect(root.size).toBe(count)
        expect(root.tsize).toBe(blocks.reduce((sum, { block }) => sum + block.bytes.length, 0))
      }),
      { numRuns: 40 },
    )
  })

  test('gives children before parents, and a node as soon as it is sure', async () => {
    const seen = new Set<string>()
    for await (const { block } of layout(3)(leaves(40))) {
      for (const { cid } of linksOf(block)) expect(seen.has(blockKey(cid))).toBe(true)
      seen.add(blockKey(block.cid))
    }
    let pulled = 0
    async function* counted() {
      for await (const leaf of leaves(100)) {
        pulled++
        yield leaf
      }
    }
    for await (const { part } of layout(3)(counted())) if (part.size === 3) break
    expect(pulled).toBe(4)
  })

  test('gives nothing for no leaves', async () => {
    expect(await all(layout(3)(leaves(0)))).toEqual([])
  })

  test('refuses a width that never ends', async () => {
    for (const width of [1, 0, -1, 1.5, NaN, Infinity]) await expectCode('INVALID', () => layout(width))
  })
})
