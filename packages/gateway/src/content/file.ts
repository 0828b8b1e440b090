// Files: whole, in ranges, with the type that browsers go by.
import { fileSize, readFile, type FoundPath, type UnixFSNode } from '@cairn/core'
import { toString } from 'uint8arrays/to-string'
import type { CID } from 'multiformats/cid'
import { bytesOf, type GatewayAnswer, type GatewayBody } from './answer.ts'
import { PIECE_BYTES, SNIFF_BYTES } from '../limits.ts'
import { matchesAny, type PartRange } from '../request/conditions.ts'
import { cacheControl, contentDisposition, etagOf, pathHeaders, type ContentCall } from './call.ts'
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
  const { cid } = node
  const typed = { cid, begin: () => beginOf(call, node), signal: call.signal }
  const type = options.type ?? (await call.types.of(name, typed))
  const content = { size: fileSize(node), type, etag, headers, read: readerOf(call, node) }
  if (status === 200) return bytesAnswer(request, content)
  const length = { 'Content-Length': String(content.size), 'Content-Type': type }
  return { status, headers: { ...headers, Etag: etag, ...length }, body: content.read({ start: 0, end: content.size }) }
}

/** First bytes of a file. */
export async function beginOf(call: ContentCall, node: UnixFSNode, length = SNIFF_BYTES): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytesOf(readerOf(call, node)({ start: 0, end: Math.min(length, fileSize(node)) })))
    pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Gives parts of a file. Answers that wait keep it, so it keeps nothing of the node: thousands of links, or a whole block. */
function readerOf(
  { reader, readAhead, nodes, signal }: ContentCall,
  node: UnixFSNode,
): (range: PartRange) => GatewayBody {
  const { cid, data, links } = node
  if (links.length === 0 && data.data.length <= PIECE_BYTES) return wholePart(data.data)
  return fileParts({ reader, readAhead, nodes, signal }, cid)
}

function wholePart(bytes: Uint8Array): (range: PartRange) => GatewayBody {
  return ({ start, end }) => bytes.subarray(start, end)
}

function fileParts(
  { reader, readAhead, nodes: { decode }, signal }: Pick<ContentCall, 'reader' | 'readAhead' | 'nodes' | 'signal'>,
  cid: CID,
): (range: PartRange) => GatewayBody {
  return ({ start, end }) => ({
    size: end - start,
    bytesFrom(at) {
      const range = { offset: start + at, length: end - start - at }
      return readAhead.counted(readFile(reader, cid, { ...range, decode, readAhead: readAhead.share, signal }))
    },
  })
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
