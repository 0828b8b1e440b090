// The codecs whose blocks Cairn can look into. A codec that is not here is a leaf: stored and pinned, never walked.
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { CairnError } from '../errors.ts'
import type { Block } from './block.ts'

/** Multicodec code of opaque bytes. */
export const RAW_CODE = 0x55
/** Multicodec code of Merkle DAG protobuf, the codec of UnixFS. */
export const DAG_PB_CODE = 0x70

/** Names of the codecs that can be chosen for a block. */
export type CodecName = 'raw' | 'dag-pb' | 'dag-cbor' | 'dag-json'

/** A pointer to another block. */
export interface Link {
  readonly cid: CID
  /** Name of a dag-pb link; `undefined` where the codec has none or the link lacks it. */
  readonly name?: string | undefined
  /** Tsize of a dag-pb link in bytes: a hint from whoever wrote it, never a bound. */
  readonly tsize?: number | undefined
}

interface Codec {
  readonly name: CodecName
  readonly code: number
  links(bytes: Uint8Array): Link[]
}

const CODECS: readonly Codec[] = [
  { name: 'raw', code: RAW_CODE, links: () => [] },
  {
    name: 'dag-pb',
    code: DAG_PB_CODE,
    links: (bytes) => dagPb.decode(bytes).Links.map((link) => ({ cid: link.Hash, name: link.Name, tsize: link.Tsize })),
  },
  { name: 'dag-cbor', code: dagCbor.code, links: (bytes) => linksInside(dagCbor.decode(bytes), byLengthThenBytes) },
  { name: 'dag-json', code: dagJson.code, links: (bytes) => linksInside(dagJson.decode(bytes), byBytes) },
]

/** Names of the codecs that can be chosen for a block. */
export const CODEC_NAMES: readonly CodecName[] = CODECS.map((codec) => codec.name)

/** Multicodec code of the codec called `name`. @throws UNSUPPORTED with the names that exist */
export function codecByName(name: string): number {
  const found = CODECS.find((codec) => codec.name === name)
  if (found === undefined) {
    throw new CairnError('UNSUPPORTED', `Cannot use codec ${name}: known codecs are ${CODEC_NAMES.join(', ')}`)
  }
  return found.code
}

/** Whether blocks under `cid` can hold links, told from the CID alone. */
export function mayHaveLinks(cid: CID): boolean {
  return cid.code !== RAW_CODE && CODECS.some((codec) => codec.code === cid.code)
}

/**
 * The links of a block in the order they stand in it, repeated ones included. Blocks of an unknown codec have none.
 *
 * @throws INVALID when the bytes do not decode
 */
export function linksOf(block: Block): readonly Link[] {
  const codec = CODECS.find(({ code }) => code === block.cid.code)
  if (codec === undefined) return []
  try {
    return codec.links(block.bytes)
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot decode ${block.cid} as ${codec.name}: ${String(cause)}`, {
      cause,
      cid: block.cid,
    })
  }
}

/** CIDs inside a decoded value in their order, found without recursion so that nesting cannot overflow the stack here. */
function linksInside(root: unknown, keyOrder: KeyOrder): Link[] {
  const links: Link[] = []
  const open: Iterator<unknown, unknown>[] = [[root].values()]
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const { done, value: next } = inner.next()
    if (done === true) open.pop()
    else if (Array.isArray(next)) open.push(next.values())
    else if (isMap(next)) open.push(valuesInOrder(next, keyOrder))
    else {
      const cid = CID.asCID(next)
      if (cid !== null) links.push({ cid })
    }
  }
  return links
}

/** A decoded map, and never a CID: `CID.asCID` takes a map with certain keys for one, and anybody can write such a map. */
function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

type KeyOrder = (a: string, b: string) => number

const byBytes: KeyOrder = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const byLengthThenBytes: KeyOrder = (a, b) => Buffer.byteLength(a) - Buffer.byteLength(b) || byBytes(a, b)

/** The values of a map as its bytes have them: keys that are integers, which JavaScript moves to the front, go back. */
function valuesInOrder(map: Readonly<Record<string, unknown>>, keyOrder: KeyOrder): Iterator<unknown, unknown> {
  const entries = Object.entries(map)
  if (/^\d/.test(entries[0]?.[0] ?? '')) entries.sort(([a], [b]) => keyOrder(a, b))
  return entries.values().map(([, value]) => value)
}
