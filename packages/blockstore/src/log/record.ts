// Bytes of the records on disk. Format: docs/formats/blockstore.md. Integers are big-endian; sequence numbers and
// totals stay below 2^53.
import { CairnError } from '@cairn/core'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { toString } from 'uint8arrays/to-string'

/** Where a block is: its sequence number in the log, and its size in bytes. */
export interface Location {
  readonly sequence: number
  readonly size: number
  /** Its record was found damaged or gone. Such a block counts as absent until it is put again. */
  readonly isDamaged?: boolean
}

/** First record of a log: which version of the format it has, and which log it is. */
export interface LogHeader {
  readonly version: number
  /** 16 random bytes that tie an index to its log. */
  readonly id: Uint8Array
}

/** What an index says about itself. */
export interface Checkpoint {
  /** The log that the index was made from. */
  readonly id: Uint8Array
  /** All records of the log below this sequence are indexed, and the entries are safe on disk. */
  readonly sequence: number
  /** Of the blocks below `sequence`; absent while the index is being made. */
  readonly totals?: Totals
}

/** Number and bytes of blocks. */
export interface Totals {
  readonly blocks: number
  readonly bytes: number
}

/** Bytes of the sequence number at the start of each key of a log. */
export const SEQUENCE_BYTES = 8
/** Half of what a number holds exactly: a damaged key must not use up the sequence numbers. */
const SEQUENCE_MAX = 2 ** 52
/** Bytes of an index entry's value, for a sound block. */
export const LOCATION_BYTES = SEQUENCE_BYTES + 4
/** Follows the location of a damaged block; a sound one has nothing there. */
const DAMAGED = 0x01
const ID_BYTES = 16
const HEADER_MAGIC = new TextEncoder().encode('cairn-blocks')

/** Key of the header in the log: sequence 0, which no block has, and no multihash. */
export const HEADER_KEY: Uint8Array = new Uint8Array(SEQUENCE_BYTES)
/** Key of the checkpoint in the index: as a multihash it would be an identity, and these are never stored. */
export const CHECKPOINT_KEY: Uint8Array = new Uint8Array([0x00])
/** Key of the last delete in the index, likewise no multihash. */
export const LAST_DELETE_KEY: Uint8Array = new Uint8Array([0x00, 0x01])
/** Key of the last record that was entered into the index, likewise no multihash. */
export const LAST_ADDED_KEY: Uint8Array = new Uint8Array([0x00, 0x02])
/** Where the blocks begin in the index. */
export const FIRST_MULTIHASH: Uint8Array = new Uint8Array([0x01])

export function encodeLogKey(sequence: number, multihash: Uint8Array): Uint8Array {
  const key = new Uint8Array(SEQUENCE_BYTES + multihash.length)
  writeInteger(key, 0, sequence)
  key.set(multihash, SEQUENCE_BYTES)
  return key
}

/** The sequence number with which a key of a log begins. */
export function sequenceOf(key: Uint8Array): number {
  return uint64(key, 0)
}

/** What a key of a log says, or `undefined` when it is none. */
export function decodeLogKey(key: Uint8Array): { sequence: number; multihash: Uint8Array } | undefined {
  if (key.length <= SEQUENCE_BYTES) return undefined
  const sequence = uint64(key, 0)
  const multihash = key.subarray(SEQUENCE_BYTES)
  return sequence > SEQUENCE_MAX || !isMultihash(multihash) ? undefined : { sequence, multihash }
}

/** Whether the first `keyBytes` of `key` are the key of a block in a log. */
export function isLogKey(key: Uint8Array, keyBytes: number): boolean {
  const [code = 0x80, length = 0x80] = [key[SEQUENCE_BYTES], key[SEQUENCE_BYTES + 1]]
  if (code < 0x80 && length < 0x80) return keyBytes === SEQUENCE_BYTES + length + 2 && sequenceOf(key) <= SEQUENCE_MAX
  return decodeLogKey(key.subarray(0, keyBytes)) !== undefined
}

/** Whether `key` reads as one; most have a hash code and a length of one byte each. */
export function isMultihash(key: Uint8Array): boolean {
  const [code = 0x80, length = 0x80] = key
  if (code < 0x80 && length < 0x80) return key.length === length + 2
  try {
    return decodeDigest(key).bytes.length === key.length
  } catch {
    return false
  }
}

export function encodeLocation({ sequence, size, isDamaged = false }: Location): Uint8Array {
  const value = new Uint8Array(LOCATION_BYTES + (isDamaged ? 1 : 0))
  encodeLocationInto(value, { sequence, size })
  if (isDamaged) value[LOCATION_BYTES] = DAMAGED
  return value
}

/** Writes the location of a sound block to the start of `value`. */
export function encodeLocationInto(value: Uint8Array, { sequence, size }: Location): void {
  writeInteger(value, 0, sequence)
  writeUint32(value, SEQUENCE_BYTES, size)
}

/** @throws CORRUPT for a value that is not one of an index */
export function decodeLocation(value: Uint8Array): Location {
  const isDamaged = value.length === LOCATION_BYTES + 1 && value[LOCATION_BYTES] === DAMAGED
  if (value.length !== LOCATION_BYTES && !isDamaged) throw corrupt('an entry of the index', value)
  const location = { sequence: readInteger(value, 0), size: uint32(value, SEQUENCE_BYTES) }
  return isDamaged ? { ...location, isDamaged } : location
}

/** Keys of log records, each behind its length in one byte. */
export function encodeLogKeys(keys: readonly Uint8Array[]): Uint8Array {
  return concat(keys.flatMap((key) => [Uint8Array.of(key.length), key]))
}

/** @throws CORRUPT when the last key is cut */
export function decodeLogKeys(value: Uint8Array): Uint8Array[] {
  const keys: Uint8Array[] = []
  for (let at = 0; at < value.length;) {
    const end = at + 1 + (value[at] ?? 0)
    if (end > value.length) throw corrupt('the last delete', value)
    keys.push(value.subarray(at + 1, end))
    at = end
  }
  return keys
}

export function encodeHeader({ version, id }: LogHeader): Uint8Array {
  return concat([HEADER_MAGIC, Uint8Array.of(version), id])
}

/** The header in `value`, or `undefined` when it is none. */
export function decodeHeader(value: Uint8Array): LogHeader | undefined {
  const version = value[HEADER_MAGIC.length]
  if (version === undefined || !HEADER_MAGIC.every((byte, index) => value[index] === byte)) return undefined
  const id = value.slice(HEADER_MAGIC.length + 1)
  return { version, id }
}

export function encodeCheckpoint({ id, sequence, totals }: Checkpoint): Uint8Array {
  const value = new Uint8Array(ID_BYTES + SEQUENCE_BYTES + (totals === undefined ? 0 : 16))
  value.set(id)
  writeInteger(value, ID_BYTES, sequence)
  if (totals !== undefined) {
    writeInteger(value, ID_BYTES + 8, totals.blocks)
    writeInteger(value, ID_BYTES + 16, totals.bytes)
  }
  return value
}

/** The checkpoint in `value`, or `undefined` when it is none: the index is made anew then. */
export function decodeCheckpoint(value: Uint8Array): Checkpoint | undefined {
  if (value.length !== ID_BYTES + 8 && value.length !== ID_BYTES + 24) return undefined
  const base = { id: value.slice(0, ID_BYTES), sequence: readInteger(value, ID_BYTES) }
  if (value.length === ID_BYTES + 8) return base
  return { ...base, totals: { blocks: readInteger(value, ID_BYTES + 8), bytes: readInteger(value, ID_BYTES + 16) } }
}

function readInteger(bytes: Uint8Array, offset: number): number {
  const value = uint64(bytes, offset)
  if (value > Number.MAX_SAFE_INTEGER) throw corrupt('a number', bytes)
  return value
}

// By hand, since a view and a bigint for each number were a fifth of the time that it takes to rebuild an index.

/** Exact up to 2^53. */
function uint64(bytes: Uint8Array, offset: number): number {
  return uint32(bytes, offset) * 2 ** 32 + uint32(bytes, offset + 4)
}

function uint32(bytes: Uint8Array, offset: number): number {
  const low = ((bytes[offset + 1] ?? 0) << 16) | ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0)
  return (bytes[offset] ?? 0) * 2 ** 24 + low
}

function writeInteger(bytes: Uint8Array, offset: number, value: number): void {
  writeUint32(bytes, offset, Math.floor(value / 2 ** 32))
  writeUint32(bytes, offset + 4, value % 2 ** 32)
}

function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24
  bytes[offset + 1] = value >>> 16
  bytes[offset + 2] = value >>> 8
  bytes[offset + 3] = value
}

function corrupt(what: string, bytes: Uint8Array): CairnError {
  return new CairnError('CORRUPT', `Cannot read ${what}: ${toString(bytes, 'base16')} is not one`)
}
