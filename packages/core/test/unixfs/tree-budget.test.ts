// Trees that name more paths than anybody can walk.
import { describe, expect, test } from 'vitest'
import { createBlock, encodeUnixFS, readTree, type Block, type BlockReader } from '../../src/index.ts'
import { TreeBudget } from '../../src/unixfs/tree-budget.ts'
import { expectCode } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'

function folder(entries: readonly (readonly [string, Block])[]): Block {
  const links = entries.map(([Name, { cid }]) => ({ Hash: cid, Name, Tsize: 1 }))
  return createBlock(encodeUnixFS({ type: 'directory', data: new Uint8Array(0), blockSizes: [] }, links), {
    codec: 0x70,
  })
}

function chain(levels: number): { readonly root: Block; readonly reader: BlockReader } {
  const blocks = [rawBlock(1)]
  let root = rawBlock(1)
  for (let level = 0; level < levels; level++) {
    root = folder([
      ['a', root],
      ['b', root],
    ])
    blocks.push(root)
  }
  const byText = new Map(blocks.map((block) => [block.cid.toString(), block]))
  const get: BlockReader['get'] = async (cid) => {
    const block = byText.get(cid.toString())
    if (block === undefined) throw new Error(`no block ${cid}`)
    return block
  }
  return { root, reader: { get } }
}

async function itemsIn({ root, reader }: ReturnType<typeof chain>): Promise<number> {
  let items = 0
  for await (const item of readTree(reader, { cid: root.cid, path: '' })) if (item.kind !== 'bytes') items++
  return items
}

describe('a tree that repeats itself', () => {
  test('is read whole while that ends', async () => expect(await itemsIn(chain(10))).toBe(2 ** 11 - 1))

  // The whole of it, 2^60 paths, is in test/slow/hostile.test.ts.
  test('is refused as LIMIT when it does so a quarter million times', async () => {
    const { cid } = rawBlock(1)
    const [budget, empty] = [new TreeBudget(), new TreeBudget()]
    for (let time = 0; time < 250_000; time++) budget.enter(cid, 2)
    for (let time = 0; time < 300_000; time++) empty.enter(cid, 0)
    await expectCode('LIMIT', () => {
      for (let time = 0; time < 10_000; time++) budget.enter(cid, 2)
    })
  })
})

test('what is held counts until it is gone through', async () => {
  const budget = new TreeBudget()
  const [large, more] = [2 * 1024 * 1024, 1.5 * 1024 * 1024]
  for (let round = 0; round < 3; round++) expect([...budget.held([1, 2], large)]).toEqual([1, 2])
  const outer = budget.held([1], large)
  outer.next()
  await expectCode('LIMIT', () => [...budget.held([1], more)])
  outer.return(undefined)
  expect([...budget.held([1], more)]).toEqual([1])
})
