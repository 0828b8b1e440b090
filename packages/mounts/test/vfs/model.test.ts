// Random operations beside a tree in memory: from the file system, from a collection, from outside of it, and after each
// write-back also from what a new process would find.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCairnError } from '@cairn/core'
import type { Vfs, VfsFolder } from '../../src/index.ts'
import { TestRepo } from '../support/open-repo.ts'
import { at, fileAt, folderAt, treeOf } from '../support/tree.ts'

interface Folder {
  readonly names: Map<string, Folder | { text: string } | { readonly target: string }>
}

const name = fc.constantFrom('a', 'b', 'c')
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`)
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('mkdir' as const), path }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('make' as const), path }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        path,
        offset: fc.nat(20),
        text: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('resize' as const), path, size: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('symlink' as const), path, target: name }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('remove' as const),
        path,
        only: fc.constantFrom('file' as const, 'folder' as const, 'any' as const),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('rename' as const), path, to: path }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('sync' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('begin sync' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('collect' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('outside write' as const),
        path,
        text: fc.string({ unit: 'grapheme-ascii', maxLength: 8 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('outside remove' as const), path }) },
  ),
  { minLength: 5, maxLength: 60 },
)
type Step = (typeof steps extends fc.Arbitrary<infer T> ? T : never)[number]

test('does what a tree in memory does', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const repo = new TestRepo()
      const { vfs, mfs } = await repo.open()
      const model: Folder = { names: new Map() }
      for (const step of list) {
        if (step.do === 'outside write' || step.do === 'outside remove') {
          // What is not written back goes over it, so all is, first.
          await vfs.sync()
          const isDone = await attempt(() =>
            step.do === 'outside remove'
              ? mfs.remove(step.path, { recursive: true })
              : mfs.write(step.path, bytesOf(step.text), { create: true, truncate: true }),
          )
          if (isDone) doOutside(model, step)
          await settled(vfs, mfs)
        } else {
          const expected = expectedOf(model, step)
          const isDone = await attempt(() => run({ vfs, repo }, step))
          expect([step, isDone]).toEqual([step, expected])
        }
        expect(await treeOf(vfs)).toEqual(flat(model))
        if (step.do === 'sync') {
          const again = await repo.open()
          expect(await treeOf(again.vfs)).toEqual(flat(model))
          await again.vfs.close()
        }
      }
      await vfs.close()
      expect(repo.errors).toEqual([])
      expect(await treeOf((await repo.open()).vfs)).toEqual(flat(model))
    }),
    { numRuns: Number(process.env['CAIRN_RUNS'] ?? 60) },
  )
}, 600_000)

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** Waits until the vfs has taken over what was changed outside of it. */
async function settled(
  vfs: Vfs,
  mfs: { readonly newest: { readonly cid: { equals(other: unknown): boolean } } },
): Promise<void> {
  for (let tries = 0; vfs.root.saved?.cid.equals(mfs.newest.cid) !== true; tries++) {
    if (tries > 1000) throw new Error('the change was not taken over')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Whether it was done; a refusal that is none of ours fails the test. */
async function attempt(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    if (isCairnError(error) || (error instanceof Error && error.message.startsWith('/'))) return false
    throw error
  }
}

function placeOf(text: string): { readonly parent: string; readonly name: string } {
  const end = text.lastIndexOf('/')
  return { parent: text.slice(0, end), name: text.slice(end + 1) }
}

async function folderOf(vfs: Vfs, text: string): Promise<{ readonly folder: VfsFolder; readonly name: string }> {
  const { parent, name: last } = placeOf(text)
  return { folder: await folderAt(vfs, parent), name: last }
}

async function run({ vfs, repo }: { readonly vfs: Vfs; readonly repo: TestRepo }, step: Step): Promise<void> {
  switch (step.do) {
    case 'sync':
      return vfs.sync()
    case 'begin sync':
      void vfs.sync()
      return undefined
    case 'collect':
      return repo.collect()
    case 'write':
      return vfs.write(await fileAt(vfs, step.path), { offset: step.offset, bytes: Buffer.from(step.text) })
    case 'resize':
      return vfs.change(await at(vfs, step.path), { size: step.size })
    case 'rename':
      return vfs.rename(await folderOf(vfs, step.path), await folderOf(vfs, step.to))
    case 'outside write':
    case 'outside remove':
      return undefined
    case 'mkdir':
    case 'make':
    case 'symlink':
    case 'remove': {
      const { folder, name: last } = await folderOf(vfs, step.path)
      if (step.do === 'mkdir') await vfs.makeFolder({ folder, name: last })
      if (step.do === 'make') await vfs.makeFile({ folder, name: last })
      if (step.do === 'symlink') await vfs.makeLink({ folder, name: last }, step.target)
      if (step.do === 'remove') await vfs.remove({ folder, name: last }, { only: step.only })
      return undefined
    }
  }
}

function modelFolder(root: Folder, text: string): Folder | undefined {
  let node: Folder | undefined = root
  for (const part of text.split('/').filter((each) => each !== '')) {
    const next: ReturnType<Folder['names']['get']> = node.names.get(part)
    if (next === undefined || !('names' in next)) return undefined
    node = next
  }
  return node
}

/** Does the step in the model, and says whether it can be done. */
function expectedOf(root: Folder, step: Step): boolean {
  if (!('path' in step)) return true
  const { parent, name: last } = placeOf(step.path)
  const folder = modelFolder(root, parent)
  const node = folder?.names.get(last)
  if (folder === undefined) return false
  switch (step.do) {
    case 'mkdir':
    case 'make':
    case 'symlink':
      if (node !== undefined) return false
      folder.names.set(
        last,
        step.do === 'mkdir' ? { names: new Map() } : step.do === 'make' ? { text: '' } : { target: step.target },
      )
      return true
    case 'write':
      if (node === undefined || !('text' in node)) return false
      if (step.text !== '')
        node.text =
          node.text.padEnd(step.offset, '\0').slice(0, step.offset) +
          step.text +
          node.text.slice(step.offset + step.text.length)
      return true
    case 'resize':
      if (node === undefined || !('text' in node)) return false
      node.text = node.text.slice(0, step.size).padEnd(step.size, '\0')
      return true
    case 'remove':
      if (node === undefined) return false
      if (step.only === 'file' && 'names' in node) return false
      if (step.only === 'folder' && (!('names' in node) || node.names.size > 0)) return false
      return folder.names.delete(last)
    case 'rename': {
      const to = placeOf(step.to)
      const target = modelFolder(root, to.parent)
      if (node === undefined || target === undefined) return false
      const present = target.names.get(to.name)
      if (present === node) return true
      if (`${step.to}/`.startsWith(`${step.path}/`)) return false
      if (present !== undefined) {
        const isFolder = 'names' in node
        if (isFolder && (!('names' in present) || present.names.size > 0)) return false
        if (!isFolder && 'names' in present) return false
      }
      folder.names.delete(last)
      target.names.set(to.name, node)
      return true
    }
    case 'outside write':
    case 'outside remove':
      return false
  }
}

function doOutside(root: Folder, step: Step & { readonly do: 'outside write' | 'outside remove' }): void {
  const { parent, name: last } = placeOf(step.path)
  const folder = modelFolder(root, parent)
  if (step.do === 'outside remove') folder?.names.delete(last)
  else folder?.names.set(last, { text: step.text })
}

function flat(folder: Folder, prefix = '/'): Record<string, string> {
  const tree: Record<string, string> = {}
  for (const [each, node] of folder.names) {
    if ('names' in node) Object.assign(tree, { [`${prefix}${each}/`]: '' }, flat(node, `${prefix}${each}/`))
    else tree[`${prefix}${each}`] = 'text' in node ? node.text : `-> ${node.target}`
  }
  return tree
}
