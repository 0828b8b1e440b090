// Files: whole, in ranges, with the type that browsers go by.
import { fileSize, readFile, type FoundPath, type UnixFSNode } from '@cairn/core'
import { toString } from 'uint8arrays/to-string'
import type { CID } from 'multiformats/cid'
import { bytesOf, type GatewayAnswer, type GatewayBody } from './answer.ts'
import { SNIFF_BYTES } from '../limits.ts'
import { matchesAny, type PartRange } from '../request/conditions.ts'
import { cacheControl, contentDisposition, etagOf, pathHeaders, type ContentCall } from './call.ts'
import { contentType } from './content-type.ts'
import { bytesAnswer } from './parts.ts'

/** A file, and what of it is served otherwise than its path says. */
export interface ServedFile {
  readonly node: UnixFSNode
  /** CID that the tag is made of, and the name that the type is told by. */
  readonly etagCid?: CID
  readonly name?: string
  readonly type?: string
}

/** A file, a symbolic link included, whose body is then its target. */
export async function serveFile(
  call: ContentCall,
  found: FoundPath,
  { node, ...options }: ServedFile,
): Promise<GatewayAnswer> {
  const { request, target, path, status = 200 } = call
  const { etagCid = node.cid } = options
  const asked = target.query.get('filename')
  const name = asked ?? options.name ?? path.names.at(-1) ?? String(path.root)
  const isDownload = target.query.get('download') === 'true'
  const etag = etagOf(etagCid)
  const headers: Readonly<Record<string, string>> = {
    ...pathHeaders(call, found),
    ...cacheControl(call),
    ...lastModified(node),
    ...((asked !== null || isDownload) && {
      'Content-Disposition': contentDisposition(isDownload ? 'attachment' : 'inline', name),
    }),
  }
  if (status === 200 && isUnchanged(call, node, etag)) return { status: 304, headers: { ...headers, Etag: etag } }
  if (node.data.type === 'symlink') {
    const body = toString(node.data.data)
    return {
      status,
      headers: {
        ...headers,
        Etag: etag,
        'Content-Type': 'inode/symlink',
        'Content-Length': String(Buffer.byteLength(body)),
      },
      body,
    }
  }
  const type = options.type ?? (await contentType(name, () => beginOf(call, node)))
  const content = { size: fileSize(node), type, etag, headers, read: (range: PartRange) => bodyOf(call, node, range) }
  if (status === 200) return bytesAnswer(request, content)
  const length = { 'Content-Length': String(content.size), 'Content-Type': type }
  return { status, headers: { ...headers, Etag: etag, ...length }, body: content.read({ start: 0, end: content.size }) }
}

/** First bytes of a file. */
export async function beginOf(call: ContentCall, node: UnixFSNode, length = SNIFF_BYTES): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytesOf(bodyOf(call, node, { start: 0, end: Math.min(length, fileSize(node)) })))
    pieces.push(piece)
  return Buffer.concat(pieces)
}

function bodyOf(
  { reader, readAhead, signal }: ContentCall,
  { cid, data, links }: UnixFSNode,
  { start, end }: PartRange,
): GatewayBody {
  if (links.length === 0) return data.data.subarray(start, end)
  return {
    size: end - start,
    bytesFrom(at) {
      const range = { offset: start + at, length: end - start - at }
      return readAhead.counted(readFile(reader, cid, { ...range, readAhead: readAhead.share, signal }))
    },
  }
}

function isUnchanged({ request: { headers } }: ContentCall, { data: { mtime } }: UnixFSNode, etag: string): boolean {
  const known = headers.get('if-none-match')
  if (known !== null) return matchesAny(known, [etag])
  const since = Date.parse(headers.get('if-modified-since') ?? '')
  return mtime !== undefined && !Number.isNaN(since) && Number(mtime.seconds) * 1000 <= since
}

function lastModified({ data: { mtime } }: UnixFSNode): Readonly<Record<string, string>> {
  const date = mtime && new Date(Number(mtime.seconds) * 1000)
  return date === undefined || Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getTime() < 0
    ? {}
    : { 'Last-Modified': date.toUTCString() }
}
