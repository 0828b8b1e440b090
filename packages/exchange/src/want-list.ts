// The want lists of a message, read entry by entry: a stranger's message has 16,384 of them, and as objects they are ten times
// their bytes. A CID stays text until somebody needs it.
import { IDENTITY_CODE, isMultihashAllowed, ProtobufReader, viewCid } from '@cairn/core'
import { CID } from 'multiformats/cid'
import { CID_BYTES_MAX } from './limits.ts'
import type { WantEntry, WantType } from './message.ts'
import { BadInput, type RefusalReason } from './guard/refusals.ts'

/** Priority of an entry that names none. Source: bitswap-protocol.md. */
const PRIORITY_DEFAULT = 1

/** A want as it came in. */
export interface ReceivedWant extends Omit<WantEntry, 'cid'> {
  /** Bytes of the CID as latin1. */
  readonly key: string
  /** Where the multihash begins in `key`. */
  readonly multihashAt: number
}

/** A CID that may be used, and where the multihash begins in it. */
interface UsableCid {
  readonly bytes: Uint8Array
  readonly multihashAt: number
}

/** What a message wants; reads its bytes, which must not change, each time that it is gone through. */
export class WantList implements Iterable<ReceivedWant | RefusalReason> {
  readonly #lists: Uint8Array[] = []
  #entries = 0
  #full = false

  /** Entries, those too that nobody could act on. */
  get entries(): number {
    return this.#entries
  }

  /** Whether it replaces all that the sender wanted before. */
  get full(): boolean {
    return this.#full
  }

  /** Adds one `Wantlist`, and gives its number of entries. @throws INVALID when it breaks the format */
  add(bytes: Uint8Array): number {
    let entries = 0
    const reader = new ProtobufReader(bytes)
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 2) this.#full = reader.boolean()
      else {
        if (field === 1) entries++
        reader.skip()
      }
    }
    this.#lists.push(bytes)
    this.#entries += entries
    return entries
  }

  /** In place of what nobody here could act on there is the reason. @throws INVALID when an entry breaks the format */
  *[Symbol.iterator](): Generator<ReceivedWant | RefusalReason, void, undefined> {
    for (const list of this.#lists) {
      const reader = new ProtobufReader(list)
      for (let field = reader.next(); field !== 0; field = reader.next()) {
        if (field !== 1) reader.skip()
        else yield readWant(reader.bytes())
      }
    }
  }
}

/** The CID that a key stands for. */
export function cidOfKey(key: string): CID {
  return viewCid(Buffer.from(key, 'latin1'))
}

/**
 * The CID of these bytes, or why it is passed over: above 168 bytes, of identity, or of a hash function or digest length that is
 * not allowed.
 *
 * @throws INVALID when they are no CID
 */
export function readCid(bytes: Uint8Array | undefined): UsableCid | RefusalReason {
  if (bytes === undefined) throw new BadInput('cid-malformed', 'Cannot read a bitswap entry without its CID')
  if (bytes.length > CID_BYTES_MAX) return 'cid-too-long'
  const [first, second = 0, third, fourth] = bytes
  // Nearly all are of sha2-256: version 0, or version 1 with a codec of one byte.
  if (first === 0x12 && second === 0x20 && bytes.length === 34) return { bytes, multihashAt: 0 }
  if (first === 1 && second < 0x80 && third === 0x12 && fourth === 0x20 && bytes.length === 36)
    return { bytes, multihashAt: 2 }
  let cid: CID
  try {
    cid = CID.decode(bytes)
  } catch (cause) {
    throw new BadInput('cid-malformed', 'Cannot read the CID of a bitswap entry', { cause })
  }
  if (cid.multihash.code === IDENTITY_CODE) return 'cid-identity'
  if (!isMultihashAllowed(cid)) return 'cid-hash-refused'
  return { bytes, multihashAt: bytes.length - cid.multihash.bytes.length }
}

function readWant(bytes: Uint8Array): ReceivedWant | RefusalReason {
  let cidBytes: Uint8Array | undefined
  let [priority, cancel, type, sendDontHave] = [PRIORITY_DEFAULT, false, 0, false]
  const reader = new ProtobufReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) cidBytes = reader.bytes()
    else if (field === 2) priority = reader.int32()
    else if (field === 3) cancel = reader.boolean()
    else if (field === 4) type = reader.int32()
    else if (field === 5) sendDontHave = reader.boolean()
    else reader.skip()
  }
  const cid = readCid(cidBytes)
  if (typeof cid === 'string') return cid
  // Of later versions, which nobody here could answer; a CANCEL withdraws whatever was asked.
  if (!cancel && type !== 0 && type !== 1) return 'type-unknown'
  const wantType: WantType = type === 1 ? 'have' : 'block'
  return { key: keyOf(cid.bytes), multihashAt: cid.multihashAt, priority, cancel, type: wantType, sendDontHave }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
