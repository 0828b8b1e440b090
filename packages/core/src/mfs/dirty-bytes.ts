// Bytes that were written into a file and are not in its blocks yet, by their place. They lie in pages, so that a write costs
// what it brings, in whatever order writes come.
import { MFS_PAGE_BYTES } from '../limits.ts'

/** A range of a file: from `start` up to `end`, not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

interface Page {
  bytes: Uint8Array
  /** What of it was written, apart and in order. */
  spans: Span[]
}

/** Written bytes; see the head of this file. */
export class DirtyBytes {
  readonly #pages = new Map<number, Page>()
  #bytes = 0

  /** Bytes of memory that they take. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a copy of `bytes` for the place `offset`. */
  write(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const index = Math.floor((offset + at) / MFS_PAGE_BYTES)
      const start = offset + at - index * MFS_PAGE_BYTES
      const part = bytes.subarray(at, at + MFS_PAGE_BYTES - start)
      const end = start + part.length
      const page = this.#pageFor(index, end)
      page.bytes.set(part, start)
      page.spans = joined(page.spans, { start, end })
      at += part.length
    }
  }

  /** Forgets what lies at `size` and beyond. */
  cut(size: number): void {
    for (const [index, page] of this.#pages) {
      const end = size - index * MFS_PAGE_BYTES
      if (end >= MFS_PAGE_BYTES) continue
      page.spans = page.spans
        .filter(({ start }) => start < end)
        .map((span) => ({ start: span.start, end: Math.min(span.end, end) }))
      if (page.spans.length > 0) continue
      this.#pages.delete(index)
      this.#bytes -= page.bytes.length
    }
  }

  /** Puts what lies in the file from `offset` on over `target`, and gives what of the range is not here, in order. */
  read(offset: number, target: Uint8Array): Span[] {
    const missing: Span[] = []
    let at = offset
    const end = offset + target.length
    const miss = (until: number): void => {
      const last = missing.at(-1)
      if (last?.end === at) missing[missing.length - 1] = { start: last.start, end: until }
      else if (until > at) missing.push({ start: at, end: until })
      at = until
    }
    while (at < end) {
      const index = Math.floor(at / MFS_PAGE_BYTES)
      const pageStart = index * MFS_PAGE_BYTES
      const page = this.#pages.get(index)
      for (const span of page?.spans ?? []) {
        const [from, to] = [Math.max(at, pageStart + span.start), Math.min(end, pageStart + span.end)]
        if (from >= to || page === undefined) continue
        if (from > at) miss(from)
        target.set(page.bytes.subarray(from - pageStart, to - pageStart), from - offset)
        at = to
      }
      const pageEnd = Math.min(end, pageStart + MFS_PAGE_BYTES)
      if (at < pageEnd) miss(pageEnd)
    }
    return missing
  }

  /** All that was written, in order; what lies side by side comes as one, up to `bytesMax`. Views: write meanwhile, and they change. */
  *runs(bytesMax: number): Generator<{ readonly offset: number; readonly parts: readonly Uint8Array[] }> {
    let run: { offset: number; parts: Uint8Array[]; bytes: number } | undefined
    for (const [index, { bytes, spans }] of [...this.#pages].toSorted(([a], [b]) => a - b)) {
      for (const { start, end } of spans) {
        const offset = index * MFS_PAGE_BYTES + start
        const part = bytes.subarray(start, end)
        if (run !== undefined && run.offset + run.bytes === offset && run.bytes + part.length <= bytesMax) {
          run.parts.push(part)
          run.bytes += part.length
          continue
        }
        if (run !== undefined) yield run
        run = { offset, parts: [part], bytes: part.length }
      }
    }
    if (run !== undefined) yield run
  }

  clear(): void {
    this.#pages.clear()
    this.#bytes = 0
  }

  /** The page, with room up to `end`: small files have small ones. */
  #pageFor(index: number, end: number): Page {
    const page = this.#pages.get(index) ?? { bytes: new Uint8Array(0), spans: [] }
    if (page.bytes.length < end) {
      const length = Math.min(MFS_PAGE_BYTES, Math.max(end, 2 * page.bytes.length))
      const bytes = new Uint8Array(length)
      bytes.set(page.bytes)
      this.#bytes += length - page.bytes.length
      page.bytes = bytes
    }
    this.#pages.set(index, page)
    return page
  }
}

/** `spans` with one more; what touches becomes one. */
function joined(spans: readonly Span[], added: Span): Span[] {
  const last = spans.at(-1)
  if (last === undefined || last.end < added.start) return [...spans, added]
  const apart = spans.filter(({ start, end }) => end < added.start || start > added.end)
  const touching = spans.filter(({ start, end }) => end >= added.start && start <= added.end)
  const start = Math.min(added.start, ...touching.map((span) => span.start))
  const end = Math.max(added.end, ...touching.map((span) => span.end))
  return [...apart, { start, end }].toSorted((a, b) => a.start - b.start)
}
