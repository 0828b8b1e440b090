// Directories: their index.html, else a page that lists them. Nothing of the entries is read for it.
import { decodeUnixFS, findEntry, isFile, listDirectory, type DirectoryEntry, type FoundPath } from '@cairn/core'
import type { CID } from 'multiformats/cid'
import type { GatewayAnswer } from './answer.ts'
import { HttpFailure } from './failure.ts'
import { LISTING_PAGE_ENTRIES, LISTING_PAGES_MAX } from '../limits.ts'
import { matchesAny } from '../request/conditions.ts'
import { cacheControl, etagOf, pathHeaders, type ContentCall } from './call.ts'
import { serveFile } from './file.ts'
import { listingPage, type Listing } from './listing-page.ts'
import { PAGE_HEADERS } from './page.ts'

/** Changes with the form of listings, so that old ones are not kept. */
const LISTING_FORM = 'cairn1'

/** @throws as `findEntry`, `listDirectory` and `BlockReader.get` */
export async function serveDirectory(call: ContentCall, found: FoundPath): Promise<GatewayAnswer> {
  const { target, reader, signal, isDirectory } = call
  const { cid } = found
  if (!isDirectory) {
    // One slash at its beginning: two would lead to another host.
    const location = `${target.path.replace(/^\/+/, '/')}/${target.search}`
    return { status: 301, headers: { ...pathHeaders(call, found), ...cacheControl(call), Location: location } }
  }
  const index = await findEntry(reader, { directory: cid, name: 'index.html' }, { signal })
  if (index !== undefined) {
    const node = decodeUnixFS(await reader.get(index.cid, { urgent: true }))
    if (isFile(node)) return serveFile(call, found, { node, etagCid: cid, name: 'index.html' })
  }
  return serveListing(call, found)
}

async function serveListing(call: ContentCall, found: FoundPath): Promise<GatewayAnswer> {
  const { cid } = found
  const page = pageOf(call)
  const etag = `"DirIndex-${LISTING_FORM}${page === 0 ? '' : `.${page}`}_CID-${cid}"`
  const headers = { ...pathHeaders(call, found), ...cacheControl(call, true), Etag: etag }
  const tags = page === 0 ? [etag, etagOf(cid)] : [etag]
  if (matchesAny(call.request.headers.get('if-none-match'), tags)) return { status: 304, headers }
  const body = listingPage(call, await listingOf(call, cid, page))
  return {
    status: 200,
    headers: { ...headers, ...PAGE_HEADERS, 'Content-Length': String(Buffer.byteLength(body)) },
    body,
  }
}

/** Entries of one page: by name where all fit, else in the order in which they stand in the directory. */
async function listingOf({ reader, signal }: ContentCall, cid: CID, page: number): Promise<Listing> {
  const first = page * LISTING_PAGE_ENTRIES
  const entries: DirectoryEntry[] = []
  let at = 0
  let hasMore = false
  for await (const entry of listDirectory(reader, cid, { signal })) {
    if (at++ < first) continue
    hasMore = entries.length === LISTING_PAGE_ENTRIES
    if (hasMore) break
    entries.push(entry)
  }
  if (page > 0 && entries.length === 0) throw new HttpFailure(404, 'The directory has no such page')
  if (page === 0 && !hasMore) entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  return { cid, entries, page, hasMore }
}

function pageOf({ target: { query } }: ContentCall): number {
  const text = query.get('page') ?? '0'
  return /^\d{1,9}$/.test(text) && Number(text) < LISTING_PAGES_MAX ? Number(text) : 0
}
