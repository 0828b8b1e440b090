// A tree from blocks onto the disk. Names come from strangers: nothing is written outside the target, no symbolic link
// is followed, and a file gets its name only once it is whole.
import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, open, readdir, rename, rm, symlink, utimes, type FileHandle } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { CairnError, systemError, type TreeBytes, type TreeItem } from '@cairn/core'

/** What was written. */
export interface WrittenTree {
  files: number
  directories: number
  symlinks: number
  bytes: number
}

/** Permission bits that are restored; setuid, setgid and sticky from a stranger are not. */
const MODE_BITS = 0o777

/**
 * Writes `items`, in the order of `readTree`, to `path`. Files that are there are replaced, folders are merged. Calls
 * `onProgress` with the totals so far, and the size of the file if the root is one; when it fails, finished files stay
 * and no half-written one does.
 *
 * @throws INVALID for a name that would leave its folder, CONFLICT where something else stands in the way, LIMIT on a full
 * disk, DENIED
 */
export async function writeTree(
  items: AsyncIterable<TreeItem | TreeBytes>,
  path: string,
  onProgress: (written: WrittenTree, totalBytes: number | undefined) => void,
): Promise<WrittenTree> {
  const written: WrittenTree = { files: 0, directories: 0, symlinks: 0, bytes: 0 }
  const folders = new Map<string, TreeItem>()
  let file: OpenFile | undefined
  let totalBytes: number | undefined
  try {
    await removeAbandonedParts(dirname(path))
    for await (const item of items) {
      if (item.kind === 'bytes') {
        await file?.write(item.bytes)
        written.bytes += item.bytes.length
      } else {
        await file?.finish()
        file = undefined
        const target = placeOf(path, item.path, folders)
        if (item.kind === 'file' && item.path === '') totalBytes = item.size
        if (item.kind === 'file') file = await beginFile(target, item, written)
        else if (item.kind === 'symlink') await makeSymlink(target, item.target, written)
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

/** A file that is being written beside its place. */
class OpenFile {
  readonly #handle: FileHandle
  readonly #part: string
  readonly #path: string
  readonly #item: TreeItem

  constructor(handle: FileHandle, place: { readonly part: string; readonly path: string }, item: TreeItem) {
    this.#handle = handle
    this.#part = place.part
    this.#path = place.path
    this.#item = item
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes)
    } catch (cause) {
      throw systemError(`write ${this.#path}`, cause)
    }
  }

  async finish(): Promise<void> {
    await this.#handle.close()
    try {
      await restore(this.#part, this.#item)
      await rename(this.#part, this.#path)
    } catch (cause) {
      throw systemError(`write ${this.#path}`, cause)
    }
  }

  async abandon(): Promise<void> {
    await this.#handle.close()
    await rm(this.#part, { force: true })
  }
}

async function beginFile(path: string, item: TreeItem, written: WrittenTree): Promise<OpenFile> {
  const part = partBeside(path)
  try {
    // `wx` makes a new file: nothing that stands there, link or not, is opened.
    const handle = await open(part, 'wx')
    written.files++
    return new OpenFile(handle, { part, path }, item)
  } catch (cause) {
    throw systemError(`write ${path}`, cause)
  }
}

async function makeSymlink(path: string, target: string, written: WrittenTree): Promise<void> {
  const part = partBeside(path)
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

/** A new name beside `path` for what is not whole yet. It holds our pid, so that it can be told when nobody writes it. */
function partBeside(path: string): string {
  return join(dirname(path), `.cairn-${process.pid}-${randomBytes(6).toString('hex')}.part`)
}

const PART = /^\.cairn-(\d+)-[0-9a-f]{12}\.part$/

/** Removes the parts in `folder` that killed processes have left. Only a kill leaves any. */
async function removeAbandonedParts(folder: string): Promise<void> {
  // What cannot be read now shows when it is written to, or is a folder that lets nobody look.
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = PART.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Permissions and time, where the tree has them. A time before 1970 becomes 1970, which every file system can hold. */
async function restore(path: string, { mode, mtime }: TreeItem): Promise<void> {
  try {
    if (mode !== undefined) await chmod(path, mode & MODE_BITS)
    if (mtime === undefined) return
    const seconds = Math.max(0, Number(mtime.seconds) + mtime.nanoseconds / 1e9)
    await utimes(path, seconds, seconds)
  } catch (cause) {
    throw systemError(`set permissions and time of ${path}`, cause)
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
