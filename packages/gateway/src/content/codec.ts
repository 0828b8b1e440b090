// Values of IPLD as their own bytes, and for people as a page. Nothing is converted: IPIP-524.
import { decodeBlock, decodeUnixFS, fileSize, isFile, type Block, type FoundPath } from '@cairn/core'
import type { GatewayAnswer } from './answer.ts'
import { blockBody } from './block-body.ts'
import { HttpFailure } from './failure.ts'
import { JSON_BYTES_MAX, PREVIEW_BYTES_MAX } from '../limits.ts'
import { MEDIA_TYPES, type Format } from '../request/format.ts'
import { matchesAny } from '../request/conditions.ts'
import { cacheControl, contentDisposition, etagOf, pathHeaders, type ContentCall } from './call.ts'
import { beginOf, serveFile } from './file.ts'
import { PAGE_HEADERS } from './page.ts'
import { bytesAnswer } from './parts.ts'
import { previewPage } from './preview-page.ts'

/** Forms that values have. */
export type ValueFormat = Extract<Format, 'dag-json' | 'dag-cbor' | 'json' | 'cbor'>

/** Multicodec codes by the form that their bytes are. */
const CODES: Readonly<Record<ValueFormat, readonly number[]>> = {
  'dag-json': [0x0129],
  'dag-cbor': [0x71],
  json: [0x0200, 0x0129],
  cbor: [0x51, 0x71],
}

/** The form whose own codec each is. */
const FORMATS: ReadonlyMap<number, ValueFormat> = new Map(
  (Object.entries(CODES) as [ValueFormat, readonly number[]][]).map(([format, [own = -1]]) => [own, format]),
)

/** Changes with the form of previews, so that old ones are not kept. */
const PREVIEW_FORM = 'cairn1'

/** The form that the bytes of a codec are, `undefined` where they are none of IPLD's. */
export function formatOfCodec(code: number): ValueFormat | undefined {
  return FORMATS.get(code)
}

/** Whether a form is one of values. */
export function isValueFormat(format: Format | undefined): format is ValueFormat {
  return format !== undefined && Object.hasOwn(CODES, format)
}

/** Whether a block has the bytes of `format`. */
export function isInFormat(code: number, format: ValueFormat): boolean {
  return CODES[format].includes(code)
}

/** The value in a block, as what was asked for or else as it is. @throws HttpFailure 406 when it is of another codec */
export function serveValue(call: ContentCall, found: FoundPath, block: Block): GatewayAnswer {
  const { wanted, request, target } = call
  const own = formatOfCodec(block.cid.code)
  const format = isValueFormat(wanted.format) ? wanted.format : own
  if (own === undefined || format === undefined || !isInFormat(block.cid.code, format))
    throw new HttpFailure(
      406,
      `The content is not ${format ?? 'a value'}, and nothing is converted: it can be had with format=raw`,
    )
  const isPage = wanted.format === undefined && wanted.takesHtml && own !== 'json'
  const headers = { ...pathHeaders(call, found), ...cacheControl(call, isPage) }
  if (isPage && target.query.get('download') !== 'true') {
    const etag = `"DagIndex-${PREVIEW_FORM}_CID-${block.cid}"`
    if (matchesAny(request.headers.get('if-none-match'), [etag]))
      return { status: 304, headers: { ...headers, Etag: etag } }
    const value = block.bytes.length > PREVIEW_BYTES_MAX ? undefined : decodeBlock(block)
    const body = previewPage(call, { cid: block.cid, format: own, bytes: block.bytes.length, value })
    return {
      status: 200,
      headers: { ...headers, ...PAGE_HEADERS, Etag: etag, 'Content-Length': String(Buffer.byteLength(body)) },
      body,
    }
  }
  const etag = etagOf(block.cid, wanted.format === undefined ? '' : format)
  if (matchesAny(request.headers.get('if-none-match'), [etag]))
    return { status: 304, headers: { ...headers, Etag: etag } }
  const extension = format.endsWith('json') ? 'json' : 'cbor'
  const name = target.query.get('filename') ?? `${block.cid}.${extension}`
  const isInline = extension === 'json' && target.query.get('download') !== 'true'
  return bytesAnswer(request, {
    size: block.bytes.length,
    type: MEDIA_TYPES[format],
    etag,
    headers: {
      ...headers,
      'Content-Disposition': contentDisposition(isInline ? 'inline' : 'attachment', name),
      'X-Content-Type-Options': 'nosniff',
    },
    read: (range) => blockBody(call, block.cid, { bytes: block.bytes, ...range }),
  })
}

/** A file of JSON text as JSON. @throws HttpFailure 406 when it is none, or anything else is asked for */
export async function serveFileAs(call: ContentCall, found: FoundPath, block: Block): Promise<GatewayAnswer> {
  const node = decodeUnixFS(block)
  if (call.wanted.format === 'json' && isFile(node) && (await isJson(call, node)))
    return serveFile(call, found, { node, type: MEDIA_TYPES.json })
  throw new HttpFailure(406, `The content is UnixFS and not ${call.wanted.format}, and nothing is converted`)
}

async function isJson(call: ContentCall, node: ReturnType<typeof decodeUnixFS>): Promise<boolean> {
  if (fileSize(node) > JSON_BYTES_MAX) return false
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await beginOf(call, node, JSON_BYTES_MAX)))
    return true
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return false
    throw error
  }
}
