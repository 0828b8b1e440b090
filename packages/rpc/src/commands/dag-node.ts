// cairn dag put, get and resolve: values in the codecs of IPLD.
import {
  BIG_BLOCK_BYTES_MAX,
  BLOCK_BYTES_MAX,
  CODEC_NAMES,
  codecByName,
  createBlock,
  decodeBlock,
  decodeValue,
  encodeValue,
  findNode,
  HASH_NAMES,
  hashByName,
  type CodecName,
} from '@cairn/core'
import { lastEvent } from './answers.ts'
import { bytesCommand, eventCommand, firstArgument } from '../command.ts'
import { printable } from '../printable.ts'
import { BIG_BLOCK_OPTION, readWhole } from './block.ts'

/** A CID as Kubo's JSON has it. */
export interface CidJson {
  readonly '/': string
}

const REF = {
  name: 'ref',
  isPiped: true,
  help: 'CID or path; /ipld/CID/Links/0/Hash reads dag-pb by its fields',
} as const
const CODEC = { type: 'text', value: 'NAME', choices: CODEC_NAMES } as const

export const dagPut = eventCommand({
  path: ['dag', 'put'],
  summary: 'Store a value as a block and print its CID',
  examples: [
    `echo '{"name":"x","link":{"/":"bafy…"}}' | cairn dag put`,
    'cairn dag put --pin a.json b.json',
    'cairn dag put --input-codec dag-cbor --store-codec dag-json node.cbor',
  ],
  arguments: [
    {
      name: 'file',
      kind: 'source',
      optional: true,
      repeat: true,
      help: 'file with a value, - for standard input, which is the default',
    },
  ],
  options: {
    'input-codec': { ...CODEC, help: 'how the value is written; dag-json by default' },
    'store-codec': { ...CODEC, help: 'codec of the block; dag-cbor by default' },
    hash: { type: 'text', value: 'NAME', choices: HASH_NAMES, help: 'hash function; sha2-256 by default' },
    pin: { type: 'flag', help: 'pin the block with all that it links to' },
    'allow-big-block': BIG_BLOCK_OPTION,
  },
  async *run({ sources, options, node, signal }): AsyncGenerator<{ readonly Cid: CidJson }> {
    const { blocks, pins } = await node()
    const [from, to] = [codecOf(options['input-codec'] ?? 'dag-json'), codecOf(options['store-codec'] ?? 'dag-cbor')]
    const hash = hashByName(options.hash ?? 'sha2-256').name
    const bytesMax = options['allow-big-block'] === true ? BIG_BLOCK_BYTES_MAX : BLOCK_BYTES_MAX
    for await (const source of sources) {
      const bytes = encodeValue(to, decodeValue(from, await readWhole(source, bytesMax), { isStrict: true }))
      const block = createBlock(bytes, { codec: codecByName(to), hash, bytesMax })
      await blocks.putMany([block])
      if (options.pin === true) await pins.add(block.cid, { blocks, signal })
      yield { Cid: { '/': block.cid.toString() } }
    }
  },
  text: ({ Cid }) => Cid['/'],
})

export const dagGet = bytesCommand({
  path: ['dag', 'get'],
  summary: 'Write a value, or a part of one, to standard output',
  examples: ['cairn dag get bafy…', 'cairn dag get bafy…/people/0/name', 'cairn dag get --output-codec dag-cbor bafy…'],
  arguments: [REF],
  options: { 'output-codec': { ...CODEC, help: 'how the value is written; dag-json by default' } },
  fetches: true,
  async *run({ args, options, node, signal }) {
    const { blocks } = await node()
    const to = codecOf(options['output-codec'] ?? 'dag-json')
    const { cid, value } = await findNode(blocks, firstArgument({ args }), { signal })
    if (value !== undefined) {
      yield encodeValue(to, value)
      return
    }
    const block = await blocks.get(cid, { signal })
    const whole = decodeBlock(block)
    // Bytes in the codec that is asked for are what their CID names, canonical or not.
    yield codecByName(to) === cid.code ? block.bytes : encodeValue(to, whole)
  },
})

export const dagResolve = eventCommand({
  path: ['dag', 'resolve'],
  summary: 'Print the last block on a path, and what of the path is inside it',
  examples: ['cairn dag resolve bafy…/people/0/name'],
  arguments: [REF],
  options: {},
  fetches: true,
  async *run({ args, node, signal }): AsyncGenerator<{ readonly Cid: CidJson; readonly RemPath: string }> {
    const { blocks } = await node()
    const { cid, remainder } = await findNode(blocks, firstArgument({ args }), { signal })
    yield { Cid: { '/': cid.toString() }, RemPath: remainder.join('/') }
  },
  answer: lastEvent,
  text: ({ Cid, RemPath }) => printable(RemPath === '' ? Cid['/'] : `${Cid['/']}/${RemPath}`),
})

/** The codec of an option, whose choices are the names of codecs. */
function codecOf(name: string): CodecName {
  const found = CODEC_NAMES.find((codec) => codec === name)
  if (found === undefined) throw new TypeError(`there is no codec ${name}`)
  return found
}
