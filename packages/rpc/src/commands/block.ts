// cairn block get, put, stat and rm: single blocks.
import {
  BIG_BLOCK_BYTES_MAX,
  BLOCK_BYTES_MAX,
  CairnError,
  CODEC_NAMES,
  codecByName,
  createBlock,
  DAG_PB_CODE,
  HASH_NAMES,
  hashByName,
  isCairnError,
  parsePath,
  resolvePath,
  type Block,
  type Keeper,
  type NamedSource,
} from '@cairn/core'
import type { CID } from 'multiformats/cid'
import { concat } from 'uint8arrays/concat'
import { lastEvent } from './answers.ts'
import { bytesCommand, eventCommand, firstArgument } from '../command.ts'

export interface BlockEvent {
  readonly Key: string
  readonly Size: number
}

const CID_ARGUMENT = { name: 'cid', isPiped: true, help: 'CID or path of the block' } as const

/** Lets blocks be larger than what every peer takes. */
export const BIG_BLOCK_OPTION = { type: 'flag', help: 'allow up to 8 MiB, which peers do not take' } as const

export const blockGet = bytesCommand({
  path: ['block', 'get'],
  contentType: 'application/vnd.ipld.raw',
  summary: 'Write the bytes of a block to standard output',
  examples: ['cairn block get bafk… > block.bin'],
  arguments: [CID_ARGUMENT],
  options: {},
  fetches: true,
  async *run({ args, node, signal, onLength }) {
    const { blocks } = await node()
    const { bytes } = await blocks.get(await resolvePath(blocks, firstArgument({ args }), { signal }), { signal })
    onLength?.(bytes.length)
    yield bytes
  },
})

/** What `--format` means. Source: kubo core/commands/block.go. */
const OLD_NAMES: Readonly<Record<string, string>> = { protobuf: 'dag-pb', cbor: 'dag-cbor', raw: 'raw' }

export const blockPut = eventCommand({
  path: ['block', 'put'],
  summary: 'Store bytes as a block and print its CID',
  examples: [
    'cairn block put block.bin',
    'printf hello | cairn block put',
    'cairn block put --cid-codec dag-cbor node.cbor',
  ],
  arguments: [
    {
      name: 'file',
      kind: 'source',
      optional: 'piped',
      repeat: true,
      help: 'file of at most 2 MiB, - for standard input, which is the default in a pipe',
    },
  ],
  options: {
    'cid-codec': { type: 'text', value: 'NAME', choices: CODEC_NAMES, help: 'codec of the CID; raw by default' },
    mhtype: { type: 'text', value: 'NAME', choices: HASH_NAMES, help: 'hash function; sha2-256 by default' },
    format: {
      type: 'text',
      value: 'v0',
      choices: ['v0', 'protobuf', 'cbor', 'raw'],
      excludes: ['cid-codec'],
      help: 'v0: make a CIDv0; the others are old names of codecs',
    },
    mhlen: {
      type: 'text',
      value: 'BYTES',
      check: lengthOf,
      help: 'length of the hash; -1, the default, is that of its function, and others are not supported',
    },
    pin: { type: 'flag', help: 'pin the block' },
    'allow-big-block': BIG_BLOCK_OPTION,
  },
  async *run({ sources, options, node }): AsyncGenerator<BlockEvent> {
    const { blocks, pins } = await node()
    for await (const source of sources) {
      const bytesMax = options['allow-big-block'] === true ? BIG_BLOCK_BYTES_MAX : BLOCK_BYTES_MAX
      const bytes = await readWhole(source, bytesMax)
      const hash = hashByName(options.mhtype ?? 'sha2-256').name
      const block: Block =
        options.format === 'v0'
          ? createBlock(bytes, { codec: DAG_PB_CODE, cidVersion: 0, bytesMax })
          : createBlock(bytes, {
              codec: codecByName(OLD_NAMES[options.format ?? ''] ?? options['cid-codec'] ?? 'raw'),
              hash,
              bytesMax,
            })
      const length = lengthOf(options.mhlen ?? '-1')
      if (length !== -1 && length !== block.cid.multihash.size)
        throw new CairnError('UNSUPPORTED', `Cannot put ${source.name}: hashes of ${length} bytes are not supported`)
      await blocks.putMany([block])
      if (options.pin === true) await pins.add(block.cid, { blocks })
      yield { Key: block.cid.toString(), Size: bytes.length }
    }
  },
  text: ({ Key }) => Key,
})

export const blockStat = eventCommand({
  path: ['block', 'stat'],
  summary: 'Print the CID and size of a block',
  examples: ['cairn block stat bafk…'],
  arguments: [CID_ARGUMENT],
  options: {},
  fetches: true,
  async *run({ args, node, signal }): AsyncGenerator<BlockEvent> {
    const { blocks } = await node()
    const cid = await resolvePath(blocks, firstArgument({ args }), { signal })
    yield { Key: cid.toString(), Size: (await blocks.get(cid, { signal })).bytes.length }
  },
  answer: lastEvent,
  text: ({ Key, Size }) => `Key: ${Key}\nSize: ${Size}`,
})

export const blockRm = eventCommand({
  path: ['block', 'rm'],
  summary: 'Delete blocks from the repo; pinned ones are refused',
  examples: ['cairn block rm bafk…', 'cairn block rm --force bafk…   no error if it is not there'],
  arguments: [{ name: 'cid', repeat: true, isPiped: true, help: 'CID of the block' }],
  options: {
    force: { type: 'flag', short: 'f', help: 'do not fail for blocks that are not there' },
    quiet: { type: 'flag', short: 'q', help: 'print nothing' },
  },
  async *run({ args, options: { force = false }, node, signal }): AsyncGenerator<RemovedBlock> {
    const { store, pins } = await node()
    // All are checked before the first is deleted, so that a refusal changes nothing.
    const cids = args.map((text) => parsePath(text).root)
    const keepers = await pins.keepersOfAll(cids, { signal })
    const pinned = cids.find((_, index) => keepers[index] !== undefined)
    if (pinned !== undefined) {
      for (const [index, cid] of cids.entries()) yield { Hash: cid.toString(), Error: refusalOf(keepers[index]) }
      throw new CairnError('CONFLICT', `Cannot delete ${pinned}: it is pinned`, { cid: pinned })
    }
    let missing: CID | undefined
    for (const cid of cids) {
      const deleted = await store.deleteMany([cid])
      if (deleted > 0 || force) {
        yield { Hash: cid.toString() }
        continue
      }
      missing ??= cid
      yield { Hash: cid.toString(), Error: `ipld: could not find ${cid}` }
    }
    if (missing !== undefined)
      throw new CairnError('NOT_FOUND', `Cannot delete ${missing}: it is not in this repo`, { cid: missing })
  },
  answer: (events) => asResults(events),
  text: ({ Hash, Error: error }, { quiet = false }) => (quiet || error !== undefined ? undefined : `removed ${Hash}`),
})

export interface RemovedBlock {
  readonly Hash: string
  readonly Error?: string
}

/** Kubo's words for a block that is not deleted. */
function refusalOf(keeper: Keeper | undefined): string {
  if (keeper === undefined) return 'not deleted, since another block of this call is pinned'
  return keeper.type === 'indirect' ? `pinned via ${keeper.pin.cid}` : `pinned: ${keeper.type}`
}

/** In Kubo a block that is not there, or is pinned, is no failure of the call, but a result. */
async function* asResults(events: AsyncIterable<RemovedBlock>): AsyncGenerator<RemovedBlock> {
  let hasRefused = false
  try {
    for await (const event of events) {
      hasRefused ||= event.Error !== undefined
      yield event
    }
  } catch (error) {
    if (!hasRefused || !isCairnError(error) || (error.code !== 'NOT_FOUND' && error.code !== 'CONFLICT')) throw error
  }
}

/** @throws INVALID for what is no length */
function lengthOf(text: string): number {
  if (!/^-1$|^\d{1,3}$/.test(text)) throw new CairnError('INVALID', `Cannot take "${text}" for a length`)
  return Number(text)
}

/** The content of a source that is to become one block of at most `bytesMax`. @throws LIMIT, INVALID for a folder */
export async function readWhole({ name, source }: NamedSource, bytesMax: number): Promise<Uint8Array> {
  const what = name === '' ? 'standard input' : name
  if (source.kind !== 'file') throw new CairnError('INVALID', `Cannot put ${what}: it is not a file`)
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of source.content()) {
    size += piece.length
    if (size > bytesMax) throw new CairnError('LIMIT', `Cannot put ${what}: a block has at most ${bytesMax} bytes`)
    pieces.push(piece)
  }
  return concat(pieces)
}
