import { expect, test } from 'vitest'
import { blockKey } from '../../src/index.ts'
import { RecentBlocks } from '../../src/mfs/recent-blocks.ts'
import { rawBlock } from '../support/map-store.ts'

test('what was used last stays, up to a number of bytes', () => {
  const blocks = [1, 2, 3, 4].map((number) => rawBlock(number))
  const blockBytes = blocks[0]?.bytes.length ?? 0
  const recent = new RecentBlocks(2 * blockBytes)
  const isThere = () => blocks.map(({ cid }) => recent.get(blockKey(cid)) !== undefined)
  const [a, b, c] = blocks.map((block) => () => recent.set(blockKey(block.cid), { block }))
  a?.()
  b?.()
  expect(isThere()).toEqual([true, true, false, false])
  b?.()
  a?.()
  c?.()
  expect(isThere()).toEqual([true, false, true, false])
  // Larger than all that may stay.
  const [block] = blocks
  if (block === undefined) throw new Error('no block')
  recent.set('large', {
    block,
    node: {
      cid: block.cid,
      data: { type: 'file', data: block.bytes, blockSizes: [] },
      links: Array.from({ length: 9 }, () => ({ Hash: block.cid })),
    },
  })
  expect([...isThere(), recent.get('large')]).toEqual([false, false, false, false, undefined])
})
