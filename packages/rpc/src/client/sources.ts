// Files and folders that a caller has in memory, or gets from elsewhere, as what commands take.
import type { Metadata, NamedSource } from '@cairn/core'

/** Bytes or text of a file, whole or as they come. A stream can be read once; a function gives one for each time. */
export type FileContent =
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | (() => AsyncIterable<Uint8Array>)

/** A file called `name`. */
export function sourceFile(name: string, content: FileContent, metadata: Metadata = {}): NamedSource {
  return { name, source: { kind: 'file', content: () => piecesOf(content), metadata } }
}

/** A folder called `name` with these entries, which may be folders as well. */
export function sourceFolder(
  name: string,
  entries: Iterable<NamedSource> | AsyncIterable<NamedSource>,
  metadata: Metadata = {},
): NamedSource {
  async function* each(): AsyncGenerator<NamedSource> {
    yield* entries
  }
  return { name, source: { kind: 'directory', entries: each, metadata } }
}

async function* piecesOf(content: FileContent): AsyncGenerator<Uint8Array> {
  if (typeof content === 'string') yield Buffer.from(content)
  else if (content instanceof Uint8Array) yield content
  else yield* typeof content === 'function' ? content() : content
}
