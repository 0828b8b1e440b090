// Files and folders on disk, and standard input, as sources of an import.
import { createReadStream, fstatSync } from 'node:fs'
import { lstat, open, readdir, readlink, type FileHandle } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { CairnError, systemError, type ImportSource, type NamedSource } from '@cairn/core'

/** Bytes that are read from a file at a time: a whole chunk of the default profile. */
const PIECE_BYTES = 1024 * 1024

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
export async function diskSources(paths: readonly string[], options: DiskSourceOptions): Promise<NamedSource[]> {
  const sources: NamedSource[] = []
  for (const path of paths) {
    if (path === '-') sources.push({ name: '', source: { kind: 'file', content: () => standardInput(options.signal) } })
    else sources.push({ name: basename(resolve(path)), source: await sourceAt(path, options) })
  }
  return sources
}

/** Bytes of all files at and below `paths`; what cannot be read counts as nothing. */
export async function totalBytesOf(paths: readonly string[], options: DiskSourceOptions): Promise<number> {
  let total = 0
  for (const path of paths) {
    options.signal.throwIfAborted()
    const stat = await lstat(path).catch(() => undefined)
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

async function sourceAt(path: string, options: DiskSourceOptions): Promise<ImportSource> {
  try {
    const stat = await lstat(path)
    if (stat.isFile()) return { kind: 'file', content: () => fileContent(path, options.signal) }
    if (stat.isSymbolicLink()) {
      const target = textOf(await readlink(path, { encoding: 'buffer' }), `Cannot add ${path}: its target`)
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
    yield { name, source: await sourceAt(join(path, name), options) }
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
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { size } = await file.stat()
    for (let left = size; ;) {
      signal.throwIfAborted()
      // One byte more than is left, so that the end of a small file shows in the same read. Less than nothing is left of
      // a file that has grown, or never told its size.
      const piece = Buffer.allocUnsafeSlow(left < 0 ? PIECE_BYTES : Math.min(PIECE_BYTES, left + 1))
      const { bytesRead } = await fill(file, piece)
      left -= bytesRead
      if (bytesRead > 0) yield new Uint8Array(piece.buffer, 0, bytesRead)
      if (bytesRead < piece.length) return
    }
  } catch (cause) {
    throw systemError(`read ${path}`, cause)
  } finally {
    await file?.close()
  }
}

/** Reads until `piece` is full or the file ends. */
async function fill(file: FileHandle, piece: Buffer): Promise<{ bytesRead: number }> {
  let filled = 0
  while (filled < piece.length) {
    const { bytesRead } = await file.read(piece, filled, piece.length - filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return { bytesRead: filled }
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
