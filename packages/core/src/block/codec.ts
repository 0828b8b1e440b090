// The codecs that Cairn can look into. A codec that is not here is a leaf: stored and pinned, never walked. Bytes are never encoded anew
// to obtain a CID: what was received is what is kept.
import type { CID } from 'multiformats/cid'
import { CairnError, isCairnError } from '../errors.ts'
import { decodeCbor, encodeCbor } from '../ipld/cbor.ts'
import { decodePb, encodePb } from '../ipld/dag-pb.ts'
import { decodeJson } from '../ipld/json.ts'
import { encodeDagJson, encodeJson } from '../ipld/json-text.ts'
import { cborLinks, jsonLinks, pbLinks, type Link } from '../ipld/links.ts'
import type { IpldValue } from '../ipld/value.ts'
import type { Block } from './block.ts'

export type { Link } from '../ipld/links.ts'

/** Multicodec code of opaque bytes. */
export const RAW_CODE = 0x55
/** Multicodec code of Merkle DAG protobuf, the codec of UnixFS. */
export const DAG_PB_CODE = 0x70

/** Names of the codecs that can be chosen for a block. */
export type CodecName = 'raw' | 'dag-pb' | 'dag-cbor' | 'dag-json' | 'cbor' | 'json'

/** How values are read. */
export interface DecodeOptions {
  /** Refuses bytes of dag-cbor and dag-pb that are not the canonical ones of their value, and strings that are not UTF-8. */
  readonly isStrict?: boolean
}

interface Codec {
  readonly name: CodecName
  readonly code: number
  readonly links?: (bytes: Uint8Array) => Iterable<Link>
  decode(bytes: Uint8Array, isStrict: boolean): IpldValue
  encode(value: IpldValue): Uint8Array
}

const CODECS: readonly Codec[] = [
  { name: 'raw', code: RAW_CODE, decode: (bytes) => bytes, encode: rawBytes },
  { name: 'dag-pb', code: DAG_PB_CODE, links: pbLinks, decode: decodePb, encode: encodePb },
  {
    name: 'dag-cbor',
    code: 0x71,
    links: cborLinks,
    decode: (bytes, isStrict) => decodeCbor(bytes, { hasLinks: true, isStrict }),
    encode: (value) => encodeCbor(value, { hasLinks: true, sortsKeys: true }),
  },
  {
    name: 'dag-json',
    code: 0x0129,
    links: jsonLinks,
    decode: (bytes) => decodeJson(bytes, { hasLinks: true }),
    encode: encodeDagJson,
  },
  {
    name: 'cbor',
    code: 0x51,
    decode: (bytes, isStrict) => decodeCbor(bytes, { hasLinks: false, isStrict: false, isTextStrict: isStrict }),
    encode: (value) => encodeCbor(value, { hasLinks: false, sortsKeys: false }),
  },
  { name: 'json', code: 0x0200, decode: (bytes) => decodeJson(bytes, { hasLinks: false }), encode: encodeJson },
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
  return LINKED_CODES.has(cid.code)
}

const LINKED_CODES: ReadonlySet<number> = new Set(
  CODECS.flatMap(({ code, links }) => (links === undefined ? [] : [code])),
)

/** All of `eachLink` at once: for blocks that are known to be small. @throws as `eachLink` */
export function linksOf(block: Block): readonly Link[] {
  return [...eachLink(block)]
}

/**
 * The links of a block in the order they stand in it, repeated ones included, decoded one by one each time they are gone
 * through. Blocks of an unknown codec have none.
 *
 * @throws INVALID at once when the bytes do not decode, LIMIT when they are nested too deep
 */
export function eachLink(block: Block): Iterable<Link> {
  const codec = codecOf(block.cid)
  if (codec?.links === undefined) return []
  return about(block, codec.name, codec.links)
}

/**
 * The value of a block; of dag-pb its logical form.
 *
 * @throws UNSUPPORTED for an unknown codec, INVALID when the bytes do not decode, LIMIT when the value is too deep or too
 * large to hold
 */
export function decodeBlock(block: Block): IpldValue {
  const codec = codecOf(block.cid)
  if (codec === undefined) {
    throw new CairnError(
      'UNSUPPORTED',
      `Cannot look into ${block.cid}: its codec is 0x${block.cid.code.toString(16)}`,
      { cid: block.cid },
    )
  }
  return about(block, codec.name, (bytes) => codec.decode(bytes, false))
}

/** The value that `bytes` stand for in the codec called `name`. @throws as `decodeBlock` */
export function decodeValue(name: CodecName, bytes: Uint8Array, { isStrict = false }: DecodeOptions = {}): IpldValue {
  return codecNamed(name).decode(bytes, isStrict)
}

/** The canonical bytes of a value in the codec called `name`. @throws INVALID when it cannot hold the value, LIMIT when it is too deep */
export function encodeValue(name: CodecName, value: IpldValue): Uint8Array {
  return codecNamed(name).encode(value)
}

function codecOf(cid: CID): Codec | undefined {
  return CODECS.find(({ code }) => code === cid.code)
}

function codecNamed(name: CodecName): Codec {
  const code = codecByName(name)
  const found = CODECS.find((codec) => codec.code === code)
  if (found === undefined) throw new TypeError(`there is no codec ${name}`)
  return found
}

/** What `read` gives for the bytes of a block; when it fails, the error names the block and keeps its code. */
function about<Result>({ cid, bytes }: Block, name: CodecName, read: (bytes: Uint8Array) => Result): Result {
  try {
    return read(bytes)
  } catch (cause) {
    if (!isCairnError(cause)) throw cause
    throw new CairnError(cause.code, `Cannot decode ${cid} as ${name}: ${cause.message}`, { cause, cid })
  }
}

function rawBytes(value: IpldValue): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new CairnError('INVALID', 'Cannot write a value as raw: it must be bytes')
}
