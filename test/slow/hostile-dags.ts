// DAGs that were made to hurt: a few bytes or blocks each that ask for endless time, stack or memory.
import { createBlock, DAG_PB_CODE, encodeUnixFS, encodeValue, type Block, type IpldValue } from '@cairn/core'
import { encode as encodePb } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'

const DAG_CBOR_CODE = 0x71
const RAW_CODE = 0x55
const EMPTY = new Uint8Array(0)

/** Names of the DAGs. `small` is harmless, and what the others are measured against. */
export const HOSTILE = [
  'small',
  'chain',
  'pb-chain',
  'shared-cbor',
  'shared-folders',
  'shared-file',
  'wide-tree',
  'wide-levels',
  'wide-folders',
  'deep-cbor',
  'many-maps',
  'claims',
] as const

/** Name of a DAG. */
export type HostileName = (typeof HOSTILE)[number]

/** Those that no walk can enter: a collection that meets them cannot know what to keep. */
export const UNREADABLE: readonly HostileName[] = ['deep-cbor', 'claims']

/** The blocks of a DAG, children first and the root last. `nodes` is the length of the chains. */
export function* hostileDag(name: HostileName, nodes: number): Generator<Block> {
  if (name === 'small') yield cbor([1])
  else if (name === 'chain') yield* chain(nodes, (next) => cbor(next === undefined ? [] : [next.cid]))
  else if (name === 'pb-chain') yield* chain(nodes, (next) => folder(next === undefined ? [] : [['a', next]]))
  else if (name === 'shared-cbor') yield* chain(60, (next) => cbor(next === undefined ? [] : [next.cid, next.cid]))
  else if (name === 'shared-folders')
    yield* chain(60, (next) =>
      folder(
        next === undefined
          ? []
          : [
              ['a', next],
              ['b', next],
            ],
      ),
    )
  else if (name === 'shared-file') yield* sharedFile()
  else if (name === 'wide-tree') yield* wideTree()
  else if (name === 'wide-levels')
    yield* chain(40, (next) => cbor([...(next === undefined ? [] : [next.cid]), ...tinyLinks(180_000)]))
  else if (name === 'wide-folders') yield* chain(6, wideFolder)
  else if (name === 'deep-cbor') yield createBlock(Buffer.alloc(2_000_000, 0x81), { codec: DAG_CBOR_CODE })
  else if (name === 'many-maps')
    yield createBlock(Buffer.concat([Buffer.from('9a001e8480', 'hex'), Buffer.alloc(2_000_000, 0xa0)]), {
      codec: DAG_CBOR_CODE,
    })
  else yield createBlock(Buffer.from('829b00000000ffffffff5b00000000ffffffff', 'hex'), { codec: DAG_CBOR_CODE })
}

function* chain(length: number, node: (next: Block | undefined, index: number) => Block): Generator<Block> {
  let last: Block | undefined
  for (let index = 0; index < length; index++) {
    last = node(last, index)
    yield last
  }
}

/** A million links to different leaves, which are inside their CIDs: no node of a million fits a block, so some nodes hold them. */
function* wideTree(): Generator<Block> {
  const parts: Block[] = []
  for (let part = 0; part < 8; part++) parts.push(cbor(tinyLinks(125_000, part * 125_000)))
  yield* parts
  yield cbor(parts.map(({ cid }) => cid))
}

function wideFolder(next: Block | undefined, index: number): Block {
  const links = tinyLinks(75_000, index).map((Hash, at) => ({ Hash, Name: `${at + 100_000}`, Tsize: 0 }))
  const Links = next === undefined ? links : [{ Hash: next.cid, Name: '0', Tsize: 0 }, ...links]
  return createBlock(encodePb({ Data: Uint8Array.of(8, 1), Links }), { codec: DAG_PB_CODE })
}

/** A file of 2^40 zero bytes: 20 levels of two equal links each over one MiB. */
function* sharedFile(): Generator<Block> {
  const leaf = createBlock(new Uint8Array(1024 * 1024), { codec: RAW_CODE })
  yield leaf
  yield* chain(20, (next, index) => {
    const child = next ?? leaf
    const size = 1024 * 1024 * 2 ** index
    const data = { type: 'file', data: EMPTY, fileSize: size * 2, blockSizes: [size, size] } as const
    const link = { Hash: child.cid, Name: '', Tsize: size }
    return createBlock(encodeUnixFS(data, [link, link]), { codec: DAG_PB_CODE })
  })
}

function folder(entries: readonly (readonly [string, Block])[]): Block {
  const links = entries.map(([Name, { cid, bytes }]) => ({ Hash: cid, Name, Tsize: bytes.length }))
  return createBlock(encodeUnixFS({ type: 'directory', data: EMPTY, blockSizes: [] }, links), { codec: DAG_PB_CODE })
}

function cbor(value: IpldValue): Block {
  return createBlock(encodeValue('dag-cbor', value), { codec: DAG_CBOR_CODE })
}

/** CIDs of raw leaves of three bytes, which are in the CIDs themselves. */
function tinyLinks(count: number, first = 0): CID[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index
    return CID.createV1(RAW_CODE, create(0, Uint8Array.of(number >> 16, number >> 8, number)))
  })
}
