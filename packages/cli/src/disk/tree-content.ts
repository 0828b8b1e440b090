// What of a tree is on disk already, at the place to which it is written: parts that an interrupted writing has left, and
// files that may be what they should be. Reading the tree says which, by the CIDs.
import { constants, lstatSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK_BYTES_MAX, type ContentPlace, type KnownContent, type TreeItem } from '@cairn/core'
import { partOf, type Found } from './part-file.ts'

/** Content at and below the place where a tree goes, before it is written. */
export class TreeContent implements KnownContent {
  readonly #root: string
  /** Where the root goes unless it is a directory. */
  readonly #rootFile: string
  /** What was found of the files that are not written yet. */
  readonly #found = new Map<string, Found>()

  /** A folder that stands at `root` is merged with a directory; anything else goes into it, as `name`. As Kubo does it. */
  constructor(root: string, name = '') {
    this.#root = root
    this.#rootFile = name !== '' && isFolder(root) ? join(root, name) : root
  }

  /** Where an item of the tree goes. */
  placeOf({ path, kind }: Pick<TreeItem, 'path' | 'kind'>): string {
    return path === '' && kind !== 'directory' ? this.#rootFile : join(this.#root, path)
  }

  async bytesAt(place: ContentPlace): Promise<Uint8Array | undefined> {
    const { path, file, offset, length } = place
    // A name from a stranger that leads elsewhere is refused when it is written, and not looked at before.
    if (path.split('/').some((name, index) => index > 0 && !isName(name))) return undefined
    const found = this.look(place)
    if (found === undefined) return undefined
    const target = this.placeOf({ path, kind: 'file' })
    try {
      return await readPart(found === 'part' ? partOf(target, file) : target, offset, length)
    } catch {
      // Gone or not to be read: then it is fetched.
      return undefined
    }
  }

  /** What there is of the file at `path` of the tree; once it was asked it stays so until it is forgotten. */
  look({ path, file, fileBytes }: Pick<ContentPlace, 'path' | 'file' | 'fileBytes'>): Found {
    if (this.#found.has(path)) return this.#found.get(path)
    const target = this.placeOf({ path, kind: 'file' })
    const size = sizeOf(target)
    const isCandidate = size !== undefined && (fileBytes === undefined ? size <= BLOCK_BYTES_MAX : size === fileBytes)
    // A part goes before a file, and a file of another size is no use.
    const found = sizeOf(partOf(target, file)) !== undefined ? 'part' : isCandidate ? 'file' : undefined
    this.#found.set(path, found)
    return found
  }

  /** Ends with a file, which is written. */
  forget(path: string): void {
    this.#found.delete(path)
  }
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0')
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return false // shows when it is written
  }
}

/** Bytes of the regular file at `path`, or `undefined` for anything else. */
function sizeOf(path: string): number | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat?.isFile() === true ? stat.size : undefined
  } catch {
    // A name too long, a folder that lets nobody look: it shows when it is written.
    return undefined
  }
}

async function readPart(path: string, offset: number, length: number | undefined): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const size = length ?? Math.min((await handle.stat()).size, BLOCK_BYTES_MAX)
    const bytes = new Uint8Array(size)
    const { bytesRead } = await handle.read(bytes, 0, size, offset)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
