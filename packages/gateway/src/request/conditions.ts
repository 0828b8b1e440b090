// Conditions that a client sets: what it has already, and which part it wants. Source: RFC 9110, sections 13 and 14.
import { RANGES_MAX } from '../limits.ts'

/** Whether one of the tags of an If-None-Match header is one of `etags`, weak or not; `*` is any. */
export function matchesAny(header: string | null, etags: readonly string[]): boolean {
  if (header === null) return false
  const known = new Set(etags.map(strong))
  return header.trim() === '*' || (header.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => known.has(strong(tag)))
}

/** Whether a part may be sent to a client that says what it has the rest of. */
export function isRangeCurrent(ifRange: string | null, etag: string): boolean {
  return ifRange === null || (ifRange.trim() === etag && !etag.startsWith('W/'))
}

/** Bytes from `start` up to and without `end`. */
export interface PartRange {
  readonly start: number
  readonly end: number
}

/**
 * The parts that a Range header asks of `size` bytes: `undefined` for the whole content, which is also the answer to what is
 * no range of bytes, to too many, and to more than there is in total; none where no range has a byte.
 */
export function partsOf(header: string | null, size: number): readonly PartRange[] | undefined {
  const list = /^\s*bytes\s*=(.*)$/is.exec(header ?? '')?.[1]
  if (list === undefined) return undefined
  const texts = list.split(',').filter((text) => text.trim() !== '')
  if (texts.length === 0 || texts.length > RANGES_MAX) return undefined
  const parts: PartRange[] = []
  for (const text of texts) {
    const [, from = '', to = ''] = /^\s*(\d*)\s*-\s*(\d*)\s*$/.exec(text) ?? []
    if (from === '' && to === '') return undefined
    // As numbers, ends of many digits would be the same.
    if (from !== '' && to !== '' && BigInt(to) < BigInt(from)) return undefined
    const part =
      from === '' ? lastBytes(Number(to), size) : { start: Number(from), end: to === '' ? size : Number(to) + 1 }
    if (part.start < Math.min(part.end, size)) parts.push({ start: part.start, end: Math.min(part.end, size) })
  }
  const total = parts.reduce((sum, { start, end }) => sum + end - start, 0)
  return parts.length > 1 && total > size ? undefined : parts
}

function lastBytes(count: number, size: number): PartRange {
  return { start: Math.max(0, size - count), end: count === 0 ? 0 : size }
}

function strong(tag: string): string {
  return tag.replace(/^W\//, '')
}
