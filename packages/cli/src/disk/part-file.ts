// A file that is being written beside its place, and gets its name once it is whole. What an interrupted writing leaves
// is taken up by the next one: the name of a part follows from where it goes and what it is, so nobody has to look for it,
// and two that write it at once write the same bytes to the same places.
import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, lstat, lutimes, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CairnError, isCairnError, systemError, type TreeItem } from '@cairn/core'

/** Permission bits that are restored; setuid, setgid and sticky from a stranger are not. */
const MODE_BITS = 0o777

/** Bytes below which a part is removed when its writing ends: to begin anew costs less than to look at it. */
const PART_BYTES_MIN = 1024 * 1024

/** Milliseconds after which a part that nobody writes is taken for abandoned: a week. */
const PART_AGE_MAX_MS = 7 * 24 * 60 * 60 * 1000

/** Bytes copied at a time. */
const COPY_BYTES = 1024 * 1024

const PART = /^\.cairn-[0-9a-f-]+\.part$/

/** What of a file is on disk before it is written: a part, a file in its place, or nothing that could be of use. */
export type Found = 'part' | 'file' | undefined

/** Where the content of `file` is collected that goes to `path`. */
export function partOf(path: string, file: TreeItem['cid']): string {
  const key = createHash('sha256')
    .update(`${basename(path)}\0${file}`)
    .digest('hex')
    .slice(0, 16)
  return join(dirname(path), `.cairn-${key}.part`)
}

/** A name beside `path` that nobody has. */
export function randomPartOf(path: string): string {
  return join(dirname(path), `.cairn-${randomBytes(8).toString('hex')}.part`)
}

/** Removes the parts in `folder` that nobody has written to for a week. */
export async function removeAbandonedParts(folder: string): Promise<void> {
  // What cannot be read now shows when it is written to, or is a folder that lets nobody look.
  for (const name of await readdir(folder).catch(() => [])) {
    if (!PART.test(name)) continue
    const path = join(folder, name)
    const stat = await lstat(path).catch(() => undefined)
    if (stat !== undefined && Date.now() - stat.mtimeMs > PART_AGE_MAX_MS) await rm(path, { force: true })
  }
}

/** A file of a tree being written to `path`; `found` is what its known bytes are taken from. */
export class PartFile {
  readonly #path: string
  readonly item: TreeItem & { readonly kind: 'file' }
  readonly #found: Found
  readonly #part: string
  /** Of the part; `undefined` while everything so far stands in the place of the file. */
  #handle: FileHandle | undefined
  #at = 0
  /** Whether there was no room for all of it. */
  #isTooMuch = false

  constructor(path: string, item: TreeItem & { readonly kind: 'file' }, found: Found) {
    this.#path = path
    this.item = item
    this.#found = found
    this.#part = partOf(path, item.cid)
  }

  /** The next bytes of the file; known ones are those that were found in the same place. */
  async write(bytes: Uint8Array, isKnown: boolean): Promise<void> {
    try {
      const isInPlace = isKnown && this.#found === 'file' && this.#handle === undefined
      if (!isInPlace) {
        this.#handle ??= await this.#openPart()
        // The part that was found may be gone by now, since somebody else has ended with it, and this be a new one.
        const isThere = isKnown && this.#found === 'part' && (await hasBytes(this.#handle, bytes, this.#at))
        if (!isThere) await writeAll(this.#handle, bytes, this.#at)
      }
      this.#at += bytes.length
    } catch (cause) {
      const error = systemError(`write ${this.#path}`, cause)
      this.#isTooMuch = isCairnError(error, 'LIMIT')
      throw error
    }
  }

  /** Gives the file its place, permissions and time. */
  async finish(): Promise<void> {
    try {
      if (this.#found === 'file' && this.#handle === undefined && this.#at === this.item.size) {
        await restore(this.#path, this.item)
        return
      }
      const handle = (this.#handle ??= await this.#openPart())
      await handle.truncate(this.#at)
      const { ino } = await handle.stat()
      const isOurs = async (path: string) => (await lstat(path).catch(() => undefined))?.ino === ino
      const hasPart = await isOurs(this.#part)
      await handle.close()
      if (hasPart) {
        await restore(this.#part, this.item).catch(ignoreMissing)
        await rename(this.#part, this.#path).catch(async (error: unknown) => {
          // Somebody who wrote the same part was faster.
          if (!(await isOurs(this.#path))) throw error
        })
      } else if (!(await isOurs(this.#path))) {
        throw new CairnError('CONFLICT', `Cannot write ${this.#path}: somebody else has removed its part`)
      }
    } catch (cause) {
      throw systemError(`write ${this.#path}`, cause)
    }
  }

  /** Ends the writing; what is worth it is kept for the next time, unless it fills the disk. */
  async abandon(): Promise<void> {
    await this.#handle?.close()
    if (this.#isTooMuch || (this.#found !== 'part' && this.#at < PART_BYTES_MIN)) await rm(this.#part, { force: true })
  }

  async #openPart(): Promise<FileHandle> {
    const handle = await open(this.#part, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o666)
    try {
      const stat = await handle.stat()
      if (!stat.isFile() || stat.nlink !== 1)
        throw new CairnError('CONFLICT', `Cannot write ${this.#part}: it is not ours`)
      if (this.#found === 'file') await copyStart(this.#path, handle, this.#at)
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }
}

/**
 * Permissions and time, where the tree has them; of a symbolic link its time alone. A time before 1970 becomes 1970, which
 * every file system can hold; of one that is too late the system makes the last that it holds.
 */
export async function restore(path: string, { kind, mode, mtime }: TreeItem): Promise<void> {
  try {
    if (mode !== undefined && kind !== 'symlink') await chmod(path, mode & MODE_BITS)
    if (mtime === undefined) return
    const seconds = Number(mtime.seconds) + mtime.nanoseconds / 1e9
    const bounded = Math.min(Math.max(0, seconds), Number.MAX_SAFE_INTEGER)
    await lutimes(path, bounded, bounded)
  } catch (cause) {
    throw systemError(`set permissions and time of ${path}`, cause)
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}

/** Whether the file has these bytes at `position`. */
async function hasBytes(handle: FileHandle, bytes: Uint8Array, position: number): Promise<boolean> {
  const present = Buffer.allocUnsafeSlow(bytes.length)
  const { bytesRead } = await handle.read(present, 0, present.length, position)
  return bytesRead === bytes.length && present.equals(bytes)
}

/** Copies the first `length` bytes of the file at `path`, which were proven, to the part. */
async function copyStart(path: string, part: FileHandle, length: number): Promise<void> {
  const source = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const buffer = new Uint8Array(Math.min(COPY_BYTES, length))
    for (let at = 0; at < length;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, length - at), at)
      if (bytesRead === 0) throw new CairnError('CONFLICT', `Cannot write ${path}: it changed meanwhile`)
      await writeAll(part, buffer.subarray(0, bytesRead), at)
      at += bytesRead
    }
  } finally {
    await source.close()
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof CairnError) || error.code !== 'NOT_FOUND') throw error
}
