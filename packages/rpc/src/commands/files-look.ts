// cairn files ls, read and stat: looking at mutable files.
import {
  CairnError,
  decodeUnixFS,
  fileSize,
  isDirectory,
  isFile,
  listDirectory,
  RAW_CODE,
  readFile,
  resolvePath,
  traverse,
  walk,
  type BlockReader,
  type DirectoryEntry,
  type Step,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { joined, lastEvent } from './answers.ts'
import { bytesCommand, eventCommand, firstArgument, type CommandInput } from '../command.ts'
import { formatMode, permissionText } from '../metadata.ts'
import { printable } from '../printable.ts'
import { isContentPath, lastName, MFS_PATH } from './files-options.ts'
import { localSizeOf } from './locality.ts'

/** Numbers of the types in a listing of mutable files. */
const NODE_TYPE = { file: 0, directory: 1 } as const

interface FilesEntry {
  readonly Name: string
  readonly Type: number
  readonly Size: number
  readonly Hash: string
}

/** One entry of a folder; `null` for one that is empty. */
export interface FilesLsEvent {
  readonly Entries: readonly FilesEntry[] | null
}

export const filesLs = eventCommand({
  path: ['files', 'ls'],
  summary: 'List a folder of the mutable files',
  examples: ['cairn files ls', 'cairn files ls -l /photos', 'cairn files ls -U /many   as they come, held nowhere'],
  arguments: [{ ...MFS_PATH, optional: true }],
  options: {
    long: { type: 'flag', short: 'l', help: 'with CID and size' },
    unsorted: { type: 'flag', short: 'U', help: 'in the order of the directory' },
  },
  fetches: true,
  async *run({ args, options: { long = false, unsorted = false }, node, signal }): AsyncGenerator<FilesLsEvent> {
    const [path = '/'] = args
    const files = await (await node()).files()
    const { cid } = await files.find(path)
    const root = decodeUnixFS(await files.reader.get(cid, { signal }))
    const entries = isDirectory(root)
      ? listDirectory(files.reader, cid, { signal })
      : [{ name: lastName(path), cid, tsize: 0 }]
    const ordered = unsorted ? entries : (await Array.fromAsync(entries)).toSorted(byName)
    let isEmpty = true
    for await (const Entry of long ? described(files.reader, ordered, signal) : plain(ordered)) {
      isEmpty = false
      yield { Entries: [Entry] }
    }
    if (isEmpty) yield { Entries: null }
  },
  async answer(events) {
    const { Entries } = await joined('Entries')(events)
    return { Entries: Entries?.length === 0 ? null : Entries }
  },
  text: ({ Entries }, { long = false }) =>
    Entries?.map(({ Name, Type, Size, Hash }) => {
      const name = printable(Name)
      return long ? `${name}${Type === NODE_TYPE.directory ? '/' : ''}\t${Hash}\t${Size}` : name
    }).join('\n'),
})

export const filesRead = bytesCommand({
  path: ['files', 'read'],
  summary: 'Write the content of a mutable file to standard output',
  examples: ['cairn files read /notes.txt', 'cairn files read -o 1000 -n 20 /notes.txt'],
  arguments: [MFS_PATH],
  options: {
    offset: { type: 'count', short: 'o', value: 'N', help: 'begin at this byte' },
    count: { type: 'count', short: 'n', value: 'N', help: 'write at most so many bytes' },
  },
  fetches: true,
  async *run({ args, options: { offset = 0, count }, node, signal, onLength }) {
    const path = firstArgument({ args })
    const files = await (await node()).files()
    const { cid } = await files.find(path)
    const found = decodeUnixFS(await files.reader.get(cid, { signal }))
    if (!isFile(found)) throw new CairnError('INVALID', `Cannot read ${path}: it is not a file`)
    if (offset > fileSize(found)) {
      const size = fileSize(found)
      throw new CairnError('INVALID', `Cannot read ${path}: offset was past end of file (${offset} > ${size})`)
    }
    onLength?.(Math.min(fileSize(found) - offset, count ?? Infinity))
    yield* readFile(files.reader, cid, { offset, length: count, signal })
  },
})

export interface FilesStatEvent {
  readonly Hash: string
  readonly Size: number
  readonly CumulativeSize: number
  readonly Blocks: number
  readonly Type: 'file' | 'directory'
  readonly WithLocality?: boolean
  readonly Local?: boolean
  readonly SizeLocal?: number
  readonly Mode?: string
  readonly Mtime?: number
  readonly MtimeNsecs?: number
}

const STAT_FORMAT = `<hash>
Size: <size>
CumulativeSize: <cumulsize>
ChildBlocks: <childs>
Type: <type>
Mode: <mode> (<mode-octal>)
Mtime: <mtime>`

export const filesStat = eventCommand({
  path: ['files', 'stat'],
  summary: 'Print CID, sizes and type of a mutable file or folder',
  examples: ['cairn files stat /', 'cairn files stat --hash /photos', 'cairn files stat --format "<size> <hash>" /a'],
  arguments: [{ ...MFS_PATH, help: 'path from / on, or /ipfs/CID' }],
  options: {
    format: {
      type: 'text',
      value: 'TEXT',
      help: 'with <hash> <size> <cumulsize> <type> <childs> <mode> <mode-octal> <mtime> <mtime-secs> <mtime-nsecs>',
    },
    hash: { type: 'flag', help: 'print only the CID', excludes: ['format', 'size'] },
    size: { type: 'flag', help: 'print only the cumulative size', excludes: ['format', 'hash'] },
    'with-local': { type: 'flag', help: 'tell how much of it is in this repo' },
  },
  fetches: true,
  async *run({ args, options, node, signal }): AsyncGenerator<FilesStatEvent> {
    const path = firstArgument({ args })
    const opened = await node()
    const files = await opened.files()
    const cid = isContentPath(path) ? await resolvePath(opened.blocks, path, { signal }) : (await files.find(path)).cid
    const stat = await statOf(files.reader, cid, signal)
    if (options['with-local'] !== true) {
      yield stat
      return
    }
    const here = await locality(opened, cid, signal)
    // What is whole is here as often as it is linked, as Kubo counts it; of a part each block counts once.
    yield { ...stat, ...here, SizeLocal: here.Local ? stat.CumulativeSize : here.SizeLocal }
  },
  answer: lastEvent,
  text(event, { format = STAT_FORMAT, hash = false, size = false }) {
    const line = formatted(event, hash ? '<hash>' : size ? '<cumulsize>' : format)
    if (event.WithLocality !== true) return line
    const { SizeLocal = 0, CumulativeSize } = event
    return `${line}\nLocal: ${SizeLocal} of ${CumulativeSize} bytes (${((100 * SizeLocal) / CumulativeSize).toFixed(2)}%)`
  },
})

async function statOf(reader: BlockReader, cid: CID, signal: AbortSignal): Promise<FilesStatEvent> {
  const block = await reader.get(cid, { signal })
  const node = decodeUnixFS(block)
  const { mode, mtime } = node.data
  return {
    Hash: cid.toString(),
    Size: isFile(node) ? fileSize(node) : 0,
    CumulativeSize: node.links.reduce((sum, { Tsize = 0 }) => sum + Tsize, block.bytes.length),
    Blocks: node.links.length,
    Type: isDirectory(node) ? 'directory' : 'file',
    ...(mode === undefined ? {} : { Mode: formatMode(mode & PERMISSIONS) }),
    ...(mtime === undefined ? {} : { Mtime: Number(mtime.seconds) }),
    ...(mtime === undefined || mtime.nanoseconds === 0 ? {} : { MtimeNsecs: mtime.nanoseconds }),
  }
}

const PERMISSIONS = 0o7777

/** How much of a DAG is here, each block counted once. */
async function locality(
  { store, local }: Awaited<ReturnType<CommandInput['node']>>,
  root: CID,
  signal: AbortSignal,
): Promise<{ readonly WithLocality: true; readonly Local: boolean; readonly SizeLocal: number }> {
  let Local = true
  let SizeLocal = 0
  const visitLeaf = localSizeOf(store)
  const onUnreadable = (): void => void (Local = false)
  for await (const { bytes = 0 } of walk(local, root, { visitLeaf, onUnreadable, signal })) SizeLocal += bytes
  return { WithLocality: true, Local, SizeLocal }
}

function formatted(event: FilesStatEvent, format: string): string {
  const { Mode, Mtime, MtimeNsecs = 0 } = event
  const mode = Mode === undefined ? undefined : Number.parseInt(Mode, 8)
  const values: Readonly<Record<string, string>> = {
    '<hash>': event.Hash,
    '<size>': `${event.Size}`,
    '<cumulsize>': `${event.CumulativeSize}`,
    '<childs>': `${event.Blocks}`,
    '<type>': event.Type,
    '<mode>': mode === undefined ? 'not set' : permissionText(mode, event.Type === 'directory'),
    '<mode-octal>': Mode ?? 'not set',
    '<mtime>': Mtime === undefined ? 'not set' : new Date(Mtime * 1000).toISOString(),
    '<mtime-secs>': `${Mtime ?? 'not set'}`,
    '<mtime-nsecs>': Mtime === undefined ? 'not set' : `${MtimeNsecs}`,
  }
  return format.replaceAll(/<[a-z-]+>/g, (token) => values[token] ?? token)
}

async function* plain(entries: Iterable<DirectoryEntry> | AsyncIterable<DirectoryEntry>): AsyncGenerator<FilesEntry> {
  for await (const { name } of entries) yield { Name: name, Type: 0, Size: 0, Hash: '' }
}

/** Entries with what a look into each of them tells, of which some are on their way. */
async function* described(
  reader: BlockReader,
  entries: Iterable<DirectoryEntry> | AsyncIterable<DirectoryEntry>,
  signal: AbortSignal,
): AsyncGenerator<FilesEntry> {
  for await (const page of pagesOf(entries)) {
    yield* traverse(
      page.values().map((entry) => describe(reader, entry)),
      { signal },
    )
  }
}

/** Entries that are looked into together. */
const PAGE_ENTRIES = 256

async function* pagesOf<Value>(values: Iterable<Value> | AsyncIterable<Value>): AsyncGenerator<Value[]> {
  let page: Value[] = []
  for await (const value of values) {
    page.push(value)
    if (page.length < PAGE_ENTRIES) continue
    yield page
    page = []
  }
  yield page
}

function describe(reader: BlockReader, { name, cid, tsize }: DirectoryEntry): Step<FilesEntry> {
  return {
    async run(options) {
      const entry = { Name: name, Hash: cid.toString() }
      // A raw leaf is taken at its parent's word, as Kubo does; a file that is listed itself has no parent here.
      if (cid.code === RAW_CODE && tsize > 0) {
        return { value: { ...entry, Type: NODE_TYPE.file, Size: tsize }, bytes: 0, next: [] }
      }
      const node = decodeUnixFS(await reader.get(cid, options))
      const Type = isDirectory(node) ? NODE_TYPE.directory : NODE_TYPE.file
      return { value: { ...entry, Type, Size: isFile(node) ? fileSize(node) : 0 }, bytes: 0, next: [] }
    },
  }
}

function byName(a: DirectoryEntry, b: DirectoryEntry): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
}
