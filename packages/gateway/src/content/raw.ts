// Blocks as they are, whole or ranges of them. Source: ipfs/specs, trustless-gateway.md.
import type { FoundPath } from '@cairn/core'
import type { GatewayAnswer } from './answer.ts'
import { blockBody } from './block-body.ts'
import { MEDIA_TYPES } from '../request/format.ts'
import { matchesAny } from '../request/conditions.ts'
import { cacheControl, contentDisposition, etagOf, pathHeaders, type ContentCall } from './call.ts'
import { bytesAnswer } from './parts.ts'

/** The block at the end of a path. @throws as `BlockReader.get` */
export async function serveRaw(call: ContentCall, found: FoundPath): Promise<GatewayAnswer> {
  const { reader, target, request } = call
  const etag = etagOf(found.cid, 'raw')
  const headers = { ...pathHeaders(call, found), ...cacheControl(call) }
  if (matchesAny(request.headers.get('if-none-match'), [etag]))
    return { status: 304, headers: { ...headers, Etag: etag } }
  const { bytes } = await reader.get(found.cid)
  const name = target.query.get('filename') ?? `${found.cid}.bin`
  return bytesAnswer(request, {
    size: bytes.length,
    type: MEDIA_TYPES.raw,
    etag,
    headers: {
      ...headers,
      'Content-Disposition': contentDisposition('attachment', name),
      'X-Content-Type-Options': 'nosniff',
    },
    read: (range) => blockBody(call, found.cid, { bytes, ...range }),
  })
}
