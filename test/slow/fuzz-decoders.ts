// What is decoded from strangers, each with sound input to begin with: the fuzzer of fuzz.test.ts changes that.
import {
  createBlock,
  DAG_PB_CODE,
  decodeBlock,
  decodeCid,
  decodeUnixFS,
  decodeValue,
  eachLink,
  encodeUnixFS,
  encodeValue,
  findNode,
  listDirectory,
  parseChunker,
  parseCid,
  parsePath,
  type Block,
  type CodecName,
} from '@cairn/core'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { decodeMessage, downgradeMessage, encodeMessage } from '@cairn/exchange'

/** A decoder, and input that it takes. */
export interface Decoder {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  decode(bytes: Uint8Array): unknown
}

const TEXT = new TextEncoder()
const LEAF = createBlock(Uint8Array.of(1), { codec: 0x55 })
const SHA1 = CID.createV1(0x78, create(0x11, new Uint8Array(20)))
const IDENTITY = CID.createV1(0x71, create(0, Uint8Array.of(0xa0)))
const CIDS = [LEAF.cid, SHA1, IDENTITY, CID.createV0(create(0x12, LEAF.cid.multihash.digest))]
const EMPTY = new Uint8Array(0)

const PB_LINK = { Hash: LEAF.cid, Name: 'name', Tsize: 300 }
const FILE = {
  type: 'file',
  data: EMPTY,
  fileSize: 8,
  blockSizes: [5, 3],
  mode: 0o644,
  mtime: { seconds: -1n, nanoseconds: 9 },
} as const
const UNIXFS = [
  encodeUnixFS(FILE, [
    { ...PB_LINK, Name: '' },
    { ...PB_LINK, Name: '' },
  ]),
  encodeUnixFS({ type: 'directory', data: EMPTY, blockSizes: [] }, [PB_LINK]),
  encodeUnixFS({ type: 'symlink', data: TEXT.encode('../a'), blockSizes: [] }, []),
]
// The hash of the name begins with 00 (a fact of murmur3), so it stands in bucket 0.
const SHARD = { type: 'hamt-shard', data: Uint8Array.of(1), blockSizes: [], hashType: 0x22, fanout: 256 } as const
const SHARDS = [
  encodeUnixFS(SHARD, [{ ...PB_LINK, Name: '00470.txt' }]),
  encodeUnixFS(SHARD, [{ ...PB_LINK, Name: '00' }]),
]

const VALUES = [
  '{"a":[1,-2.5,{"/":"bafkqaaa"}],"b":{"/":{"bytes":"AQID"}},"é":null}',
  '[true,18446744073709551615,"\\u00e9\\n",{}]',
  '1e-7',
  '{"Data":{"/":{"bytes":"CAE"}},"Links":[]}',
]
const seedsOf = (codec: CodecName) =>
  VALUES.map((json) => encodeValue(codec, decodeValue('dag-json', TEXT.encode(json))))

const WANT = { priority: 0x7fff_ffff, cancel: false, type: 'block', sendDontHave: true } as const
const MESSAGES = [
  { full: true, wants: CIDS.map((cid) => ({ ...WANT, cid })) },
  { wants: CIDS.map((cid) => ({ ...WANT, cid, cancel: true, priority: -1 })) },
  { blocks: [LEAF], presences: CIDS.map((cid, index) => ({ cid, has: index > 1 })), pendingBytes: 300 },
].map((parts) => encodeMessage(parts))

/** All decoders but that of CARs, which has a test of its own. */
export const DECODERS: readonly Decoder[] = [
  { name: 'CID bytes', seeds: CIDS.map(({ bytes }) => bytes), decode: decodeCid },
  {
    name: 'CID text',
    seeds: CIDS.map((cid) => TEXT.encode(cid.toString())),
    decode: (bytes) => parseCid(textOf(bytes)),
  },
  codecDecoder('dag-pb', 0x70, UNIXFS),
  codecDecoder('dag-cbor', 0x71, seedsOf('dag-cbor')),
  codecDecoder(
    'dag-json',
    0x0129,
    VALUES.map((json) => TEXT.encode(json)),
  ),
  { name: 'UnixFS', seeds: UNIXFS, decode: (bytes) => decodeUnixFS(createBlock(bytes, { codec: DAG_PB_CODE })) },
  { name: 'HAMT shard', seeds: SHARDS, decode: listShard },
  {
    name: 'paths',
    seeds: ['/ipfs/bafkqaaa/a/../b', 'ipfs://bafkqaaa/a', '/ipld/bafkqaaa/Links/0/Hash', 'bafkqaaa'].map((path) =>
      TEXT.encode(path),
    ),
    decode: (bytes) => parsePath(textOf(bytes)),
  },
  { name: 'paths in dag-cbor', seeds: seedsOf('dag-cbor'), decode: followPath },
  {
    name: 'chunkers',
    seeds: ['size-262144', 'rabin-16-2048-4096', 'buzhash', 'rabin-min:16-avg:32-max:64'].map((text) =>
      TEXT.encode(text),
    ),
    decode: (bytes) => parseChunker(textOf(bytes)),
  },
  {
    name: 'bitswap messages',
    seeds: [...MESSAGES, downgradeMessage(encodeMessage({ blocks: [LEAF] }), { hasPrefixes: false })],
    decode: decodeAndDowngrade,
  },
]

/** Values, links, and what comes back: a value that was read can be written, and strict bytes come back as they were. */
function codecDecoder(name: CodecName, code: number, seeds: readonly Uint8Array[]): Decoder {
  return {
    name,
    seeds,
    decode: (bytes) => {
      const block = createBlock(bytes, { codec: code })
      for (const _ of eachLink(block)) continue
      decodeBlock(block)
      const written = encodeValue(name, decodeValue(name, bytes, { isStrict: true }))
      if (name === 'dag-cbor' && Buffer.compare(written, bytes) !== 0)
        throw new Error('strict bytes came back otherwise')
      return encodeValue(name, decodeValue(name, written))
    },
  }
}

/** What was read can be said to older peers as well, and they read it. */
function decodeAndDowngrade(bytes: Uint8Array): void {
  decodeMessage(bytes)
  for (const hasPrefixes of [true, false]) {
    const { wants, presences } = decodeMessage(downgradeMessage(bytes, { hasPrefixes }))
    if (presences.length > 0 || wants.some(({ type, sendDontHave }) => type === 'have' || sendDontHave))
      throw new Error('an older peer was told what it cannot know')
  }
}

async function listShard(bytes: Uint8Array): Promise<void> {
  const block = createBlock(bytes, { codec: DAG_PB_CODE })
  for await (const _ of listDirectory(
    { get: (cid) => Promise.resolve(cid.equals(block.cid) ? block : empty()) },
    block.cid,
  ))
    continue
}

async function followPath(bytes: Uint8Array): Promise<void> {
  const block = createBlock(bytes, { codec: 0x71 })
  await findNode({ get: () => Promise.resolve(block) }, `${block.cid}/a/2/a/0`)
}

/** A shard that is none: every way that leads to it ends. */
function empty(): Block {
  return createBlock(encodeUnixFS({ type: 'directory', data: EMPTY, blockSizes: [] }, []), { codec: DAG_PB_CODE })
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
