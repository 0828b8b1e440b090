// Content that can be had in parts: whole, one range, or several. Source: RFC 9110, sections 14 and 15.3.7.
import { randomUUID } from 'node:crypto'
import { bytesOf, type GatewayAnswer, type GatewayBody, type SeekableBody } from './answer.ts'
import { isRangeCurrent, partsOf, type PartRange } from '../request/conditions.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'

/** Content of which any part can be read. */
export interface PartedContent {
  /** Bytes that there are. */
  readonly size: number
  readonly type: string
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
  /** Nothing is read before the body is. */
  read(range: PartRange): GatewayBody
}

/** The answer to a request for `content` or for ranges of it. */
export function bytesAnswer({ headers: asked, method }: GatewayRequest, content: PartedContent): GatewayAnswer {
  const { size, type, etag } = content
  const headers = { ...content.headers, Etag: etag, 'Accept-Ranges': 'bytes', 'Content-Type': type }
  const range = method === 'GET' && isRangeCurrent(asked.get('if-range'), etag) ? asked.get('range') : null
  const parts = partsOf(range, size)
  if (parts === undefined) {
    return {
      status: 200,
      headers: { ...headers, 'Content-Length': String(size) },
      body: content.read({ start: 0, end: size }),
    }
  }
  const [first, ...more] = parts
  if (first === undefined) {
    const refused = { 'Content-Range': `bytes */${size}`, 'Content-Length': '0', 'Cache-Control': 'no-store' }
    return { status: 416, headers: { ...content.headers, Etag: etag, 'Accept-Ranges': 'bytes', ...refused } }
  }
  if (more.length > 0) return severalParts(content, headers, parts)
  const length = String(first.end - first.start)
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': contentRange(first, size), 'Content-Length': length },
    body: content.read(first),
  }
}

function severalParts(
  content: PartedContent,
  headers: Readonly<Record<string, string>>,
  parts: readonly PartRange[],
): GatewayAnswer {
  const { size, type } = content
  const boundary = randomUUID()
  const heads = parts.map((part) =>
    Buffer.from(`\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${contentRange(part, size)}\r\n\r\n`),
  )
  const end = Buffer.from(`\r\n--${boundary}--\r\n`)
  const frame = [...heads, end].reduce((sum, { length }) => sum + length, 0)
  const length = parts.reduce((sum, part) => sum + part.end - part.start, frame)
  const pieces = parts.flatMap((part, index) => [heads[index] ?? end, { part }])
  const body: SeekableBody = {
    size: length,
    async *bytesFrom(offset) {
      let skip = offset
      for (const piece of [...pieces, end]) {
        const bytes = 'part' in piece ? piece.part.end - piece.part.start : piece.length
        if (skip < bytes) {
          if ('part' in piece) yield* bytesOf(content.read({ ...piece.part, start: piece.part.start + skip }))
          else yield piece.subarray(skip)
        }
        skip = Math.max(0, skip - bytes)
      }
    },
  }
  const type206 = `multipart/byteranges; boundary=${boundary}`
  return {
    status: 206,
    headers: { ...headers, 'Content-Type': type206, 'Content-Length': String(length) },
    body,
  }
}

function contentRange({ start, end }: PartRange, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`
}
