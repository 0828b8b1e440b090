// Sources as the body of a call, in the form that Kubo's RPC takes: a flat list of parts, folders before their entries.
import { randomUUID } from 'node:crypto'
import type { ImportSource, Metadata, NamedSource } from '@cairn/core'
import { formatMode } from '../metadata.ts'

/** A body that is read while it is sent. */
export interface MultipartBody {
  readonly contentType: string
  readonly bytes: AsyncIterable<Uint8Array>
}

/** The body that `sources` make. It throws what they throw. */
export function multipartBody(sources: AsyncIterable<NamedSource> | readonly NamedSource[]): MultipartBody {
  const boundary = `cairn-${randomUUID()}`
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const { name, source } of sources) yield* partsOf({ path: name, source, boundary })
    yield Buffer.from(`--${boundary}--\r\n`)
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes: bytes() }
}

interface Part {
  readonly path: string
  readonly source: ImportSource
  readonly boundary: string
}

const TYPES: Readonly<Record<ImportSource['kind'], string>> = {
  directory: 'application/x-directory',
  file: 'application/octet-stream',
  symlink: 'application/symlink',
}

async function* partsOf({ path, source, boundary }: Part): AsyncGenerator<Uint8Array> {
  const field = source.kind === 'directory' ? 'dir' : 'file'
  yield Buffer.from(
    `--${boundary}\r\n` +
      `Content-Disposition: form-data; name="${field}${queryOf(source.metadata)}"; filename="${encodeURIComponent(path)}"\r\n` +
      `Content-Type: ${TYPES[source.kind]}\r\n\r\n`,
  )
  if (source.kind === 'file') yield* source.content()
  else if (source.kind === 'symlink') yield Buffer.from(source.target)
  yield Buffer.from('\r\n')
  if (source.kind !== 'directory') return
  for await (const { name, source: inside } of source.entries())
    yield* partsOf({ path: `${path}/${name}`, source: inside, boundary })
}

function queryOf({ mode, mtime }: Metadata = {}): string {
  const params = new URLSearchParams()
  if (mode !== undefined) params.set('mode', formatMode(mode))
  if (mtime !== undefined) {
    params.set('mtime', String(mtime.seconds))
    params.set('mtime-nsecs', String(mtime.nanoseconds))
  }
  return params.size === 0 ? '' : `?${params}`
}
