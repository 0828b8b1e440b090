// cairn cat, get and ls: content by CID or path.
import {
  DAG_PB_CODE,
  decodeUnixFS,
  fileSize,
  isFile,
  listDirectory,
  RAW_CODE,
  readFile,
  readTree,
  resolvePath,
  traverse,
  type BlockReader,
  type DirectoryEntry,
  type Step,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { toString } from 'uint8arrays/to-string'
import { bytesCommand, eventCommand, firstArgument, treeCommand } from '../command.ts'
import { printable } from '../printable.ts'

const PATH = { name: 'path', help: 'CID, CID/name, /ipfs/CID/name or ipfs://CID/name' } as const

export const cat = bytesCommand({
  path: ['cat'],
  summary: 'Write the content of files to standard output',
  examples: [
    'cairn cat bafy…/readme.md',
    'cairn cat --offset 1000 --length 20 bafy…',
    'cairn cat --peer /ip4/127.0.0.1/tcp/4001/p2p/12D3… bafy… > copy',
  ],
  arguments: [{ ...PATH, repeat: true }],
  options: {
    offset: { type: 'count', short: 'o', value: 'N', help: 'begin at this byte' },
    length: { type: 'count', short: 'l', value: 'N', help: 'write at most so many bytes' },
  },
  fetches: true,
  async *run({ args, options: { offset = 0, length = Infinity }, node, signal }) {
    const { blocks } = await node()
    let skip = offset
    let left = length
    for (const path of args) {
      if (left === 0) return
      const cid = await resolvePath(blocks, path, { signal })
      // Several files are read as if they were one.
      const size = args.length === 1 ? Infinity : fileSize(decodeUnixFS(await blocks.get(cid, { signal })))
      for await (const bytes of readFile(blocks, cid, { offset: Math.min(skip, size), length: left, signal })) {
        left -= bytes.length
        yield bytes
      }
      skip = Math.max(0, skip - size)
    }
  },
})

export const get = treeCommand({
  path: ['get'],
  summary: 'Write a file or folder to disk; where it was interrupted it goes on, and what is right already stays',
  examples: [
    'cairn get bafy…',
    'cairn get bafy…/docs -o ~/docs',
    'cairn get -a -C bafy…/docs -o docs.tar.gz',
    'cairn get --peer /ip4/127.0.0.1/tcp/4001/p2p/12D3… bafy…',
  ],
  arguments: [PATH],
  options: {
    output: { type: 'text', short: 'o', value: 'OUT', help: 'where to write it; by default the last name of the path' },
    archive: { type: 'flag', short: 'a', help: 'write a tar archive; to standard output with -o -' },
    compress: { type: 'flag', short: 'C', help: 'compress the file or archive with gzip' },
    'compression-level': {
      type: 'count',
      short: 'l',
      value: 'N',
      choices: [...'123456789'],
      help: '1, fast, to 9, small',
    },
  },
  fetches: true,
  async *run({ args, node, signal, known }) {
    const path = firstArgument({ args })
    const { blocks } = await node()
    yield* readTree(blocks, { cid: await resolvePath(blocks, path, { signal }), path: '' }, { known, signal })
  },
})

/** Numbers of the types in a listing, as Kubo's RPC has them. */
const LINK_TYPE = { directory: 1, file: 2, symlink: 4, 'hamt-shard': 1, raw: 2, metadata: 0 } as const

interface LsLink {
  readonly Name: string
  readonly Hash: string
  readonly Size: number
  readonly Type: number
  /** Where a symbolic link leads; empty for anything else. */
  readonly Target: string
}

/** One entry of one listed directory. */
interface LsEvent {
  readonly Objects: readonly [{ readonly Hash: string; readonly Links: readonly [LsLink] }]
}

export const ls = eventCommand({
  path: ['ls'],
  summary: 'List what a directory holds: CID, bytes, name',
  examples: ['cairn ls bafy…', 'cairn ls --json bafy…/docs'],
  arguments: [{ ...PATH, repeat: true }],
  options: {},
  fetches: true,
  async *run({ args, node, signal }): AsyncGenerator<LsEvent> {
    const { blocks } = await node()
    for (const path of args) {
      const cid = await resolvePath(blocks, path, { signal })
      for await (const link of listed(blocks, cid, signal)) yield { Objects: [{ Hash: cid.toString(), Links: [link] }] }
    }
  },
  text: ({
    Objects: [
      {
        Links: [{ Name, Hash, Size, Type }],
      },
    ],
  }) => (Type === LINK_TYPE.directory ? `${Hash} - ${printable(Name)}/` : `${Hash} ${Size} ${printable(Name)}`),
})

/** Entries of a directory; of a file its chunks, which have no names. */
async function* listed(reader: BlockReader, cid: CID, signal: AbortSignal): AsyncGenerator<LsLink> {
  const node = decodeUnixFS(await reader.get(cid, { signal }))
  if (isFile(node)) {
    for (const [index, link] of node.links.entries()) {
      const Size = node.data.blockSizes[index] ?? 0
      yield { Name: '', Hash: link.Hash.toString(), Size, Type: LINK_TYPE.file, Target: '' }
    }
    return
  }
  const entries = await Array.fromAsync(listDirectory(reader, cid, { signal }))
  yield* traverse(
    entries.values().map((entry) => describe(reader, entry)),
    { signal },
  )
}

/** Looks into the entry for its type and size. A raw leaf is taken at its parent's word, as Kubo does. */
function describe(reader: BlockReader, { name, cid, tsize }: DirectoryEntry): Step<LsLink> {
  const link = { Name: name, Hash: cid.toString(), Size: tsize, Target: '' }
  return {
    async run(options) {
      if (cid.code === RAW_CODE) return { value: { ...link, Type: LINK_TYPE.file }, bytes: 0, next: [] }
      if (cid.code !== DAG_PB_CODE) return { value: { ...link, Type: LINK_TYPE.metadata }, bytes: 0, next: [] }
      const node = decodeUnixFS(await reader.get(cid, options))
      const { type, data } = node.data
      const Size = isFile(node) ? fileSize(node) : 0
      const Target = type === 'symlink' ? toString(data) : ''
      return { value: { ...link, Size, Type: LINK_TYPE[type], Target }, bytes: 0, next: [] }
    },
  }
}
