// A whole repo mounted: both stores of one repo beside Cairn's own use of it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '@ipld/dag-pb'
import { createRepo, openNode, openRepo } from '@cairn/node'
import { createBlock, DAG_PB_CODE, RAW_CODE, type Block } from '@cairn/core'
import { asBlockstore, asDatastore } from '@cairn/stores'
import { Key } from 'interface-datastore/key'
import { base36 } from 'multiformats/bases/base36'
import type { CID } from 'multiformats/cid'
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

it('passes over deletes of what the pins of Cairn keep, and refuses them while pins may be lost', async () => {
  const path = await tempFolder()
  await createRepo(path, 'test')
  const [leaf, loose] = ['leaf', 'loose'].map((text) =>
    createBlock(new TextEncoder().encode(text), { codec: RAW_CODE }),
  )
  if (leaf === undefined || loose === undefined) throw new TypeError('two blocks')
  const root = nodeBlock(leaf.cid)
  const node = await openNode(path)
  await node.blocks.putMany([leaf, loose, root])
  await node.pins.add(root.cid)
  await node.close()
  const repo = await openRepo(path)
  const store = asBlockstore(repo.blocks, { keeps: (cids) => repo.keeps(cids) })
  const all = await Array.fromAsync(store.getAll(), ({ cid }) => cid)
  expect(await Array.fromAsync(store.deleteMany(all))).toHaveLength(3)
  expect(await repo.blocks.hasMany([leaf.cid, root.cid, loose.cid])).toEqual([true, true, false])
  await repo.close()
  await writeFile(join(path, 'meta.doubtful'), '')
  const doubted = await openRepo(path)
  const refusing = asBlockstore(doubted.blocks, { keeps: (cids) => doubted.keeps(cids) })
  await expect(refusing.delete(leaf.cid)).rejects.toMatchObject({
    name: 'DeleteFailedError',
    cause: { code: 'CONFLICT' },
  })
  await doubted.close()
})

/** A node of dag-pb with one link. */
function nodeBlock(cid: CID): Block {
  return createBlock(encode({ Links: [{ Hash: cid, Name: '', Tsize: 1 }] }), { codec: DAG_PB_CODE })
}
