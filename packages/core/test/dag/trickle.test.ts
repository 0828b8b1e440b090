import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockKey, linksOf, trickle, type PartBlock } from '../../src/index.ts'
import { all } from '../support/bytes.ts'
import { nodeBlock } from '../support/dag.ts'
import { expectCode } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'

/** A node as its children: leaves are numbers. */
type Shape = readonly (number | Shape)[]

async function* leaves(count: number): AsyncGenerator<PartBlock> {
  for (let index = 0; index < count; index++) {
    const block = rawBlock(index)
    yield { block, part: { cid: block.cid, size: 1, tsize: block.bytes.length } }
  }
}

const layout = (width: number) =>
  trickle(width, (parts) => {
    const block = nodeBlock(parts.map((part) => part.cid))
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    return {
      block,
      part: { cid: block.cid, size, tsize: parts.reduce((sum, part) => sum + part.tsize, block.bytes.length) },
    }
  })

async function shapeOf(count: number, width: number): Promise<Shape> {
  const blocks = await all(layout(width)(leaves(count)))
  const byKey = new Map(blocks.map(({ block }) => [blockKey(block.cid), block]))
  const numbers = new Map(Array.from({ length: count }, (_, index) => [blockKey(rawBlock(index).cid), index]))
  const shape = (key: string): Shape =>
    linksOf(byKey.get(key) ?? expect.fail('a node links what did not come')).map(({ cid }) => {
      const child = blockKey(cid)
      return numbers.get(child) ?? shape(child)
    })
  const root = blocks.at(-1) ?? expect.fail('no root')
  expect(root.part.size).toBe(count)
  expect(root.part.tsize).toBe(blocks.reduce((sum, { block }) => sum + block.bytes.length, 0))
  return shape(blockKey(root.block.cid))
}

/** The layout as boxo writes it: a node has leaves, then four subtrees of each depth below its own. */
function expectedShape(count: number, width: number): Shape {
  let next = 0
  return fill(Infinity)

  function fill(depth: number): Shape {
    const node: (number | Shape)[] = []
    while (node.length < width && next < count) node.push(next++)
    for (let below = 1; below < depth && next < count; below++) {
      for (let repeat = 0; repeat < 4 && next < count; repeat++) node.push(fill(below))
    }
    return node
  }
}

describe('trickle', () => {
  test.each<[number, Shape]>([
    [0, []],
    [1, [0]],
    [2, [0, 1]],
    [3, [0, 1, [2]]],
    [11, [0, 1, [2, 3], [4, 5], [6, 7], [8, 9], [10]]],
    [13, [0, 1, [2, 3], [4, 5], [6, 7], [8, 9], [10, 11, [12]]]],
  ])('%i leaves, two a node', async (count, shape) => {
    expect(await shapeOf(count, 2)).toEqual(shape)
  })

  test('has the shape that the recursive rule gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 6 }), async (count, width) => {
        expect(await shapeOf(count, width)).toEqual(expectedShape(count, width))
      }),
      { numRuns: 40 },
    )
  })

  test('tells the root from all other nodes', async () => {
    const roots: boolean[] = []
    const told = trickle(2, (parts, isRoot) => {
      roots.push(isRoot)
      const block = nodeBlock(parts.map((part) => part.cid))
      return { block, part: { cid: block.cid, size: 0, tsize: 0 } }
    })
    await all(told(leaves(30)))
    expect(roots.lastIndexOf(true)).toBe(roots.length - 1)
    expect(roots.indexOf(true)).toBe(roots.length - 1)
  })

  test('refuses a node without leaves', async () => {
    for (const width of [0, -1, 1.5, Number.NaN]) await expectCode('INVALID', () => layout(width))
  })
})
