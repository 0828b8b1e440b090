import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editTree, type FileDraft, type FolderEdit, type Mfs, readFile, type TreeEntry } from '../../src/index.ts'
import { MFS_DRAFT_BYTES, MFS_FILE_BYTES_MAX, MFS_PAGE_BYTES } from '../../src/limits.ts'
import { allBytes, patternBytes } from '../support/bytes.ts'
import { expectCode } from '../support/expect-code.ts'
import { Repo, treeOf } from '../support/mfs-repo.ts'

const FORM = { cidVersion: 1, hash: 'sha2-256' } as const

type Step =
  | { readonly do: 'write'; readonly at: number; readonly length: number; readonly seed: number }
  | { readonly do: 'resize'; readonly size: number }
  | { readonly do: 'store' }

const size = fc.integer({ min: 0, max: 3 * MFS_PAGE_BYTES })
const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('write' as const),
      at: size,
      length: fc.integer({ min: 0, max: MFS_PAGE_BYTES + 7 }),
      seed: fc.nat(255),
    }),
    fc.record({ do: fc.constant('resize' as const), size }),
    fc.record({ do: fc.constant('store' as const) }),
  ),
  { maxLength: 12 },
)

describe('a draft', () => {
  test('holds what a file in memory would, at every moment, and its blocks say the same', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list: readonly Step[]) => {
        const files = await new Repo().open()
        const draft = await files.draft(FORM)
        let model = Buffer.alloc(0)
        for (const step of list) {
          if (step.do === 'store') {
            await expectStored(files, draft, model)
          } else if (step.do === 'resize') {
            await draft.resize(step.size)
            model = resized(model, step.size)
          } else {
            const bytes = patternBytes(step.length, step.seed)
            await draft.write(step.at, bytes)
            if (step.length > 0) model = resized(model, Math.max(model.length, step.at + step.length))
            model.set(bytes, step.at > model.length ? 0 : step.at)
          }
          expect(draft.size).toBe(model.length)
          expect(Buffer.compare(await draft.read(0, Infinity), model)).toBe(0)
        }
        await expectStored(files, draft, model)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('keeps little in memory, and goes on from a file that is there', async () => {
    const repo = new Repo()
    const files = await repo.open()
    const content = patternBytes(3 * MFS_DRAFT_BYTES + 5, 1)
    const draft = await files.draft(FORM)
    for (let at = 0; at < content.length; at += 100_000) {
      await draft.write(at, content.subarray(at, at + 100_000))
      expect(draft.dirtyBytes).toBeLessThan(MFS_DRAFT_BYTES)
    }
    const { cid } = await draft.store({ mode: 0o600, mtime: { seconds: 5n, nanoseconds: 6 } })
    const again = await files.draft({ cid })
    await again.write(10, Buffer.from('changed'))
    const expected = Buffer.from(content)
    expected.set(Buffer.from('changed'), 10)
    expect(Buffer.compare(await again.read(0, 100), expected.subarray(0, 100))).toBe(0)
    expect(Buffer.compare(await again.read(content.length - 10, 100), expected.subarray(-10))).toBe(0)
    await expectStored(files, again, expected)
    await expectCode('LIMIT', () => again.resize(MFS_FILE_BYTES_MAX + 1))
    await expectCode('LIMIT', () => again.write(MFS_FILE_BYTES_MAX, Buffer.from('x')))
    await expectCode('INVALID', () => files.draft({ cid: files.newest.cid }))
  })
})

test('one edit changes many directories, and tells of each', async () => {
  const files = await new Repo().open()
  let told = 0
  const leave = files.observe(() => told++)
  const draft = await files.draft(FORM)
  await draft.write(0, Buffer.from('hello'))
  const file = await draft.store({})
  const entry = { cid: file.cid, tsize: file.tsize }
  const inner = { base: undefined, names: new Map([['x', entry]]), metadata: { mode: 0o700 } }
  const edit = {
    base: files.newest.cid,
    names: new Map<string, TreeEntry | FolderEdit | undefined>([
      ['a', inner],
      ['b', entry],
    ]),
  }
  await files.change(async (workspace, root) => {
    expect(root.equals(files.newest.cid)).toBe(true)
    const made = await editTree(workspace, edit)
    return made.get(edit)?.cid ?? root
  })
  draft.close()
  expect(told).toBe(1)
  leave()
  expect(await treeOf(files)).toEqual({ '/a/': '', '/a/x': 'hello', '/b': 'hello' })
  await files.change(async (workspace, root) => {
    const removal = { base: root, names: new Map([['b', undefined]]) }
    return (await editTree(workspace, removal)).get(removal)?.cid ?? root
  })
  expect(await treeOf(files)).toEqual({ '/a/': '', '/a/x': 'hello' })
  expect(told).toBe(1)
})

function resized(model: Buffer<ArrayBuffer>, length: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length)
  model.copy(bytes)
  return bytes
}

async function expectStored(files: Mfs, draft: FileDraft, model: Buffer): Promise<void> {
  const { cid, size: stored } = await draft.store({})
  expect(stored).toBe(model.length)
  expect(Buffer.compare(await allBytes(readFile(files.reader, cid)), model)).toBe(0)
}
