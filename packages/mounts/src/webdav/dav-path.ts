// Paths of a share: the names in a URL, below the folder that is shared.
import { DavError } from './dav-error.ts'

/** Names from the shared folder on; none for the folder itself. */
export type DavPath = readonly string[]

/** The names of a URL or of its path. @throws DavError 400 for what is no path */
export function pathOf(url: string): DavPath {
  const path = url.replace(/^https?:\/\/[^/]*/i, '').replace(/\?.*$/s, '')
  if (!path.startsWith('/') || path.includes('#')) throw new DavError(400)
  let names
  try {
    names = path
      .split('/')
      .filter((name) => name !== '')
      .map(decodeURIComponent)
  } catch {
    throw new DavError(400)
  }
  if (names.some((name) => name === '.' || name === '..' || /[/\0]/.test(name))) throw new DavError(400)
  return names
}

/** The path of a URL for names; that of a folder ends with a slash. */
export function hrefOf(path: DavPath, isFolder: boolean): string {
  const text = path.map((name) => `/${encodeURIComponent(name)}`).join('')
  return isFolder ? `${text}/` : text
}

/** Whether `path` is `above`, or lies below it. */
export function isWithin(path: DavPath, above: DavPath): boolean {
  return above.every((name, index) => name === path[index])
}
