import { expect, test } from 'vitest'
import { CairnError, importTree, PROFILES, storeBlocks } from '@cairn/core'
import { MemoryStore } from '@cairn/blockstore'
import { DIRTY_BYTES_MAX } from '../../src/limits.ts'
import { VfsError, type VfsEvent, type VfsProblem } from '../../src/index.ts'
import { TestRepo, withDiskRepo } from '../support/open-repo.ts'
import { fileAt, folderAt, textOf, treeOf } from '../support/tree.ts'

test('refuses what POSIX refuses, and says which', async () => {
  const { vfs } = await new TestRepo().open()
  const { root } = vfs
  const folder = await vfs.makeFolder({ folder: root, name: 'd' })
  await vfs.makeFile({ folder: root, name: 'f' })
  await vfs.makeFile({ folder, name: 'x' })
  await expectProblem('exists', () => vfs.makeFolder({ folder: root, name: 'd' }))
  await expectProblem('missing', () => vfs.require(root, 'none'))
  await expectProblem('missing', () => vfs.remove({ folder: root, name: 'none' }, { only: 'file' }))
  await expectProblem('is-directory', () => vfs.remove({ folder: root, name: 'd' }, { only: 'file' }))
  await expectProblem('not-directory', () => vfs.remove({ folder: root, name: 'f' }, { only: 'folder' }))
  await expectProblem('not-empty', () => vfs.remove({ folder: root, name: 'd' }, { only: 'folder' }))
  await expectProblem('inside-itself', () => vfs.rename({ folder: root, name: 'd' }, { folder, name: 'e' }))
  await expectProblem('is-directory', () => vfs.rename({ folder: root, name: 'f' }, { folder: root, name: 'd' }))
  await expectProblem('not-directory', () => vfs.rename({ folder: root, name: 'd' }, { folder: root, name: 'f' }))
  await expectProblem('exists', () =>
    vfs.rename({ folder: root, name: 'f' }, { folder, name: 'x' }, { replaces: false }),
  )
  for (const name of ['', '.', '..', 'a/b', 'a\0', '\ud800'])
    await expectProblem('bad-name', () => vfs.makeFile({ folder: root, name }))
  await expectProblem('long-name', () => vfs.makeFile({ folder: root, name: 'x'.repeat(256) }))
  await expectProblem('long-name', () => vfs.makeLink({ folder: root, name: 'l' }, '/'.repeat(4096)))
  await vfs.remove({ folder: root, name: 'd' }, { only: 'any' })
  await expectProblem('missing', () => vfs.makeFile({ folder, name: 'y' }))
  await vfs.close()
})

test('an open file that was removed, or moved, is still that file', async () => {
  const { vfs } = await new TestRepo().open()
  const { root } = vfs
  const file = await vfs.makeFile({ folder: root, name: 'f' })
  await vfs.write(file, { offset: 0, bytes: Buffer.from('one') })
  await vfs.sync()
  await vfs.rename({ folder: root, name: 'f' }, { folder: root, name: 'g' })
  await vfs.write(file, { offset: 3, bytes: Buffer.from(' two') })
  expect(await textOf(vfs, await fileAt(vfs, '/g'))).toBe('one two')
  vfs.hold(file)
  await vfs.remove({ folder: root, name: 'g' }, { only: 'file' })
  await vfs.write(file, { offset: 7, bytes: Buffer.from(' three') })
  await vfs.sync()
  expect(await textOf(vfs, file)).toBe('one two three')
  expect(await treeOf(vfs)).toEqual({})
  await vfs.close()
})

test('a draft has no name until it is given one, and takes the place of a file at once', async () => {
  const repo = new TestRepo()
  const { vfs } = await repo.open()
  const { root } = vfs
  const draft = await vfs.draftFile(root)
  await vfs.write(draft, { offset: 0, bytes: Buffer.from('whole') })
  await vfs.sync()
  expect(await treeOf(vfs)).toEqual({})
  await vfs.link({ folder: root, name: 'f' }, draft)
  const other = await vfs.draftFile(root)
  await vfs.write(other, { offset: 0, bytes: Buffer.from('other') })
  await vfs.link({ folder: root, name: 'f' }, other, { replaces: true })
  await vfs.sync()
  await repo.collect()
  expect(await treeOf((await repo.open()).vfs)).toEqual({ '/f': 'other' })
  await vfs.close()
})

test('metadata lasts, and a time that there is follows changes', async () => {
  const repo = new TestRepo()
  const { vfs } = await repo.open()
  const metadata = { mode: 0o640, mtime: { seconds: 5n, nanoseconds: 7 } }
  const file = await vfs.makeFile({ folder: vfs.root, name: 'f' }, { metadata })
  await vfs.makeFolder({ folder: vfs.root, name: 'd' }, { metadata: { mode: 0o700 } })
  await vfs.makeLink({ folder: vfs.root, name: 'l' }, 'f', { metadata: { mtime: { seconds: 1n, nanoseconds: 0 } } })
  await vfs.sync()
  const again = (await repo.open()).vfs
  expect((await fileAt(again, '/f')).metadata).toEqual(metadata)
  expect((await folderAt(again, '/d')).metadata.mode).toBe(0o700)
  expect((await again.require(again.root, 'l')).metadata.mtime?.seconds).toBe(1n)
  await vfs.write(file, { offset: 0, bytes: Buffer.from('x') })
  expect(file.metadata.mtime?.seconds).toBeGreaterThan(1_000_000_000n)
  expect((await folderAt(vfs, '/d')).metadata.mtime).toBeUndefined()
  await vfs.close()
})

test('a write that the disk refuses is told, kept, and done when the disk takes it', async () => {
  let isFull = false
  class FullStore extends MemoryStore {
    override putMany(...args: Parameters<MemoryStore['putMany']>): Promise<void> {
      if (isFull) return Promise.reject(new CairnError('LIMIT', 'Cannot write: the disk is full'))
      return super.putMany(...args)
    }
  }
  const repo = new TestRepo(new FullStore())
  const { vfs } = await repo.open()
  const file = await vfs.makeFile({ folder: vfs.root, name: 'f' })
  await vfs.write(file, { offset: 0, bytes: Buffer.from('kept') })
  isFull = true
  await expect(vfs.sync()).rejects.toMatchObject({ code: 'LIMIT' })
  expect(await treeOf((await repo.open()).vfs)).toEqual({})
  expect(await textOf(vfs, file)).toBe('kept')
  isFull = false
  await vfs.sync()
  expect(await treeOf((await repo.open()).vfs)).toEqual({ '/f': 'kept' })
  await vfs.close()
})

test('says what has changed, and who did it', async () => {
  const { vfs, mfs } = await new TestRepo().open()
  const events: VfsEvent[] = []
  vfs.observe((event) => events.push(event))
  const origin = {}
  const file = await vfs.makeFile({ folder: vfs.root, name: 'f' }, { origin })
  await vfs.write(file, { offset: 0, bytes: Buffer.from('x') })
  await vfs.sync()
  expect(events.map((event) => [event.kind, event.origin === origin])).toEqual([
    ['name', true],
    ['node', false],
  ])
  events.length = 0
  await mfs.write(
    '/f',
    (async function* () {
      yield Buffer.from('yes')
    })(),
  )
  await expect.poll(() => events.filter((event) => event.kind === 'node' && event.node === file).length).toBe(1)
  expect(await textOf(vfs, file)).toBe('yes')
  await vfs.close()
})

test('large files go through little memory, onto a real disk and back', async () => {
  await withDiskRepo(async (repo) => {
    const { vfs } = await repo.open()
    const file = await vfs.makeFile({ folder: vfs.root, name: 'large' })
    const piece = Buffer.alloc(1024 * 1024)
    const pieces = (2 * DIRTY_BYTES_MAX) / piece.length
    for (let index = 0; index < pieces; index++) {
      piece.writeUInt32LE(index, 0)
      await vfs.write(file, { offset: index * piece.length, bytes: piece })
      expect(file.draft?.dirtyBytes).toBeLessThan(8 * piece.length)
    }
    await vfs.sync()
    expect(file.draft).toBeUndefined()
    const at = [5, 6, 7, 9, 8, 90, 3]
    for (const index of at) {
      const read = await vfs.read(file, { offset: index * piece.length, length: 4 })
      expect(Buffer.from(read).readUInt32LE(0)).toBe(index)
    }
    expect((await vfs.read(file, { offset: file.size - 3, length: 100 })).length).toBe(3)
    await vfs.close()
  })
})

test('pieces asked for all at once, in any order and from many places, are whole', async () => {
  await withDiskRepo(async (repo) => {
    const { vfs } = await repo.open()
    const file = await vfs.makeFile({ folder: vfs.root, name: 'large' })
    const content = Buffer.alloc(40 * 1024 * 1024)
    for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at)
    for (let at = 0; at < content.length; at += 2 ** 20)
      await vfs.write(file, { offset: at, bytes: content.subarray(at, at + 2 ** 20) })
    await vfs.sync()
    const random = (max: number): number => Math.floor(Math.random() * max)
    for (let round = 0; round < 4; round++) {
      const start = random(2) === 0 ? 0 : random(content.length)
      const pieces = Array.from({ length: 200 }, (_, index) => {
        const offset = index % 9 === 0 ? random(content.length) : (start + index * 131_072) % content.length
        return { offset, length: Math.min(131_072, content.length - offset), place: random(8) }
      })
      pieces.sort((a, b) => a.place - b.place)
      const read = pieces.map((piece) => vfs.read(file, piece, { key: `${piece.place % 3}` }))
      for (const [index, { offset, length }] of pieces.entries())
        expect(Buffer.compare((await read[index]) ?? Buffer.alloc(0), content.subarray(offset, offset + length))).toBe(
          0,
        )
      for (const key of ['0', '1', '2']) vfs.endReading(key)
    }
    await vfs.close()
  })
})

test('a file that was removed while it was open leaves nothing that a collection spares', async () => {
  const repo = new TestRepo()
  const { vfs } = await repo.open()
  await vfs.sync()
  const file = await vfs.makeFile({ folder: vfs.root, name: 'temporary' })
  const endWriting = vfs.beginWriting(file)
  vfs.hold(file, 2)
  const write = (offset: number) => vfs.write(file, { offset, bytes: Buffer.alloc(6 * 1024 * 1024, offset + 1) })
  await write(0)
  await vfs.sync()
  await vfs.remove({ folder: vfs.root, name: 'temporary' }, { only: 'file' })
  await write(6 * 1024 * 1024)
  await vfs.sync()
  expect((await vfs.read(file, { offset: 7 * 1024 * 1024, length: 1 }))[0]).toBe(1)
  endWriting()
  vfs.release(file)
  vfs.release(file)
  await repo.collect()
  expect((await repo.store.stat()).bytes).toBeLessThan(10_000)
  await vfs.close()
})

test('content by CID takes a name without being read', async () => {
  const repo = new TestRepo()
  const { vfs } = await repo.open()
  const source = {
    kind: 'file',
    async *content() {
      yield Buffer.alloc(3_000_000, 7)
    },
  } as const
  let root
  for await (const event of storeBlocks(repo.blocks)(importTree({ name: 'x', source }, PROFILES['unixfs-v1-2025'])))
    if (event.kind === 'entry') root = event
  if (root === undefined) throw new Error('nothing was imported')
  const entry = { cid: root.cid, tsize: 3_000_000 }
  await vfs.link({ folder: vfs.root, name: 'copy' }, await vfs.contentNode(vfs.root, entry))
  const copy = await fileAt(vfs, '/copy')
  expect((await vfs.entryOf(copy)).cid.equals(root.cid)).toBe(true)
  await vfs.write(copy, { offset: 0, bytes: Buffer.from('mine') })
  expect((await vfs.entryOf(copy)).cid.equals(root.cid)).toBe(false)
  expect((await textOf(vfs, copy)).slice(0, 6)).toBe('mine\u0007\u0007')
  await vfs.close()
})

async function expectProblem(problem: VfsProblem, act: () => Promise<unknown>): Promise<void> {
  const error: unknown = await act().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error instanceof VfsError ? error.problem : error).toBe(problem)
}
