// cairn cat and get: content by CID or path.
import {
  decodeUnixFS,
  fileSize,
  isFile,
  RAW_CODE,
  readEarly,
  readFile,
  readTree,
  resolvePath,
  type AbortOptions,
  type BlockReader,
  type ByteRange,
} from '@cairn/core'
import { bytesCommand, firstArgument, treeCommand, type CommandInput } from '../command.ts'

const PATH = {
  name: 'path',
  help: 'CID, CID/name, /ipfs/CID/name, ipfs://CID/name or the URL of a gateway',
  isPiped: true,
} as const

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
  async *run({ args, options, node, signal, onLength }) {
    const { blocks, store } = await node()
    if (onLength !== undefined) {
      const bytes = await lengthOf({ blocks, store }, args, { ...options, signal })
      if (bytes !== undefined) onLength(bytes)
    }
    yield* readEarly(blocks, (reader) => joinFiles(reader, args, { ...options, signal }))
  },
})

/** How many bytes `joinFiles` gives; `undefined` where a block would have to be fetched for that alone. */
async function lengthOf(
  { blocks, store }: Pick<Awaited<ReturnType<CommandInput['node']>>, 'blocks' | 'store'>,
  paths: readonly string[],
  { offset = 0, length = Infinity, signal }: ByteRange & AbortOptions,
): Promise<number | undefined> {
  let bytes = -offset
  for (const path of paths) {
    const cid = await resolvePath(blocks, path, { followsLast: true, signal })
    const stored = await store.size(cid)
    if (cid.code !== RAW_CODE) {
      const found = decodeUnixFS(await blocks.get(cid, { signal }))
      if (!isFile(found)) return undefined // reading says what is wrong with it
      bytes += fileSize(found)
    } else if (stored === undefined) {
      return undefined
    } else {
      bytes += stored
    }
  }
  return Math.min(Math.max(bytes, 0), length)
}

/** Several files, read as if they were one. */
async function* joinFiles(
  blocks: BlockReader,
  paths: readonly string[],
  { offset = 0, length = Infinity, signal }: ByteRange & AbortOptions,
): AsyncGenerator<Uint8Array> {
  let skip = offset
  let left = length
  for (const path of paths) {
    if (left === 0) return
    const cid = await resolvePath(blocks, path, { followsLast: true, signal })
    const size = paths.length === 1 ? Infinity : fileSize(decodeUnixFS(await blocks.get(cid, { signal })))
    for await (const bytes of readFile(blocks, cid, { offset: Math.min(skip, size), length: left, signal })) {
      left -= bytes.length
      yield bytes
    }
    skip = Math.max(0, skip - size)
  }
}

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
    output: {
      type: 'text',
      isLocal: true,
      short: 'o',
      value: 'OUT',
      help: 'where to write it; by default the last name of the path',
    },
    archive: { type: 'flag', short: 'a', help: 'write a tar archive; to standard output with -o -' },
    compress: { type: 'flag', short: 'C', help: 'compress the file or archive with gzip' },
    'compression-level': {
      type: 'count',
      needs: 'compress',
      short: 'l',
      value: 'N',
      choices: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
      help: '1, fast, to 9, small',
    },
  },
  fetches: true,
  async *run({ args, reader, signal, known }) {
    const path = firstArgument({ args })
    const blocks = await reader()
    yield* readTree(blocks, { cid: await resolvePath(blocks, path, { signal }), path: '' }, { known, signal })
  },
})
