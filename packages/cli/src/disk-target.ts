// A tree from blocks onto the disk. Names come from strangers: nothing is written outside the target, no symbolic link
// is followed, and a file gets its name only once it is whole.
import { lstat, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { CairnError, systemError, type TreeBytes, type TreeItem } from '@cairn/core'
import type { DiskContent } from './disk-content.ts'
import { PartFile, randomPartOf, removeAbandonedParts, restore } from './part-file.ts'

/** What was written. */
export interface WrittenTree {
  files: number
  directories: number
  symlinks: number
  /** Content bytes of the files. */
  bytes: number
  /** Those of them that were there already. */
  knownBytes: number
}

/** A tree, where it goes, and what is there of it. */
export interface TreeTarget {
  /** In the order of `readTree`, which was asked with `content` as what is known. */
  readonly items: AsyncIterable<TreeItem | TreeBytes>
  readonly path: string
  readonly content: DiskContent
}

/**
 * Writes a tree. Files that are there are replaced, those that are right already stay, folders are merged. Calls
 * `onProgress` with the totals so far, and the size of the file if the root is one; when it fails, finished files stay,
 * and of a large one the part that is written, which the next writing goes on with.
 *
 * @throws INVALID for a name that would leave its folder, CONFLICT where something else stands in the way, LIMIT on a full
 * disk, DENIED
 */
export async function writeTree(
  { items, path, content }: TreeTarget,
  onProgress: (written: WrittenTree, totalBytes: number | undefined) => void,
): Promise<WrittenTree> {
  const written: WrittenTree = { files: 0, directories: 0, symlinks: 0, bytes: 0, knownBytes: 0 }
  const folders = new Map<string, TreeItem>()
  let file: PartFile | undefined
  let totalBytes: number | undefined
  try {
    await removeAbandonedParts(dirname(path))
    for await (const item of items) {
      if (item.kind === 'bytes') {
        await file?.write(item.bytes, item.isKnown)
        written.bytes += item.bytes.length
        if (item.isKnown) written.knownBytes += item.bytes.length
      } else {
        await file?.finish()
        file = undefined
        const target = placeOf(path, item.path, folders)
        if (item.kind === 'file' && item.path === '') totalBytes = item.size
        if (item.kind === 'file') {
          file = new PartFile(target, item, content.take(item.path))
          written.files++
        } else if (item.kind === 'symlink') await makeSymlink(target, item.target, written)
        else await makeFolder(target, written)
        if (item.kind === 'directory') folders.set(item.path, item)
      }
      onProgress(written, totalBytes)
    }
    await file?.finish()
    file = undefined
    // Last, since a folder may forbid writing into it, and every entry changes its time.
    for (const folder of [...folders.values()].toReversed()) await restore(join(path, folder.path), folder)
    return written
  } finally {
    await file?.abandon()
  }
}

async function makeSymlink(path: string, target: string, written: WrittenTree): Promise<void> {
  const part = randomPartOf(path)
  try {
    await symlink(target, part)
    await rename(part, path)
    written.symlinks++
  } catch (cause) {
    await rm(part, { force: true })
    throw systemError(`write ${path}`, cause)
  }
}

async function makeFolder(path: string, written: WrittenTree): Promise<void> {
  try {
    const present = await lstat(path).catch(() => undefined)
    if (present !== undefined && !present.isDirectory()) {
      throw new CairnError('CONFLICT', `Cannot write folder ${path}: something else stands there`)
    }
    if (present === undefined) await mkdir(path)
    else await removeAbandonedParts(path)
    written.directories++
  } catch (cause) {
    throw systemError(`write ${path}`, cause)
  }
}

/**
 * Where the entry `treePath` (`/a/b`, or empty for the root) goes. Its folder must be one that was made here: a name with
 * a slash in it could otherwise lead through a symbolic link of the same tree.
 */
function placeOf(root: string, treePath: string, folders: ReadonlyMap<string, TreeItem>): string {
  if (treePath === '') return root
  const slash = treePath.lastIndexOf('/')
  const name = treePath.slice(slash + 1)
  const isName = name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && !name.includes(sep)
  if (!isName || !folders.has(treePath.slice(0, slash))) {
    throw new CairnError(
      'INVALID',
      `Cannot write an entry named ${JSON.stringify(treePath)}: it would leave its folder`,
    )
  }
  return join(root, treePath)
}
