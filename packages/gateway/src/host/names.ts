// Names that lead to content, until a CID. Source: ipfs/specs, dnslink-gateway.md.
import { parsePath, type AbortOptions, type ContentPath } from '@cairn/core'
import { failingWith, HttpFailure } from '../content/failure.ts'
import { NAME_HOPS_MAX } from '../limits.ts'

/** What a name leads to. */
export interface ResolvedName {
  /** `/ipfs/CID/name` or `/ipns/NAME/name`. */
  readonly path: string
  /** Seconds for which that holds, where it is known. */
  readonly ttlSeconds?: number | undefined
}

/** Tells what a name leads to, `undefined` for one that nobody knows. */
export type ResolveName = (name: string, options: AbortOptions) => Promise<ResolvedName | undefined>

/** Where a name ends. */
export interface NamedContent {
  readonly path: ContentPath
  /** Seconds for which all names on the way hold. */
  readonly ttlSeconds: number | undefined
}

/** @throws HttpFailure 400 for names that lead to each other without an end, 500 for one that leads nowhere */
export async function resolveName(resolve: ResolveName, name: string, options: AbortOptions): Promise<NamedContent> {
  let at = name
  const below: string[] = []
  let ttlSeconds: number | undefined = Infinity
  for (let hop = 0; hop < NAME_HOPS_MAX; hop++) {
    const found = await resolve(at, options)
    if (found === undefined) throw new HttpFailure(500, `The name "${at}" could not be resolved`)
    ttlSeconds =
      found.ttlSeconds === undefined || ttlSeconds === undefined ? undefined : Math.min(ttlSeconds, found.ttlSeconds)
    const [, next, rest = ''] = /^\/ipns\/([^/]+)(.*)$/.exec(found.path) ?? []
    if (next === undefined) {
      const path = await failingWith({ INVALID: 500, UNSUPPORTED: 500, DENIED: 500, LIMIT: 400 }, () =>
        parsePath(found.path),
      )
      return { path: { ...path, names: [...path.names, ...below] }, ttlSeconds }
    }
    at = next
    below.unshift(...rest.split('/').filter((part) => part !== ''))
  }
  throw new HttpFailure(400, `The name "${name}" leads to more than ${NAME_HOPS_MAX} others`)
}
