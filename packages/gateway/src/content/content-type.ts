// What a browser makes of a file: told by its name, and where that says nothing, by its first bytes.
import mime from 'mime'
import { SNIFF_BYTES } from '../limits.ts'

const TEXT = 'text/plain; charset=utf-8'
const BYTES = 'application/octet-stream'

/** Beginnings of documents that are text, after white space. */
const DOCUMENTS: readonly (readonly [begin: RegExp, type: string])[] = [
  [/^(<!doctype html|<html|<head|<body|<title|<script|<table|<div|<h1|<p>)/i, 'text/html; charset=utf-8'],
  [/^<svg[\s>]/i, 'image/svg+xml'],
  [/^<\?xml[^>]*>\s*(<!--.*?-->\s*)*<svg[\s>]/is, 'image/svg+xml'],
  [/^<\?xml/i, 'text/xml; charset=utf-8'],
]

/**
 * The media type of a file called `name`, with the charset of text.
 *
 * @param begin gives its first {@link SNIFF_BYTES} bytes, asked only where the name says nothing
 */
export async function contentType(name: string, begin: () => Promise<Uint8Array>): Promise<string> {
  const known = name.includes('.') ? mime.getType(name) : null
  if (known === null) return sniff(await begin())
  return /^text\/|^application\/(javascript|json|xml)$|\+json$/.test(known) &&
    !known.includes('charset') &&
    known !== 'application/json'
    ? `${known}; charset=utf-8`
    : known
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
