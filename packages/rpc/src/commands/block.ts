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

const CID_ARGUMENT = { name: 'cid', help: 'CID or path of the block' } as const

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
  async *run({ args, node, signal }) {
    const { blocks } = await node()
    const { bytes } = await blocks.get(await resolvePath(blocks, firstArgument({ args }), { signal }), { signal })
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
    pin: { type: 'flag', help: 'pin the block' },
    'allow-big-block': BIG_BLOCK_OPTION,
  },
  async *run({ sources, options, node }): AsyncGenerator<BlockEvent> {
    const { blocks, pins } = await node()
    for await (const source of sources) {
      const bytesMax = options['allow-big-block'] === true ? BIG_BLOCK_BYTES_MAX : BLOCK_BYTES_MAX
      const bytes = await readWhole(source, bytesMax)
      const block: Block =
        options.format === 'v0'
          ? createBlock(bytes, { codec: DAG_PB_CODE, cidVersion: 0, bytesMax })
          : createBlock(bytes, {
              codec: codecByName(OLD_NAMES[options.format ?? ''] ?? options['cid-codec'] ?? 'raw'),
              hash: hashByName(options.mhtype ?? 'sha2-256').name,
              bytesMax,
            })
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
  arguments: [{ name: 'cid', repeat: true, help: 'CID of the block' }],
  options: {
    force: { type: 'flag', short: 'f', help: 'do not fail for blocks that are not there' },
    quiet: { type: 'flag', short: 'q', help: 'print nothing' },
  },
  async *run({ args, options: { force = false }, node, signal }): AsyncGenerator<RemovedBlock> {
    const { store, pins } = await node()
    // All are checked before the first is deleted, so that a refusal changes nothing.
    const cids = args.map((text) => parsePath(text).root)
    for (const [index, keeper] of (await pins.keepersOf(cids, { signal })).entries()) {
      if (keeper !== undefined)
        throw new CairnError('CONFLICT', `Cannot delete ${cids[index]}: it is pinned (${keeper.type})`, {
          cid: keeper.pin.cid,
        })
    }
    let missing: CID | undefined
    for (const cid of cids) {
      const deleted = await store.deleteMany([cid])
      if (deleted > 0 || force) yield { Hash: cid.toString() }
      else missing ??= cid
    }
    if (missing !== undefined)
      throw new CairnError('NOT_FOUND', `Cannot delete ${missing}: it is not in this repo`, { cid: missing })
  },
  answer: (events) => withMissing(events),
  text: ({ Hash }, { quiet = false }) => (quiet ? undefined : `removed ${Hash}`),
})

export interface RemovedBlock {
  readonly Hash: string
  readonly Error?: string
}

/** In Kubo a block that is not there is no failure of the call, but a result. */
async function* withMissing(events: AsyncIterable<RemovedBlock>): AsyncGenerator<RemovedBlock> {
  try {
    yield* events
  } catch (error) {
    if (!isCairnError(error, 'NOT_FOUND') || error.cid === undefined) throw error
    yield { Hash: error.cid.toString(), Error: error.message }
  }
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
