// Bitswap messages and their bytes, see docs/formats/bitswap.md. Written by hand over the core's protobuf reader: protons
// generates enums and namespaces, which type stripping cannot run, and copies fields that are only looked at here.
// Nothing is hashed while decoding: blocks stay unproven bytes with a prefix.
import { ProtobufReader, ProtobufWriter, type Block, type CidPrefix } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { MESSAGE_BYTES_MAX, MESSAGE_PARTS_MAX } from './limits.ts'
import { BadInput, type RefusalReason } from './guard/refusals.ts'
import { cidOfKey, readCid, WantList } from './want-list.ts'

/** One line of a want list: asks for a block, asks whether it is there, or withdraws either. */
export interface WantEntry {
  readonly cid: CID
  /** Higher is served first; 32 bits, signed. */
  readonly priority: number
  readonly cancel: boolean
  readonly type: WantType
  /** Whether the asker wants to hear that the block is not there. */
  readonly sendDontHave: boolean
}

/** What a want asks for: the block itself, or whether it is there. */
export type WantType = 'block' | 'have'

/** Bytes that claim to be a block: its CID is known once they are hashed as `prefix` says. */
export interface PrefixedBlock {
  readonly prefix: CidPrefix
  readonly bytes: Uint8Array
}

/** Answer to a want: the sender has the block, or lacks it. */
export interface Presence {
  readonly cid: CID
  readonly has: boolean
}

/** What every message may carry; each part may be empty. */
interface MessageBase {
  /** Whether `wants` replaces all that the sender wanted before. */
  readonly full: boolean
  readonly wants: readonly WantEntry[]
  readonly presences: readonly Presence[]
  /** Bytes still queued at the sender for the receiver; a hint. */
  readonly pendingBytes: number
}

/** A message that came in. */
export interface Message extends MessageBase {
  readonly blocks: readonly PrefixedBlock[]
}

/** A message that came in, its wants not read yet. */
export interface OpenMessage extends Pick<Message, 'blocks' | 'presences' | 'pendingBytes'> {
  readonly wantList: WantList
  /** Why presences were left out, once for each. */
  readonly passedOver: readonly RefusalReason[]
}

/** A message to be sent; parts left out are empty. */
export interface MessageParts extends Partial<MessageBase> {
  readonly blocks?: readonly Pick<Block, 'cid' | 'bytes'>[]
}

/** Prefix of blocks in messages of bitswap 1.0.0, which knows no other. */
const PREFIX_V0: CidPrefix = { version: 0, codec: 0x70, hash: 0x12, digestBytes: 32 }
const PREFIX_V0_BYTES = Uint8Array.of(0x00, 0x70, 0x12, 0x20)

/** `pendingBytes` is an int32 on the wire, and 4,096 wants can be for more. */
const INT32_MAX = 0x7fff_ffff

/** Bytes of a message, without the length that goes before it on a stream. */
export function encodeMessage(parts: MessageParts): Uint8Array {
  const { full = false, wants = [], blocks = [], presences = [], pendingBytes = 0 } = parts
  const writer = new ProtobufWriter()
  if (full || wants.length > 0) writer.message(1, encodeWants(wants, full))
  for (const { cid, bytes } of blocks) {
    writer.message(3, new ProtobufWriter().bytes(1, prefixBytes(cid)).bytes(2, bytes))
  }
  for (const { cid, has } of presences) {
    const presence = new ProtobufWriter().bytes(1, cid.bytes)
    writer.message(4, has ? presence : presence.varint(2, 1))
  }
  if (pendingBytes > 0) writer.varint(5, Math.min(pendingBytes, INT32_MAX))
  return writer.finish()
}

/**
 * Reads one message whole. Wants and presences that nobody could act on are left out: CIDs above 168 bytes, identity
 * CIDs, hash functions and digest lengths that are not allowed, types that are not known. Blocks are views into `bytes`.
 *
 * @throws INVALID when it breaks the format (a CID that does not parse, a field missing), LIMIT above 4 MiB or 16,384 parts
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const { wantList, blocks, presences, pendingBytes } = openMessage(bytes)
  const wants: WantEntry[] = []
  for (const want of wantList) {
    if (typeof want === 'string') continue
    const { key, priority, cancel, type, sendDontHave } = want
    wants.push({ cid: cidOfKey(key), priority, cancel, type, sendDontHave })
  }
  return { wants, full: wantList.full, blocks, presences, pendingBytes }
}

/** As {@link decodeMessage}, but the entries of want lists are read, and checked, only when they are gone through. */
export function openMessage(bytes: Uint8Array): OpenMessage {
  if (bytes.length > MESSAGE_BYTES_MAX)
    throw new BadInput('length-too-large', `Cannot read a bitswap message of ${bytes.length} bytes`, { code: 'LIMIT' })
  const blocks: PrefixedBlock[] = []
  const presences: Presence[] = []
  const passedOver: RefusalReason[] = []
  const wantList = new WantList()
  let [pendingBytes, parts] = [0, 0]
  const reader = new ProtobufReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    // Those are counted too that are left out.
    if (field >= 2 && field <= 4) parts++
    if (field === 1) parts += wantList.add(reader.bytes())
    else if (field === 2) blocks.push({ prefix: PREFIX_V0, bytes: reader.bytes() })
    else if (field === 3) blocks.push(decodeBlock(reader.bytes()))
    else if (field === 4) {
      const presence = decodePresence(reader.bytes())
      if (typeof presence === 'string') passedOver.push(presence)
      else presences.push(presence)
    } else if (field === 5) pendingBytes = reader.int32()
    else reader.skip()
    if (parts > MESSAGE_PARTS_MAX) {
      throw new BadInput('message-too-many-parts', 'Cannot read a bitswap message of so many parts', { code: 'LIMIT' })
    }
  }
  return { wantList, blocks, presences, pendingBytes, passedOver }
}

/**
 * A message of ours as a peer below bitswap 1.2.0 reads it: presences, questions for them and pending bytes are left out, and
 * below 1.1.0, where a block has no prefix and is taken for one of CIDv0, those of other hash functions. As in boxo, others
 * are sent: their multihash is that of the block that was asked for. Empty when nothing is left.
 */
export function downgradeMessage(message: Uint8Array, { hasPrefixes }: { readonly hasPrefixes: boolean }): Uint8Array {
  const { wants, full } = decodeMessage(message)
  const known = wants.filter(({ cancel, type }) => cancel || type === 'block')
  const writer = new ProtobufWriter()
  if (full || known.length > 0) {
    const plain = known.map((want) => ({ ...want, type: 'block' as const, sendDontHave: false }))
    writer.message(1, encodeWants(plain, full))
  }
  const reader = new ProtobufReader(message)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 3) reader.skip()
    else if (hasPrefixes) writer.bytes(3, reader.bytes())
    else {
      const { prefix, bytes } = decodeBlock(reader.bytes())
      if (prefix.hash === PREFIX_V0.hash && prefix.digestBytes === PREFIX_V0.digestBytes) writer.bytes(2, bytes)
    }
  }
  return writer.finish()
}

function decodePresence(bytes: Uint8Array): Presence | RefusalReason {
  let cidBytes: Uint8Array | undefined
  let type = 0
  const reader = new ProtobufReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) cidBytes = reader.bytes()
    else if (field === 2) type = reader.int32()
    else reader.skip()
  }
  const cid = readCid(cidBytes)
  if (typeof cid === 'string') return cid
  if (type !== 0 && type !== 1) return 'type-unknown'
  // Copied: the CID outlives the message it came in.
  return { cid: CID.decode(cid.bytes.slice()), has: type === 0 }
}

function decodeBlock(bytes: Uint8Array): PrefixedBlock {
  let prefix: CidPrefix | undefined
  let data: Uint8Array = new Uint8Array(0)
  const reader = new ProtobufReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) prefix = checkPrefix(reader.numbers())
    else if (field === 2) data = reader.bytes()
    else reader.skip()
  }
  if (prefix === undefined) throw new BadInput('prefix-malformed', 'Cannot read a bitswap block without its prefix')
  return { prefix, bytes: data }
}

function encodeWants(wants: readonly WantEntry[], full: boolean): ProtobufWriter {
  const writer = new ProtobufWriter()
  for (const { cid, priority, cancel, type, sendDontHave } of wants) {
    const entry = new ProtobufWriter().bytes(1, cid.bytes).varint(2, priority)
    if (cancel) entry.varint(3, 1)
    if (type === 'have') entry.varint(4, 1)
    if (sendDontHave) entry.varint(5, 1)
    writer.message(1, entry)
  }
  return full ? writer.varint(2, 1) : writer
}

/** A version 1 CID is its prefix and its digest; a version 0 CID is a bare multihash and leaves the rest out. */
function prefixBytes(cid: CID): Uint8Array {
  return cid.version === 0 ? PREFIX_V0_BYTES : cid.bytes.subarray(0, cid.bytes.length - cid.multihash.size)
}

function checkPrefix(numbers: readonly number[]): CidPrefix {
  const [version, codec, hash, digestBytes, ...rest] = numbers
  if (
    (version !== 0 && version !== 1) ||
    codec === undefined ||
    hash === undefined ||
    digestBytes === undefined ||
    rest.length > 0
  ) {
    throw new BadInput(
      'prefix-malformed',
      'Cannot read the prefix of a bitswap block: it is not version, codec, hash and length',
    )
  }
  return { version, codec, hash, digestBytes }
}
