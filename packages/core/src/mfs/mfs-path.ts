// Paths of mutable files: always from the root, in the notation of Kubo.
import { CairnError } from '../errors.ts'
import { MFS_PATH_NAMES_MAX, PATH_BYTES_MAX } from '../limits.ts'

/** A path below the root of the mutable files. */
export interface MfsPath {
  /** As it was given, for messages. */
  readonly text: string
  /** Names from the root on; none for the root itself. */
  readonly names: readonly string[]
  /** Whether it ends with a slash, and so means a directory. */
  readonly isFolder: boolean
}

/**
 * Reads `/a/b`. Empty names and `.` stand for nothing, `..` for the directory above, which for the root is the root.
 *
 * @throws INVALID when it does not begin with `/` or is not well-formed Unicode, LIMIT when it is too long
 */
export function parseMfsPath(text: string): MfsPath {
  if (!text.startsWith('/')) {
    throw new CairnError(
      'INVALID',
      `Cannot use ${JSON.stringify(text)} as a path: paths must start with a leading slash`,
    )
  }
  if (!text.isWellFormed() || text.includes('\0')) {
    throw new CairnError('INVALID', `Cannot use ${JSON.stringify(text)} as a path: it holds what no name can`)
  }
  const names: string[] = []
  for (const name of text.split('/')) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  if (Buffer.byteLength(text) > PATH_BYTES_MAX || names.length > MFS_PATH_NAMES_MAX) {
    throw new CairnError(
      'LIMIT',
      `Cannot use a path of ${names.length} names: at most ${MFS_PATH_NAMES_MAX} and ${PATH_BYTES_MAX} bytes are allowed`,
    )
  }
  return { text, names, isFolder: text.endsWith('/') || names.length === 0 }
}

/** The path of `name` inside the folder at `path`. */
export function insidePath(path: MfsPath, name: string): MfsPath {
  const names = [...path.names, name]
  return { text: `/${names.join('/')}`, names, isFolder: false }
}

/** The path itself, or that of `name` inside it when it means a folder. */
export function named(text: string, name: string | undefined): MfsPath {
  const path = parseMfsPath(text)
  return path.isFolder && name !== undefined && name !== '' ? insidePath(path, name) : path
}

/** The folder in which `path` stands. */
export function folderOf({ names: [...names] }: MfsPath): MfsPath {
  names.pop()
  return { text: `/${names.join('/')}`, names, isFolder: true }
}

/** Whether two paths mean the same place. */
export function isSame(a: MfsPath, b: MfsPath): boolean {
  return a.names.length === b.names.length && a.names.every((name, index) => name === b.names[index])
}
