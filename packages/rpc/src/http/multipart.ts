// The body of a call as sources: a flat list of parts becomes files, links and nested folders, one after the other and
// straight off the socket. Source: boxo files/multipartfile.go.
import { CairnError, type ImportSource, type Metadata, type NamedSource } from '@cairn/core'
import { make, type MultipartError, type PartInfo } from 'multipasta'
import { concat } from 'uint8arrays/concat'
import { LINK_TARGET_BYTES_MAX, PART_DEPTH_MAX, PART_HEADER_BYTES_MAX } from './limits.ts'
import { parseMode } from '../metadata.ts'

/** A body that is to be read, and what its header says of it. */
export interface Body {
  readonly contentType: string
  readonly bytes: AsyncIterable<Uint8Array>
}

/**
 * The sources in `body`, in the order of its parts. A folder ends where a part of another path begins; each source has to
 * be read to its end before the next is asked for, and what is not read of it is skipped.
 *
 * @throws INVALID for a body that is no `multipart/form-data`, broken or cut off, LIMIT for too long headers or too deep paths
 */
export async function* readMultipart({ contentType, bytes }: Body): AsyncGenerator<NamedSource> {
  const parts = new PartReader(bytes, contentType)
  try {
    yield* sourcesIn(parts, [])
  } finally {
    await parts.close()
  }
}

/** One part: where it belongs, and what it is. */
interface Part {
  /** Names from the top down; none for a part without a name. */
  readonly names: readonly string[]
  readonly kind: ImportSource['kind']
  readonly metadata: Metadata
}

/** What lies below `above`, until a part comes that does not. */
async function* sourcesIn(parts: PartReader, above: readonly string[]): AsyncGenerator<NamedSource> {
  for (let part = await parts.peek(); part !== undefined && isBelow(part, above); part = await parts.peek()) {
    const { names, kind, metadata } = part
    const name = names[above.length] ?? ''
    const path = [...above, name]
    if (names.length > path.length || kind === 'directory') {
      const isItself = names.length <= path.length
      if (isItself) {
        parts.take()
        await parts.skip()
      }
      yield { name, source: directoryOf(parts, path, isItself ? metadata : {}) }
      // What its reader left of it.
      for await (const _ of sourcesIn(parts, path));
      continue
    }
    parts.take()
    if (kind === 'symlink') yield { name, source: { kind, target: await readTarget(parts), metadata } }
    else yield { name, source: { kind: 'file', content: () => parts.content(), metadata } }
    await parts.skip()
  }
}

function directoryOf(parts: PartReader, path: readonly string[], metadata: Metadata): ImportSource {
  return { kind: 'directory', entries: () => sourcesIn(parts, path), metadata }
}

function isBelow({ names }: Part, above: readonly string[]): boolean {
  return above.length === 0 || (names.length > above.length && above.every((name, index) => names[index] === name))
}

async function readTarget(parts: PartReader): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of parts.content()) {
    size += piece.length
    if (size > LINK_TARGET_BYTES_MAX)
      throw new CairnError('LIMIT', `Cannot read the body: a link's target has at most ${LINK_TARGET_BYTES_MAX} bytes`)
    pieces.push(piece)
  }
  return new TextDecoder().decode(concat(pieces))
}

type Token = { readonly part: Part } | { readonly piece: Uint8Array } | 'end of part'

/** Parts in order, with one piece of the body parsed at a time. */
class PartReader {
  readonly #bytes: AsyncIterator<Uint8Array>
  readonly #tokens: Token[] = []
  readonly #parser: ReturnType<typeof make>
  #isDone = false
  #isEnded = false
  #headerBytes = 0
  #failure: Error | undefined

  constructor(bytes: AsyncIterable<Uint8Array>, contentType: string) {
    this.#bytes = bytes[Symbol.asyncIterator]()
    if (!/^multipart\/form-data\s*;/i.test(contentType))
      throw new CairnError('INVALID', 'Cannot read the body: its type is not multipart/form-data')
    this.#parser = make({
      headers: { 'content-type': contentType },
      isFile: () => true,
      onFile: (info) => {
        this.#tokens.push({ part: partOf(info) })
        return (piece) => this.#tokens.push(piece === null ? 'end of part' : { piece })
      },
      onField: () => undefined,
      onError: (error) => (this.#failure ??= new CairnError('INVALID', `Cannot read the body: ${reasonOf(error)}`)),
      onDone: () => (this.#isDone = true),
    })
  }

  /** The part that comes next, or `undefined` after the last one; what is left of the one before is not skipped. */
  async peek(): Promise<Part | undefined> {
    const token = await this.#next()
    return typeof token === 'object' && 'part' in token ? token.part : undefined
  }

  /** Goes to the content of the part that was peeked at. */
  take(): void {
    this.#tokens.shift()
  }

  /** The content of the part that was taken. */
  async *content(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const token = await this.#next()
      if (typeof token !== 'object' || !('piece' in token)) return
      this.#tokens.shift()
      yield token.piece
    }
  }

  /** Goes on to the next part. */
  async skip(): Promise<void> {
    for (;;) {
      const token = await this.#next()
      if (token === undefined || (typeof token === 'object' && 'part' in token)) return
      this.#tokens.shift()
    }
  }

  async close(): Promise<void> {
    await this.#bytes.return?.()
  }

  async #next(): Promise<Token | undefined> {
    while (this.#tokens.length === 0) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isDone) return undefined
      if (this.#isEnded) throw new CairnError('INVALID', 'Cannot read the body: it is cut off')
      await this.#parseMore()
    }
    return this.#tokens[0]
  }

  async #parseMore(): Promise<void> {
    const read = await this.#bytes.next()
    if (read.done === true) {
      this.#isEnded = true
      return
    }
    const before = this.#tokens.length
    this.#headerBytes += read.value.length
    try {
      this.#parser.write(read.value)
    } catch (cause) {
      this.#failure ??=
        cause instanceof CairnError ? cause : new CairnError('INVALID', 'Cannot read the body', { cause })
    }
    if (this.#tokens.length > before) this.#headerBytes = 0
    else if (this.#headerBytes > PART_HEADER_BYTES_MAX)
      this.#failure ??= new CairnError('LIMIT', 'Cannot read the body: the headers of a part are too long')
  }
}

function partOf({ name, filename = '', contentType }: PartInfo): Part {
  const names = namesOf(filename)
  if (names.length > PART_DEPTH_MAX)
    throw new CairnError('LIMIT', `Cannot read the body: a path has at most ${PART_DEPTH_MAX} names`)
  // A browser or curl sends the type of the content, and Go's client always one of these three.
  const kind =
    contentType === 'application/x-directory' ? 'directory' : contentType === 'application/symlink' ? 'symlink' : 'file'
  return { names, kind, metadata: metadataOf(name) }
}

/** The names of a path as Go cleans it below the root: nothing leaves it. */
function namesOf(filename: string): string[] {
  const names: string[] = []
  for (const name of unescapeQuery(filename).split('/')) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return names
}

/** What is not percent-encoded is taken as it stands, as Go's clients count on: `100%.txt` is a name. */
function unescapeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Permissions and time behind the name of a field, as `file?mode=0644&mtime=1600000000&mtime-nsecs=1`. */
function metadataOf(name: string): Metadata {
  const at = name.indexOf('?')
  if (at === -1) return {}
  const params = new URLSearchParams(name.slice(at + 1))
  const [mode, mtime, nsecs] = [params.get('mode'), params.get('mtime'), params.get('mtime-nsecs')]
  if ((mtime !== null && !/^-?\d{1,18}$/.test(mtime)) || (nsecs !== null && !/^\d{1,9}$/.test(nsecs)))
    throw new CairnError('INVALID', 'Cannot read the body: the time of a part is not a number of seconds')
  return {
    mode: mode === null ? undefined : parseMode(mode),
    mtime: mtime === null ? undefined : { seconds: BigInt(mtime), nanoseconds: Number(nsecs ?? 0) },
  }
}

function reasonOf({ _tag: reason }: MultipartError): string {
  return reason === 'InvalidBoundary' ? 'its type names no boundary' : `a part is broken (${reason})`
}
