// What a browser makes of a file: told by its name, and where that says nothing, by its first bytes.
import mime from 'mime'
import type { CID } from 'multiformats/cid'
import { SNIFF_BYTES, SNIFFING_MAX, TYPES_KEPT } from '../limits.ts'
import { ReadingPlaces } from '../request/reading-places.ts'

const TEXT = 'text/plain; charset=utf-8'
const BYTES = 'application/octet-stream'

/** Beginnings of documents that are text, after white space. */
const DOCUMENTS: readonly (readonly [begin: RegExp, type: string])[] = [
  [/^(<!doctype html|<html|<head|<body|<title|<script|<table|<div|<h1|<p>)/i, 'text/html; charset=utf-8'],
  [/^<svg[\s>]/i, 'image/svg+xml'],
  [/^<\?xml[^>]*>\s*(<!--.*?-->\s*)*<svg[\s>]/is, 'image/svg+xml'],
  [/^<\?xml/i, 'text/xml; charset=utf-8'],
]

/** A file whose type is asked for. */
export interface TypedFile {
  readonly cid: CID
  /** Gives its first {@link SNIFF_BYTES} bytes, asked only where the name says nothing. */
  readonly begin: () => Promise<Uint8Array>
  readonly signal: AbortSignal
}

/** The types of files. Those that were told by their bytes are remembered: that reads and proves a whole block. */
export class ContentTypes {
  /** By CID, the oldest first. */
  readonly #told = new Map<string, string>()
  readonly #places = new ReadingPlaces(SNIFFING_MAX)

  /** The media type of a file called `name`, with the charset of text. */
  async of(name: string, file: TypedFile): Promise<string> {
    const known = name.includes('.') ? mime.getType(name) : null
    if (known === null) return this.#told.get(String(file.cid)) ?? this.#tell(file)
    return /^text\/|^application\/(javascript|json|xml)$|\+json$/.test(known) &&
      !known.includes('charset') &&
      known !== 'application/json'
      ? `${known}; charset=utf-8`
      : known
  }

  async #tell({ cid, begin, signal }: TypedFile): Promise<string> {
    const key = String(cid)
    await this.#places.take(signal)
    try {
      // Whoever had the place before may have told the same.
      const type = this.#told.get(key) ?? (await sniff(await begin()))
      this.#told.set(key, type)
      for (const oldest of this.#told.keys()) {
        if (this.#told.size <= TYPES_KEPT) break
        this.#told.delete(oldest)
      }
      return type
    } finally {
      this.#places.leave()
    }
  }
}

async function sniff(bytes: Uint8Array): Promise<string> {
  const text = textOf(bytes)
  if (text !== undefined) return DOCUMENTS.find(([begin]) => begin.test(text.trimStart()))?.[1] ?? TEXT
  const { fileTypeFromBuffer } = await import('file-type')
  // Whatever strangers wrote: bytes that confuse it are bytes.
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined)
  return found?.mime ?? BYTES
}

/** What is text in UTF-8, but for a character that the end cuts; `undefined` for anything else. */
function textOf(bytes: Uint8Array): string | undefined {
  if (
    bytes.some(
      (byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b,
    )
  )
    return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: bytes.length >= SNIFF_BYTES })
  } catch {
    return undefined
  }
}
