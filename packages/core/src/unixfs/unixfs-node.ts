// The UnixFS message inside a dag-pb node, both ways. Bytes are part of CIDs: fields go out in the order of their
// numbers, and exactly those that the specification's vectors have. Source: ipfs/specs src/unixfs.md, IPIP-499.
import { encode as encodePb, type PBLink } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import type { Block } from '../block/block.ts'
import { DAG_PB_CODE, RAW_CODE } from '../block/codec.ts'
import { CairnError } from '../errors.ts'
import { pbParts, type PbLinkPlace } from '../ipld/dag-pb.ts'
import { pbLink } from '../ipld/links.ts'
import { encodeFileNode } from './file-node.ts'
import { ProtobufReader, ProtobufWriter } from '../protobuf.ts'

/** Kind of a UnixFS node. `raw` is a leaf of a trickle file. */
export type UnixFSType = 'raw' | 'directory' | 'file' | 'metadata' | 'symlink' | 'hamt-shard'

/** Numbers of the enum `DataType`, by position. */
const TYPES: readonly UnixFSType[] = ['raw', 'directory', 'file', 'metadata', 'symlink', 'hamt-shard']

/** Number of the field of a dag-pb node that holds the message `Data`. */
const DATA_FIELD = 1

/** Field numbers of the message `Data`. */
const FIELD = { type: 1, data: 2, fileSize: 3, blockSizes: 4, hashType: 5, fanout: 6, mode: 7, mtime: 8 } as const
/** Field numbers of the message `UnixTime`. */
const TIME = { seconds: 1, nanoseconds: 2 } as const

/** A moment: seconds since 1970, may be negative, and 0 to 999,999,999 nanoseconds after that. */
export interface UnixTime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

/** Permissions and time of an entry, where it has them. */
export interface Metadata {
  /** Low 12 bits: permissions with setuid, setgid and sticky. */
  readonly mode?: number | undefined
  readonly mtime?: UnixTime | undefined
}

/** What the Data field of a UnixFS node says. */
export interface UnixFSData {
  readonly type: UnixFSType
  /** File content, symlink target or HAMT bit field; empty when absent. */
  readonly data: Uint8Array
  /** Content bytes of a file: its own data and everything below. */
  readonly fileSize?: number | undefined
  /** Content bytes below each link of a file, in the order of the links. */
  readonly blockSizes: readonly number[]
  /** Hash function of a HAMT shard's names. */
  readonly hashType?: number | undefined
  /** Buckets of a HAMT shard. */
  readonly fanout?: number | undefined
  /** Permission bits (the low 12) and whatever a writer put above them. */
  readonly mode?: number | undefined
  readonly mtime?: UnixTime | undefined
}

/** A decoded UnixFS node: its message and its links, in the order they stand. */
export interface UnixFSNode {
  readonly cid: CID
  readonly data: UnixFSData
  readonly links: readonly PBLink[]
}

/** The bytes of a dag-pb node with this UnixFS message and these links, whose order the caller has right. */
export function encodeUnixFS(data: UnixFSData, links: readonly PBLink[]): Uint8Array {
  // A node without links is most often a leaf, whose content is copied once this way and not twice.
  if (links.length === 0) return new ProtobufWriter().message(DATA_FIELD, messageOf(data)).finish()
  const message = messageOf(data).finish()
  return encodeFileNode(message, links) ?? encodePb({ Data: message, Links: [...links] })
}

/**
 * Reads a block as UnixFS: dag-pb with a UnixFS message, or raw bytes, which count as a file.
 *
 * @throws UNSUPPORTED for another codec, INVALID when the bytes do not decode or contradict themselves
 */
export function decodeUnixFS(block: Block): UnixFSNode {
  const { cid, bytes } = block
  if (cid.code === RAW_CODE) {
    return { cid, links: [], data: { type: 'file', data: bytes, fileSize: bytes.length, blockSizes: [] } }
  }
  if (cid.code !== DAG_PB_CODE) {
    throw new CairnError('UNSUPPORTED', `Cannot read ${cid} as UnixFS: its codec is 0x${cid.code.toString(16)}`, {
      cid,
    })
  }
  try {
    const links: PBLink[] = []
    let data: UnixFSData | undefined
    for (const part of pbParts(bytes)) {
      if ('link' in part) links.push(linkAt(bytes, part.link))
      else data = decodeUnixFSData(part.data)
    }
    if (data === undefined) throw new CairnError('INVALID', 'the node has no Data field')
    checkFile(data, links)
    return { cid, data, links }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CairnError('INVALID', `Cannot read ${cid} as UnixFS: ${reason}`, { cause, cid })
  }
}

function linkAt(bytes: Uint8Array, place: PbLinkPlace): PBLink {
  const { cid, name, tsize } = pbLink(bytes, place)
  const link: PBLink = { Hash: cid }
  if (name !== undefined) link.Name = name
  if (tsize !== undefined) link.Tsize = tsize
  return link
}

function messageOf(data: UnixFSData): ProtobufWriter {
  const writer = new ProtobufWriter().varint(FIELD.type, TYPES.indexOf(data.type))
  if (data.data.length > 0) writer.bytes(FIELD.data, data.data)
  if (data.fileSize !== undefined) writer.varint(FIELD.fileSize, data.fileSize)
  for (const size of data.blockSizes) writer.varint(FIELD.blockSizes, size)
  if (data.hashType !== undefined) writer.varint(FIELD.hashType, data.hashType)
  if (data.fanout !== undefined) writer.varint(FIELD.fanout, data.fanout)
  if (data.mode !== undefined) writer.varint(FIELD.mode, data.mode)
  if (data.mtime !== undefined) writer.bytes(FIELD.mtime, encodeTime(data.mtime))
  return writer
}

function encodeTime({ seconds, nanoseconds }: UnixTime): Uint8Array {
  const writer = new ProtobufWriter().varint(TIME.seconds, seconds)
  if (nanoseconds !== 0) writer.fixed32(TIME.nanoseconds, nanoseconds)
  return writer.finish()
}

/** The message in the Data field of a node. @throws INVALID when it does not decode */
export function decodeUnixFSData(bytes: Uint8Array): UnixFSData {
  const reader = new ProtobufReader(bytes)
  const found: { -readonly [Name in keyof UnixFSData]?: UnixFSData[Name] } = {}
  const blockSizes: number[] = []
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === FIELD.type) found.type = typeOf(reader.number())
    else if (field === FIELD.data) found.data = reader.bytes()
    else if (field === FIELD.fileSize) found.fileSize = reader.number()
    else if (field === FIELD.blockSizes) for (const size of reader.numbers()) blockSizes.push(size)
    else if (field === FIELD.hashType) found.hashType = reader.number()
    else if (field === FIELD.fanout) found.fanout = reader.number()
    else if (field === FIELD.mode) found.mode = reader.number()
    else if (field === FIELD.mtime) found.mtime = decodeTime(reader.bytes())
    else reader.skip()
  }
  if (found.type === undefined) throw new CairnError('INVALID', 'the UnixFS message has no type')
  return { ...found, type: found.type, data: found.data ?? new Uint8Array(0), blockSizes }
}

function decodeTime(bytes: Uint8Array): UnixTime {
  const reader = new ProtobufReader(bytes)
  let seconds: bigint | undefined
  let nanoseconds = 0
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === TIME.seconds) seconds = reader.int64()
    else if (field === TIME.nanoseconds) nanoseconds = reader.fixed32()
    else reader.skip()
  }
  if (seconds === undefined) throw new CairnError('INVALID', 'the modification time has no seconds')
  if (nanoseconds > 999_999_999) throw new CairnError('INVALID', `the modification time has ${nanoseconds} nanoseconds`)
  return { seconds, nanoseconds }
}

function typeOf(number: number): UnixFSType {
  const type = TYPES[number]
  if (type === undefined) throw new CairnError('INVALID', `there is no UnixFS type ${number}`)
  return type
}

/** A file's sizes must agree with its links and its own data, or ranges would read the wrong bytes. */
function checkFile(data: UnixFSData, links: readonly PBLink[]): void {
  if (data.type !== 'file' && data.type !== 'raw') return
  if (data.blockSizes.length !== links.length) {
    throw new CairnError('INVALID', `the file has ${links.length} links but ${data.blockSizes.length} block sizes`)
  }
  if (links.some((link) => link.Name !== undefined && link.Name !== '')) {
    throw new CairnError('INVALID', 'a link of the file has a name')
  }
  const total = data.blockSizes.reduce((sum, size) => sum + size, data.data.length)
  if (!Number.isSafeInteger(total) || (data.fileSize !== undefined && data.fileSize !== total)) {
    throw new CairnError('INVALID', `the file says ${data.fileSize} bytes, its parts have ${total}`)
  }
}
