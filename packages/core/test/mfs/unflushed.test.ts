// Changes that nobody waits for, beside collections: what they stored is kept before a record names it.
import { expect, test } from 'vitest'
import { createBlock, encodeUnixFS } from '../../src/index.ts'
import { MFS_PIECE_BYTES } from '../../src/limits.ts'
import { streamOf } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { rawBlock } from '../support/map-store.ts'
import { Repo } from '../support/mfs-repo.ts'

const LATER = { flush: false }

test('content that was put outlives a collection before the flush, and goes once it is removed again', async () => {
  const repo = new Repo()
  const files = await repo.open()
  const leaf = rawBlock(1)
  const links = [{ Hash: leaf.cid, Name: 'leaf', Tsize: leaf.bytes.length }]
  const data = { type: 'directory', data: new Uint8Array(0), blockSizes: [] } as const
  const folder = createBlock(encodeUnixFS(data, links), { codec: 0x70 })
  await repo.store.putMany([leaf, folder])
  await files.put('/folder', { cid: folder.cid, name: '' }, LATER)
  await repo.collect()
  await files.flush()
  expect(await repo.store.get(leaf.cid)).toBeDefined()
  expect(await repo.recorded()).toEqual({ '/folder/': '', '/folder/leaf': Buffer.from(leaf.bytes).toString() })
  await files.remove('/folder', { recursive: true })
  await repo.collect()
  expect(await repo.store.get(leaf.cid)).toBeUndefined()
})

test('a long write outlives a collection before the flush', async () => {
  const repo = new Repo()
  const files = await repo.open()
  const bytes = Buffer.alloc(MFS_PIECE_BYTES + 1, 'long')
  await files.write('/long', streamOf(bytes), { ...LATER, create: true })
  await repo.collect()
  await files.flush()
  await repo.collect()
  expect((await repo.recorded())['/long']).toBe(bytes.toString())
  await files.remove('/long', LATER)
  await files.flush()
  await repo.collect()
  expect(await repo.recorded()).toEqual({})
})

test('a put that fails keeps nothing', async () => {
  const repo = new Repo()
  const files = await repo.open()
  const leaf = rawBlock(1)
  await repo.store.putMany([leaf])
  await expectCode('NOT_FOUND', () => files.put('/none/leaf', { cid: leaf.cid, name: '' }, LATER))
  await repo.collect()
  expect(await repo.store.get(leaf.cid)).toBeUndefined()
})

test('a path that cannot be is told by the promise', async () => {
  const files = await new Repo().open()
  const refused = [files.write('relative', streamOf(Buffer.from('x'))), files.truncate('/a\0b', 0)]
  for (const attempt of refused) await expectCode('INVALID', () => attempt)
})

test('a file is not made where a folder is meant', async () => {
  const files = await new Repo().open()
  await expectCode('INVALID', () => files.write('/new/', streamOf(Buffer.from('x')), { create: true }))
  await files.write('/new', streamOf(Buffer.from('x')), { create: true })
  await files.write('/new/', streamOf(Buffer.from('y')))
})
