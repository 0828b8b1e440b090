// A tree from blocks onto the disk. Names come from strangers: nothing is written outside the target, no symbolic link
// is followed, and a file gets its name only once it is whole.
import { lstat, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { CairnError, systemError, TreeNames, type TreeBytes, type TreeItem } from '@cairn/core'
import type { TreeContent } from './tree-content.ts'
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
  readonly content: TreeContent
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
  const names = new TreeNames()
  const folders: TreeItem[] = []
  let file: PartFile | undefined
  let totalBytes: number | undefined
  const finish = async (whole: PartFile): Promise<void> => {
    await whole.finish()
    content.forget(whole.item.path)
  }
  try {
    await removeAbandonedParts(dirname(path))
    for await (const item of items) {
      if (item.kind === 'bytes') {
        await file?.write(item.bytes, item.isKnown)
        written.bytes += item.bytes.length
        if (item.isKnown) written.knownBytes += item.bytes.length
      } else {
        if (file !== undefined) await finish(file)
        file = undefined
        names.check(item)
        const target = placeOf(content, item)
        if (item.kind === 'file' && item.path === '') totalBytes = item.size
        if (item.kind === 'file') {
          const found = content.look({ path: item.path, file: item.cid, fileBytes: item.size })
          file = new PartFile(target, item, found)
          written.files++
        } else if (item.kind === 'symlink') await makeSymlink(target, item, written)
        else await makeFolder(target, written)
        if (item.kind === 'directory') folders.push(item)
      }
      onProgress(written, totalBytes)
    }
    if (file !== undefined) await finish(file)
    file = undefined
    // Last, since a folder may forbid writing into it, and every entry changes its time.
    for (const folder of folders.toReversed()) await restore(join(path, folder.path), folder)
    return written
  } finally {
    await file?.abandon()
  }
}

async function makeSymlink(path: string, item: TreeItem & { kind: 'symlink' }, written: WrittenTree): Promise<void> {
  const part = randomPartOf(path)
  try {
    await symlink(item.target, part)
    await restore(part, item)
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

/** Where an item goes. What separates names here may stand in a name. */
function placeOf(content: TreeContent, item: TreeItem): string {
  if (sep !== '/' && item.path.includes(sep))
    throw new CairnError('INVALID', `Cannot write ${JSON.stringify(item.path)}: no such name here`)
  return content.placeOf(item)
}
