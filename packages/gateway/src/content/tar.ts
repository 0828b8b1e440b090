// Trees as tar archives. A name that leads out of the root ends the archive unfinished; one that leads up and stays inside
// is written as where it leads. Source: ipfs/specs, path-gateway.md, and boxo files/tarwriter.go.
import { CairnError, readTree, type FoundPath, type TreeBytes, type TreeItem } from '@cairn/core'
import type { GatewayAnswer } from './answer.ts'
import type { GatewayBackend } from '../backend.ts'
import { MEDIA_TYPES } from '../request/format.ts'
import { matchesAny } from '../request/conditions.ts'
import { cacheControl, contentDisposition, pathHeaders, type ContentCall } from './call.ts'

/** The tree at the end of a path. @throws as `readTree`, once the body is read */
export function serveTar(call: ContentCall, found: FoundPath, backend: GatewayBackend): GatewayAnswer {
  const { path, reader, readAhead, request, signal, target } = call
  const etag = `W/"${found.cid}.x-tar"`
  const headers = { ...pathHeaders(call, found), ...cacheControl(call), Etag: etag }
  if (matchesAny(request.headers.get('if-none-match'), [etag])) return { status: 304, headers }
  const last = path.names.at(-1)
  const name = target.query.get('filename') ?? `${last ?? found.cid}.tar`
  const body = readAhead.counted(
    backend.archive(
      inside(readTree(reader, { cid: found.cid, path: '' }, { readAhead: readAhead.share, signal })),
      String(found.cid),
    ),
  )
  return {
    status: 200,
    headers: {
      ...headers,
      'Content-Type': MEDIA_TYPES.tar,
      'Content-Disposition': contentDisposition('attachment', name),
      'X-Content-Type-Options': 'nosniff',
    },
    body,
  }
}

async function* inside(items: AsyncIterable<TreeItem | TreeBytes>): AsyncGenerator<TreeItem | TreeBytes, void, void> {
  for await (const item of items) yield item.path.includes('/..') ? { ...item, path: resolved(item.path) } : item
}

function resolved(path: string): string {
  const names: string[] = []
  for (const name of path.split('/').slice(1)) {
    if (name !== '..') names.push(name)
    else if (names.pop() === undefined)
      throw new CairnError('INVALID', `Cannot archive ${JSON.stringify(path)}: it would leave its root`)
  }
  return names.map((name) => `/${name}`).join('')
}
