// A whole repo mounted: both stores of one repo beside Cairn's own use of it.
import { createRepo, openNode, openRepo } from '@cairn/node'
import { createBlock, RAW_CODE } from '@cairn/core'
import { asBlockstore, asDatastore } from '@cairn/stores'
import { Key } from 'interface-datastore/key'
import { expect, it } from 'vitest'
import { tempFolder } from './temp-folder.ts'

it('shares its blocks with those who mount it, and nothing else', async () => {
  const path = await tempFolder()
  await createRepo(path, 'test')
  const block = createBlock(new TextEncoder().encode('stone'), { codec: RAW_CODE })
  const repo = await openRepo(path)
  await asBlockstore(repo.blocks).put(block.cid, block.bytes)
  await asDatastore(repo.meta, { namespace: 'helia' }).put(new Key('/pin/x'), block.bytes)
  await repo.close()
  await using node = await openNode(path)
  expect(await node.local.get(block.cid)).toEqual(block)
  expect(await Array.fromAsync(node.pins.list())).toEqual([])
})
