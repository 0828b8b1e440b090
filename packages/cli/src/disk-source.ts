// Files and folders on disk, and standard input, as sources of an import.
// What takes microseconds is done synchronously: a file's metadata, its beginning. Through Node's thread pool each such call
// takes ten times as long, and a tree of small files consists of little else. The rest of a large file is read in the
// pool, while what came before is hashed.
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { promisify } from 'node:util'
import { CairnError, systemError, type ImportSource, type NamedSource } from '@cairn/core'

/** Bytes that are read from a file at a time: a whole chunk of the default profile. */
const PIECE_BYTES = 1024 * 1024

/** Bytes of a file that is read at once, without a wait. */
const SMALL_FILE_BYTES = 64 * 1024

const readAsync = promisify(read)

/** How folders are read. */
export interface DiskSourceOptions {
  /** Whether a folder may be added at all. */
  readonly recursive: boolean
  /** Whether names that begin with a dot are taken inside folders. */
  readonly hidden: boolean
  readonly signal: AbortSignal
}

/**
 * The source of each path, under its last name; `-` is standard input. What is missing or refused shows here, before
 * anything is imported, for the paths themselves, and for what lies below them when its turn comes.
 *
 * @throws NOT_FOUND, DENIED or INVALID
 */
export function diskSources(paths: readonly string[], options: DiskSourceOptions): NamedSource[] {
  const sources: NamedSource[] = []
  for (const path of paths) {
    if (path === '-') sources.push({ name: '', source: { kind: 'file', content: () => standardInput(options.signal) } })
    else sources.push({ name: basename(resolve(path)), source: sourceAt(path, options) })
  }
  return sources
}

/** Bytes of all files at and below `paths`; what cannot be read counts as nothing. */
export async function totalBytesOf(paths: readonly string[], options: DiskSourceOptions): Promise<number> {
  let total = 0
  for (const path of paths) {
    options.signal.throwIfAborted()
    const stat = lstatOf(path)
    if (stat?.isFile() === true) total += stat.size
    if (stat?.isDirectory() !== true) continue
    const names = await namesIn(path, options).catch(() => [])
    total += await totalBytesOf(
      names.map((name) => join(path, name)),
      options,
    )
  }
  return total
}

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

function sourceAt(path: string, options: DiskSourceOptions): ImportSource {
  try {
    const stat = lstatSync(path)
    if (stat.isFile()) return { kind: 'file', content: () => fileContent(path, options.signal) }
    if (stat.isSymbolicLink()) {
      const target = textOf(readlinkSync(path, { encoding: 'buffer' }), `Cannot add ${path}: its target`)
      return { kind: 'symlink', target }
    }
    if (stat.isDirectory()) {
      if (!options.recursive) throw new CairnError('INVALID', `Cannot add ${path}: it is a folder, which needs -r`)
      return { kind: 'directory', entries: () => folderEntries(path, options) }
    }
  } catch (cause) {
    throw systemError(`add ${path}`, cause)
  }
  throw new CairnError('INVALID', `Cannot add ${path}: it is neither file, folder nor symbolic link`)
}

async function* folderEntries(path: string, options: DiskSourceOptions): AsyncGenerator<NamedSource> {
  for (const name of await namesIn(path, options)) {
    options.signal.throwIfAborted()
    yield { name, source: sourceAt(join(path, name), options) }
  }
}

async function namesIn(path: string, { hidden }: DiskSourceOptions): Promise<string[]> {
  try {
    const names = await readdir(path, { encoding: 'buffer' })
    return names
      .map((bytes) => textOf(bytes, `Cannot add ${join(path, bytes.toString())}: its name`))
      .filter((name) => hidden || !name.startsWith('.'))
      .toSorted()
  } catch (cause) {
    throw systemError(`add ${path}`, cause)
  }
}

/** Texts in UnixFS are UTF-8; another one could not be written back as it was. */
function textOf(bytes: Buffer, what: string): string {
  const text = bytes.toString()
  if (!Buffer.from(text).equals(bytes)) throw new CairnError('INVALID', `${what} is not UTF-8`)
  return text
}

async function* fileContent(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let file: number | undefined
  try {
    // Without waiting for a writer, should the path have become a pipe meanwhile.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const { size } = fstatSync(file)
    if (size > SMALL_FILE_BYTES) {
      yield* pieces(file, { size, signal })
      return
    }
    // One byte more than there is, so that the end shows in the same read. A file in /proc says that it has none.
    const piece = Buffer.allocUnsafeSlow(size + 1)
    const bytesRead = readSync(file, piece)
    if (bytesRead > 0) yield new Uint8Array(piece.buffer, 0, bytesRead)
    if (bytesRead === piece.length) yield* pieces(file, { size: Infinity, signal })
  } catch (cause) {
    throw systemError(`read ${path}`, cause)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** The rest of a file that is said to have `size` bytes more. The next piece is read while one is used. */
async function* pieces(
  file: number,
  { size, signal }: { readonly size: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  let left = size
  const readNext = (): Promise<Piece> => {
    // Less than nothing is left of a file that has grown.
    const piece = readPiece(file, left < 0 ? PIECE_BYTES : Math.min(PIECE_BYTES, left + 1))
    left -= PIECE_BYTES
    // A failure is told in its turn, which may come much later.
    piece.catch(() => undefined)
    return piece
  }
  let next = readNext()
  try {
    for (;;) {
      signal.throwIfAborted()
      const { bytes, isLast } = await next
      if (!isLast) next = readNext()
      if (bytes.length > 0) yield bytes
      if (isLast) return
    }
  } finally {
    // The file must not be closed under a read.
    await Promise.allSettled([next])
  }
}

/** Some bytes of a file, and whether it ends with them. */
interface Piece {
  readonly bytes: Uint8Array
  readonly isLast: boolean
}

async function readPiece(file: number, pieceBytes: number): Promise<Piece> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes)
  let filled = 0
  while (filled < piece.length) {
    const { bytesRead } = await readAsync(file, piece, filled, piece.length - filled, null)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return { bytes: new Uint8Array(piece.buffer, 0, filled), isLast: filled < piece.length }
}

async function* standardInput(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of addAbortSignal(signal, openStandardInput())) yield piece
  } catch (cause) {
    signal.throwIfAborted()
    throw systemError('read standard input', cause)
  }
}

/** Node's own stream waits for pipes and terminals, but takes files in small pieces, and a folder for nothing at all. */
function openStandardInput(): Readable {
  const stat = fstatSync(0)
  if (!stat.isFile() && !stat.isDirectory()) return process.stdin
  return createReadStream('', { fd: 0, autoClose: false, highWaterMark: PIECE_BYTES })
}
