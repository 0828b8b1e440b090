// Helia on a Cairn repo: what one of them stored, the other reads.
import { unixfs } from '@helia/unixfs'
import { openNode, openRepo } from '@cairn/node'
import { asBlockstore, asDatastore } from '@cairn/stores'
import { expect, it } from 'vitest'
import { addFile, joined, randomBytes, readAll } from './content.ts'
import { startHelia } from './helia-peer.ts'
import { newRepo } from './temp-repo.ts'

const large = randomBytes(20 * 1024 * 1024 + 1, 1)
const small = new TextEncoder().encode('Stones, piled up to mark a way.')

it('adds, closes, opens again and reads; Cairn reads it too, under the CID that it would give itself', async () => {
  const path = await newRepo()
  const [cid, smallCid] = await withHelia(path, async (helia) => {
    const files = unixfs(helia)
    return [await files.addBytes(large), await files.addBytes(small)]
  })
  await withHelia(path, async (helia) => {
    expect(equal(await joined(unixfs(helia).cat(cid)), large)).toBe(true)
    expect(await joined(unixfs(helia).cat(smallCid))).toEqual(small)
  })
  await using node = await openNode(path)
  expect(equal(await readAll(node.blocks, cid), large)).toBe(true)
  expect(String(await addFile(node, large))).toBe(String(cid))
  expect(String(await addFile(node, small))).toBe(String(smallCid))
})

it('reads what Cairn has added', async () => {
  const path = await newRepo()
  const node = await openNode(path)
  const cid = await addFile(node, large)
  await node.close()
  await withHelia(path, async (helia) => expect(equal(await joined(unixfs(helia).cat(cid)), large)).toBe(true))
})

it('keeps its identity and its pins, and collects all else', async () => {
  const path = await newRepo()
  const [peer, kept, dropped] = await withHelia(path, async (helia) => {
    const files = unixfs(helia)
    const pinned = await files.addBytes(large)
    for await (const _ of helia.pins.add(pinned, { metadata: { name: 'large' } }));
    return [String(helia.libp2p.peerId), pinned, await files.addBytes(small)]
  })
  await withHelia(path, async (helia) => {
    expect(String(helia.libp2p.peerId)).toBe(peer)
    expect(await Array.fromAsync(helia.pins.ls())).toMatchObject([{ depth: Infinity, metadata: { name: 'large' } }])
    await helia.gc()
    expect(await helia.blockstore.has(dropped)).toBe(false)
    expect(equal(await joined(unixfs(helia).cat(kept)), large)).toBe(true)
    for await (const _ of helia.pins.rm(kept));
    await helia.gc()
    expect(await helia.blockstore.has(kept)).toBe(false)
  })
})

it('keeps its pinned files when Cairn collects', async () => {
  const path = await newRepo()
  const [kept, dropped] = await withHelia(path, async (helia) => {
    const files = unixfs(helia)
    const pinned = await files.addBytes(large)
    for await (const _ of helia.pins.add(pinned));
    return [pinned, await files.addBytes(small)]
  })
  await using node = await openNode(path)
  for await (const _ of node.collect());
  expect(await node.store.hasMany([dropped])).toEqual([false])
  expect(equal(await readAll(node.local, kept), large)).toBe(true)
})

it('leaves Cairn its own pins and records', async () => {
  const path = await newRepo()
  const node = await openNode(path)
  const cid = await addFile(node, small)
  await node.close()
  await withHelia(path, async (helia) => {
    for await (const _ of helia.pins.add(await unixfs(helia).addBytes(large)));
  })
  await using reopened = await openNode(path)
  expect((await Array.fromAsync(reopened.pins.list())).map((pin) => String(pin.cid))).toEqual([String(cid)])
})

it('spares what Cairn has pinned when Helia collects', async () => {
  const path = await newRepo()
  const node = await openNode(path)
  const cid = await addFile(node, large)
  await node.close()
  const dropped = await withHelia(path, async (helia) => {
    const loose = await unixfs(helia).addBytes(small)
    await helia.gc()
    expect(await helia.blockstore.has(loose)).toBe(false)
    return loose
  })
  await using reopened = await openNode(path)
  expect(await reopened.store.hasMany([dropped])).toEqual([false])
  expect(equal(await readAll(reopened.local, cid), large)).toBe(true)
})

/** Runs `use` with a Helia node on the stores of a repo, and closes both. */
async function withHelia<T>(
  path: string,
  use: (helia: Awaited<ReturnType<typeof startHelia>>) => Promise<T>,
): Promise<T> {
  const repo = await openRepo(path)
  try {
    const helia = await startHelia({
      blockstore: asBlockstore(repo.blocks, { keeps: (cids) => repo.keeps(cids) }),
      datastore: asDatastore(repo.meta, { namespace: 'helia' }),
    })
    try {
      return await use(helia)
    } finally {
      await helia.stop()
    }
  } finally {
    await repo.close()
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
