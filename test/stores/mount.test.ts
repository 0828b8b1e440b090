// A whole repo mounted: both stores of one repo beside Cairn's own use of it.
import { createRepo, openNode, openRepo } from '@cairn/node'
import { createBlock, RAW_CODE } from '@cairn/core'
import { asBlockstore, asDatastore } from '@cairn/stores'
import { Key } from 'interface-datastore/key'
import { base36 } from 'multiformats/bases/base36'
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

it('collects nothing that a Helia on it has pinned, and passes over records of another form', async () => {
  const path = await tempFolder()
  await createRepo(path, 'test')
  const [kept, dropped] = ['kept', 'dropped'].map((text) =>
    createBlock(new TextEncoder().encode(text), { codec: RAW_CODE }),
  )
  if (kept === undefined || dropped === undefined) throw new TypeError('two blocks')
  const repo = await openRepo(path)
  await repo.blocks.putMany([kept, dropped])
  const datastore = asDatastore(repo.meta, { namespace: 'helia' })
  const text = base36.encode(kept.cid.multihash.bytes)
  for (const key of [`/pinned-block/${text}`, '/pinned-block/?', '/pinned-block/k0', `/other/${text}`])
    await datastore.put(new Key(key), new Uint8Array(1))
  await repo.close()
  await using node = await openNode(path)
  for await (const _ of node.collect());
  expect(await node.store.hasMany([kept.cid, dropped.cid])).toEqual([true, false])
})
