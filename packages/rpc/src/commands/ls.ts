// cairn ls: what stands in a directory.
import {
  CairnError,
  DAG_PB_CODE,
  decodeUnixFS,
  fileSize,
  formatBytes,
  isDirectory,
  isFile,
  listDirectory,
  listSorted,
  RAW_CODE,
  resolvePath,
  traverse,
  type BlockReader,
  type DirectoryEntry,
  type Step,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { toString } from 'uint8arrays/to-string'
import { only } from './answers.ts'
import { eventCommand, type TableRow } from '../command.ts'
import { formatGoTime, goMode, permissionText } from '../metadata.ts'
import { printable } from '../printable.ts'

/**
 * Numbers of the types in a listing, as Kubo's RPC has them; 0 for what nobody has looked into. Kubo lists a sharded directory as a
 * directory: kubo core/commands/ls.go and core/coreapi/unixfs.go.
 */
const LINK_TYPE = { directory: 1, file: 2, symlink: 4, 'hamt-shard': 1, raw: 2, metadata: 0 } as const

/** Entries that are looked into at a time while a listing goes on. */
const DESCRIBED_AT_ONCE = 1024

interface LsLink {
  readonly Name: string
  readonly Hash: string
  readonly Size: number
  readonly Type: number
  /** Where a symbolic link leads; empty for anything else. */
  readonly Target: string
  /** Go's FileMode, 0 where no permissions are stored or nobody has looked. */
  readonly Mode: number
  /** When it was changed, in Go's form; the year 1 where that is not stored or nobody has looked. */
  readonly ModTime: string
}

/** One entry of one listed directory. Before those of each of several directories comes one object without entries. */
export interface LsEvent {
  /** None: the columns begin. */
  readonly Objects: readonly {
    /** The path that was asked for. */ readonly Hash: string
    readonly Links: readonly LsLink[]
  }[]
  /** Nothing stands in what was asked for. */
  readonly Empty?: true
}

export const ls = eventCommand({
  path: ['ls'],
  summary: 'List what a directory holds: CID, bytes, name',
  examples: [
    'cairn ls bafy…',
    'cairn ls --json bafy…/docs',
    'cairn ls --stream --size=false --resolve-type=false bafy…   a huge one, at once',
  ],
  arguments: [
    {
      name: 'path',
      help: 'CID, CID/name, /ipfs/CID/name, ipfs://CID/name or the URL of a gateway',
      repeat: true,
      isPiped: true,
    },
  ],
  options: {
    long: { type: 'flag', short: 'l', help: 'show permissions and times of change as well, where they are stored' },
    headers: { type: 'flag', short: 'v', help: 'begin with the names of the columns' },
    'resolve-type': {
      type: 'flag',
      help: 'look into entries for their type; --resolve-type=false and --size=false do not',
    },
    size: { type: 'flag', help: 'show sizes (default true)' },
    stream: { type: 'flag', short: 's', help: 'as entries come, not sorted by name' },
  },
  fetches: true,
  async *run({ args, options, node, signal }): AsyncGenerator<LsEvent> {
    const { headers = false, size = true, stream = false, 'resolve-type': resolveType = true } = options
    const { blocks } = await node()
    if (headers && args.length === 1) yield { Objects: [] }
    for (const path of args) {
      const cid = await resolvePath(blocks, path, { signal })
      if (args.length > 1) yield { Objects: [{ Hash: path, Links: [] }] }
      let isEmpty = true
      for await (const link of listed(blocks, cid, { looks: size || resolveType, stream, signal })) {
        isEmpty = false
        yield { Objects: [{ Hash: path, Links: [link] }] }
      }
      if (isEmpty && args.length === 1) yield { Objects: [{ Hash: path, Links: [] }], Empty: true }
    }
  },
  answer: (events, { stream = false }) => (stream ? only(events, hasLinks) : byObject(events)),
  text({ Objects, Empty }, { headers = false, long = false, size = true }) {
    const columns = columnsOf({ long, size }).join(' ')
    const [object] = Objects
    if (object === undefined) return columns
    if (Empty === true) return undefined
    const [link] = object.Links
    if (link === undefined) return `${printable(object.Hash)}:${headers ? `\n${columns}` : ''}`
    return lineOf(link, { long, size })
  },
  rows: ({ Objects }, { long = false, size = true }) =>
    Objects.length === 0
      ? [columnsOf({ long, size }).map((text) => ({ text, tone: 'quiet', isNumber: text === 'Size' }))]
      : Objects.flatMap(({ Links }) => Links.map((link) => rowOf(link, { long, size }))),
})

/** Names of the columns. */
function columnsOf({ long, size }: { readonly long: boolean; readonly size: boolean }): string[] {
  return ['Mode', 'Hash', 'Size', 'ModTime', 'Name'].filter(
    (name) => (long || (name !== 'Mode' && name !== 'ModTime')) && (size || name !== 'Size'),
  )
}

/** What begins the listing of a folder is for people. */
function hasLinks({ Objects }: LsEvent): boolean {
  return Objects.some(({ Links }) => Links.length > 0)
}

/** One object with all that is listed, by what it was listed of. */
async function byObject(events: AsyncIterable<LsEvent>): Promise<LsEvent> {
  const objects = new Map<string, LsLink[]>()
  for await (const { Objects } of events) {
    for (const { Hash, Links } of Objects) {
      const links = objects.get(Hash) ?? []
      objects.set(Hash, links)
      links.push(...Links)
    }
  }
  return { Objects: Array.from(objects, ([Hash, Links]) => ({ Hash, Links })) }
}

function lineOf(
  { Name, Hash, Size, Type, Mode, ModTime }: LsLink,
  { long, size }: { readonly long: boolean; readonly size: boolean },
): string {
  const isFolder = Type === LINK_TYPE.directory
  const words = [Hash, ...(size ? [isFolder ? '-' : Size] : [])]
  if (long) {
    words.unshift(Mode === 0 ? '-' : permissionText(Mode, isFolder))
    words.push(ModTime === UNKNOWN.ModTime ? '-' : ModTime)
  }
  return [...words, `${printable(Name)}${isFolder ? '/' : ''}`].join(' ')
}

/** As {@link lineOf}, for people. */
function rowOf(link: LsLink, { long, size }: { readonly long: boolean; readonly size: boolean }): TableRow {
  const { Name, Hash, Size, Type, Mode, ModTime } = link
  const isFolder = Type === LINK_TYPE.directory
  const mode: TableRow = long ? [{ text: Mode === 0 ? '-' : permissionText(Mode, isFolder), tone: 'quiet' }] : []
  const bytes: TableRow = size ? [{ text: isFolder ? '-' : formatBytes(Size), isNumber: true }] : []
  const time: TableRow = long ? [{ text: ModTime === UNKNOWN.ModTime ? '-' : ModTime, tone: 'quiet' }] : []
  const name = `${printable(Name)}${isFolder ? '/' : ''}`
  return [...mode, { text: Hash }, ...bytes, ...time, { text: name, tone: isFolder ? 'folder' : undefined }]
}

/** Of what nobody has looked into. */
const UNKNOWN = { Mode: goMode({}, 'file'), ModTime: formatGoTime(undefined) } as const

interface Listing {
  /** Whether entries are looked into, for their types and sizes. */
  readonly looks: boolean
  /** Whether entries are given as they come. */
  readonly stream: boolean
  readonly signal: AbortSignal
}

/** Entries of a directory; of a file its chunks, which have no names. */
async function* listed(reader: BlockReader, cid: CID, { looks, stream, signal }: Listing): AsyncGenerator<LsLink> {
  const node = decodeUnixFS(await reader.get(cid, { signal }))
  if (isFile(node)) {
    for (const [index, link] of node.links.entries()) {
      const Size = node.data.blockSizes[index] ?? 0
      yield { Name: '', Hash: link.Hash.toString(), Size, Type: LINK_TYPE.file, Target: '', ...UNKNOWN }
    }
    return
  }
  if (!isDirectory(node)) throw new CairnError('INVALID', `Cannot list ${cid}: it is a ${node.data.type}`, { cid })
  const described = (entries: Iterable<DirectoryEntry>) =>
    traverse(
      stepsOf(entries, (entry) => describe(reader, entry, looks)),
      { signal },
    )
  if (!stream) {
    yield* described(await listSorted(reader, cid, { signal }))
    return
  }
  let group: DirectoryEntry[] = []
  for await (const entry of listDirectory(reader, cid, { signal })) {
    group.push(entry)
    if (group.length < DESCRIBED_AT_ONCE) continue
    yield* described(group)
    group = []
  }
  yield* described(group)
}

function* stepsOf<Value>(
  entries: Iterable<DirectoryEntry>,
  step: (entry: DirectoryEntry) => Step<Value>,
): Generator<Step<Value>> {
  for (const entry of entries) yield step(entry)
}

/** Looks into the entry for its type and size. A raw leaf is taken at its parent's word, as Kubo does. */
function describe(reader: BlockReader, { name, cid, tsize }: DirectoryEntry, looks: boolean): Step<LsLink> {
  const link = { Name: name, Hash: cid.toString(), Target: '', ...UNKNOWN }
  return {
    async run(options) {
      if (cid.code === RAW_CODE) return { value: { ...link, Size: tsize, Type: LINK_TYPE.file }, bytes: 0, next: [] }
      if (cid.code !== DAG_PB_CODE)
        return { value: { ...link, Size: tsize, Type: LINK_TYPE.metadata }, bytes: 0, next: [] }
      if (!looks) return { value: { ...link, Size: 0, Type: 0 }, bytes: 0, next: [] }
      const node = decodeUnixFS(await reader.get(cid, options))
      const { type, data } = node.data
      const Size = isFile(node) ? fileSize(node) : 0
      const Target = type === 'symlink' ? toString(data) : ''
      const kind = type === 'symlink' ? 'symlink' : isDirectory(node) ? 'directory' : 'file'
      const metadata = { Mode: goMode(node.data, kind), ModTime: formatGoTime(node.data.mtime) }
      return { value: { ...link, Size, Type: LINK_TYPE[type], Target, ...metadata }, bytes: 0, next: [] }
    },
  }
}
