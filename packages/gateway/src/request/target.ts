// The target of a request taken apart: path, names, and query. Everything is percent-decoded exactly once.
import { HttpFailure } from '../content/failure.ts'

/** Where a request goes. */
export interface Target {
  /** Path as it was sent, still encoded, with what no URL may have in it encoded too. */
  readonly path: string
  /** Query as it was sent, with its question mark; empty when there is none. */
  readonly search: string
  readonly query: URLSearchParams
  /** Host of a target that is a whole URL. */
  readonly host: string | undefined
}

/** @throws HttpFailure 400 for what is no target */
export function parseTarget(text: string): Target {
  const [, host, rest = text] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(text) ?? []
  const at = rest.indexOf('?')
  const path = at < 0 ? rest : rest.slice(0, at)
  const search = at < 0 ? '' : rest.slice(at)
  if (path !== '' && !path.startsWith('/')) throw new HttpFailure(400, 'Cannot read the path of the request')
  return {
    path: encodeUrl(path === '' ? '/' : path),
    search: encodeUrl(search),
    query: new URLSearchParams(search),
    host,
  }
}

/** A path's names, decoded. */
export interface DecodedPath {
  readonly names: readonly string[]
  /** Whether it ends with a slash: a directory is asked for. */
  readonly isDirectory: boolean
}

/**
 * The names of an encoded path. Empty names and `.` are none, `..` takes away the one before.
 *
 * @throws HttpFailure 400 for what does not decode to UTF-8 and for a path that leads above its beginning
 */
export function decodePath(path: string): DecodedPath {
  const parts = decoded(path).split('/')
  const names: string[] = []
  for (const part of parts) {
    if (part === '' || part === '.') continue
    if (part !== '..') names.push(part)
    else if (names.pop() === undefined) throw new HttpFailure(400, 'Cannot use the path: it leads above its root')
  }
  return { names, isDirectory: ['', '.', '..'].includes(parts.at(-1) ?? '') }
}

/** A name as part of a URL's path: all but what RFC 3986 allows in a segment is encoded. */
export function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, (code) =>
    decodeURIComponent(code),
  )
}

/** Encodes all that may not stand in a URL, or could end a header; what is encoded stays as it is. */
export function encodeUrl(text: string): string {
  if (URL_TEXT.test(text)) return text
  return text.replaceAll(/[^!-~]|["<>\\^`{|}]/gu, (character) => encodeURIComponent(character.toWellFormed()))
}

/** Nothing of which has to be encoded. */
const URL_TEXT = /^[!#-;=?-[\]_a-z~]*$/

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new HttpFailure(400, 'Cannot decode the path of the request')
  }
}
