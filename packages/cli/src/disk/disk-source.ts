// Files and folders on disk, and standard input, as sources of an import.
// What takes microseconds is done synchronously, like looking at a file's metadata: see file-content.ts.
import { lstatSync, readlinkSync, statSync, type BigIntStats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { CairnError, systemError, type ImportSource, type Metadata, type NamedSource } from '@cairn/core'
import { fileContent, standardInput } from './file-content.ts'
import { FolderFilter, type FilterOptions } from './folder-filter.ts'

/** How folders are read. What leaves names out does so inside folders, never for the paths that are named. */
export interface DiskSourceOptions extends FilterOptions {
  /** Whether a folder may be added at all. */
  readonly recursive: boolean
  /** Which symbolic links stand for what they point to: none, those that are named, or all. */
  readonly followLinks?: 'none' | 'named' | 'all' | undefined
  /** Whether permissions are taken along. */
  readonly preserveMode?: boolean | undefined
  /** Whether times of modification are taken along. */
  readonly preserveMtime?: boolean | undefined
  /** Name of standard input. */
  readonly stdinName?: string | undefined
  readonly signal: AbortSignal
}

/**
 * The source of each path, under its last name; `-` is standard input. What is missing or refused shows here, before
 * anything is imported, for the paths themselves, and for what lies below them when its turn comes.
 *
 * @throws NOT_FOUND, DENIED or INVALID
 */
export function diskSources(paths: readonly string[], options: DiskSourceOptions): NamedSource[] {
  const walk = walkOf(options)
  return paths.map((path) =>
    path === '-'
      ? { name: options.stdinName ?? '', source: { kind: 'file', content: () => standardInput(options.signal) } }
      : { name: basename(resolve(path)), source: sourceOf(namedPlace(path, walk), walk) },
  )
}

/** Bytes of all files at and below `paths`; what cannot be read counts as nothing. */
export async function totalBytesOf(paths: readonly string[], options: DiskSourceOptions): Promise<number> {
  const walk = walkOf(options)
  let total = 0
  for (const path of paths) {
    try {
      total += await bytesAt(namedPlace(path, walk), walk)
    } catch {
      options.signal.throwIfAborted()
    }
  }
  return total
}

interface Walk extends DiskSourceOptions {
  readonly filter: FolderFilter
}

/** Something on disk that is looked at. */
interface Place {
  readonly path: string
  /** Names from the named folder down to here. */
  readonly below: readonly string[]
  readonly stat: BigIntStats
  /** The folders above and the place itself, as device and inode. Kept only where following links can come back to one. */
  readonly line: readonly string[]
}

function walkOf(options: DiskSourceOptions): Walk {
  return { ...options, filter: new FolderFilter(options) }
}

function namedPlace(path: string, { followLinks = 'none' }: Walk): Place {
  return placeAt(path, { below: [], line: [], follows: followLinks !== 'none', isTracked: followLinks === 'all' })
}

interface Looking {
  readonly below: readonly string[]
  /** The folders above. */
  readonly line: readonly string[]
  readonly follows: boolean
  readonly isTracked: boolean
}

function placeAt(path: string, { below, line, follows, isTracked }: Looking): Place {
  try {
    const stat = follows ? statSync(path, { bigint: true }) : lstatSync(path, { bigint: true })
    return { path, below, stat, line: isTracked ? [...line, `${stat.dev}:${stat.ino}`] : line }
  } catch (cause) {
    throw systemError(`add ${path}`, cause)
  }
}

function sourceOf(place: Place, walk: Walk): ImportSource {
  const { path, stat } = place
  const metadata = metadataOf(stat, walk)
  if (stat.isFile()) return { kind: 'file', content: () => fileContent(path, walk.signal), metadata }
  if (stat.isSymbolicLink()) return { kind: 'symlink', target: targetOf(path), metadata }
  if (stat.isDirectory()) {
    if (!walk.recursive) throw new CairnError('INVALID', `Cannot add ${path}: it is a folder, which needs -r`)
    return { kind: 'directory', entries: () => folderEntries(place, walk), metadata }
  }
  throw new CairnError('INVALID', `Cannot add ${path}: it is neither file, folder nor symbolic link`)
}

async function* folderEntries(place: Place, walk: Walk): AsyncGenerator<NamedSource> {
  for await (const inside of placesIn(place, walk)) {
    yield { name: inside.below.at(-1) ?? '', source: sourceOf(inside, walk) }
  }
}

async function bytesAt(place: Place, walk: Walk): Promise<number> {
  if (place.stat.isFile()) return Number(place.stat.size)
  if (!place.stat.isDirectory()) return 0
  let total = 0
  try {
    for await (const inside of placesIn(place, walk)) total += await bytesAt(inside, walk)
  } catch {
    walk.signal.throwIfAborted()
  }
  return total
}

/** What is taken of a folder, in the order of names. */
async function* placesIn(folder: Place, walk: Walk): AsyncGenerator<Place> {
  const { path, line } = folder
  if (line.indexOf(line.at(-1) ?? '') < line.length - 1) {
    throw new CairnError('INVALID', `Cannot add ${path}: a symbolic link leads back to a folder that holds it`)
  }
  for (const name of await namesIn(path)) {
    walk.signal.throwIfAborted()
    if (!walk.filter.takesName(name)) continue
    const below = [...folder.below, name]
    const inside = lookInside(join(path, name), { below, line }, walk)
    if (inside !== undefined) yield inside
  }
}

/** The place at `path`, or `undefined` when the rules leave it out, whatever it is. */
function lookInside(path: string, { below, line }: Pick<Looking, 'below' | 'line'>, walk: Walk): Place | undefined {
  const takes = (isFolder: boolean) => walk.filter.takesPath(below.join('/'), { isFolder })
  const follows = walk.followLinks === 'all'
  try {
    const place = placeAt(path, { below, line, follows, isTracked: follows })
    return takes(place.stat.isDirectory()) ? place : undefined
  } catch (error) {
    // A link to nowhere that is left out harms nobody.
    if (takes(false)) throw error
    return undefined
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    const names = await readdir(path, { encoding: 'buffer' })
    return names.map((bytes) => textOf(bytes, `Cannot add ${join(path, bytes.toString())}: its name`)).toSorted()
  } catch (cause) {
    throw systemError(`add ${path}`, cause)
  }
}

function targetOf(path: string): string {
  try {
    return textOf(readlinkSync(path, { encoding: 'buffer' }), `Cannot add ${path}: its target`)
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

const PERMISSION_BITS = 0o7777n
const NANOSECONDS = 1_000_000_000n

function metadataOf({ mode, mtimeNs }: BigIntStats, { preserveMode, preserveMtime }: Walk): Metadata {
  // Before 1970 the seconds are negative, and the nanoseconds still count forward.
  const nanoseconds = ((mtimeNs % NANOSECONDS) + NANOSECONDS) % NANOSECONDS
  return {
    mode: preserveMode === true ? Number(mode & PERMISSION_BITS) : undefined,
    mtime:
      preserveMtime === true
        ? { seconds: (mtimeNs - nanoseconds) / NANOSECONDS, nanoseconds: Number(nanoseconds) }
        : undefined,
  }
}
