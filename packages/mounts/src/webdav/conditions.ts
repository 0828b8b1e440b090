// What has to hold before a request is done: the header If of RFC 4918, section 10.4, and those of HTTP about ETags and times.
import type { IncomingHttpHeaders } from 'node:http'
import { DavError } from './dav-error.ts'
import { pathOf, type DavPath } from './dav-path.ts'
import type { Locks } from './locks.ts'

/** What is known of a path. */
interface KnownPaths {
  readonly locks: Locks
  /** ETag of the file there, if there is one. */
  etagAt(path: DavPath): Promise<string | undefined>
}

/** Tokens that a request brings along. @throws DavError 412 when what it says is not so, 400 when it cannot be read */
export async function submittedTokens(
  header: string | undefined,
  path: DavPath,
  known: KnownPaths,
): Promise<ReadonlySet<string>> {
  const tokens = new Set<string>()
  if (header === undefined) return tokens
  let isMet = false
  for (const { resource, conditions } of parseIf(header)) {
    const about = resource === undefined ? path : pathOf(resource)
    let holds = true
    for (const { isNot, token, etag } of conditions) {
      if (token !== undefined) tokens.add(token)
      const isSo =
        token === undefined
          ? (await known.etagAt(about)) === etag
          : known.locks.on(about).some((lock) => lock.token === token)
      if (isSo === isNot) holds = false
    }
    if (holds) isMet = true
  }
  if (!isMet) throw new DavError(412)
  return tokens
}

/**
 * Whether nothing stands in the way of changing a path: its locks, and when a name comes or goes also that of its folder.
 *
 * @throws DavError 423 where a token is missing
 */
export function requireUnlocked(
  locks: Locks,
  path: DavPath,
  {
    tokens,
    below = false,
    changesName,
  }: { readonly tokens: ReadonlySet<string>; readonly below?: boolean; readonly changesName: boolean },
): void {
  const own = locks.on(path, { below })
  const isOpen = (found: typeof own): boolean => found.length === 0 || found.some(({ token }) => tokens.has(token))
  // Below a folder each lock counts for itself.
  const others = own.filter(({ path: at }) => at.length > path.length)
  if (!isOpen(own) || !others.every(({ token }) => tokens.has(token))) throw new DavError(423, 'lock-token-submitted')
  if (changesName && path.length > 0 && !isOpen(locks.on(path.slice(0, -1))))
    throw new DavError(423, 'lock-token-submitted')
}

/** What HTTP's own conditions make of a request: done, not needed, or refused. Source: RFC 9110, section 13. */
export function httpCondition(
  headers: IncomingHttpHeaders,
  {
    etag,
    modifiedSeconds,
    reads,
  }: { readonly etag: string | undefined; readonly modifiedSeconds: number | undefined; readonly reads: boolean },
): 'go on' | 'not modified' | 'refused' {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  const names = (list: string): boolean =>
    etag !== undefined &&
    (list.trim() === '*' || list.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))
  if (match !== undefined && !names(match)) return 'refused'
  if (noneMatch !== undefined) return names(noneMatch) ? (reads ? 'not modified' : 'refused') : 'go on'
  const since = Date.parse(headers['if-modified-since'] ?? '')
  const isOld = modifiedSeconds !== undefined && !Number.isNaN(since) && modifiedSeconds * 1000 <= since
  return reads && isOld ? 'not modified' : 'go on'
}

interface IfList {
  readonly resource: string | undefined
  readonly conditions: readonly {
    readonly isNot: boolean
    readonly token: string | undefined
    readonly etag: string | undefined
  }[]
}

function parseIf(header: string): readonly IfList[] {
  const lists: IfList[] = []
  let resource: string | undefined
  const part = /\s*(?:<([^>]*)>|\(([^)]*)\))/gy
  for (const end = header.trimEnd().length; part.lastIndex < end;) {
    const found = part.exec(header)
    if (found === null) throw new DavError(400)
    const [, url, list] = found
    if (list === undefined) {
      resource = url
      continue
    }
    const conditions = [...list.matchAll(/(not\s+)?(?:<([^>]*)>|\[([^\]]*)\])/gi)].map(([, not, token, etag]) => ({
      isNot: not !== undefined,
      token,
      etag,
    }))
    lists.push({ resource, conditions })
  }
  return lists
}
