// DAG-PB: its links one by one without holding them all, and its logical form both ways. Source: ipld.io DAG-PB specification.
import type { CID } from 'multiformats/cid'
import { CairnError } from '../errors.ts'
import { ProtobufWriter } from '../protobuf.ts'
import { linkIn, utf8 } from './cbor.ts'
import { decodeText, integerOf, isLink, isList, isMap, type IpldMap, type IpldValue } from './value.ts'

/** Tags of the fields: number and wire type. */
const TAG = { data: 0x0a, links: 0x12, hash: 0x0a, name: 0x12, tsize: 0x18 } as const
/** Bytes of the longest varint. */
const VARINT_BYTES_MAX = 10

/** Where the parts of one link stand in the bytes of its node. */
export interface PbLinkPlace {
  readonly hashStart: number
  readonly hashEnd: number
  /** −1 when the link has no name. */
  readonly nameStart: number
  readonly nameEnd: number
  /** Where the varint begins; −1 when the link has no size. */
  readonly tsizeAt: number
}

/** A part of a node: a link, or its data, which comes once. */
type PbPart = { readonly link: PbLinkPlace } | { readonly data: Uint8Array }

/** The parts of a node in their order. @throws INVALID when the bytes are no DAG-PB; whether a hash is a CID is not looked at */
export function* pbParts(bytes: Uint8Array): Generator<PbPart, void, void> {
  const reader = new VarintReader(bytes)
  let hasData = false
  let linksAreDone = false
  let hasLinks = false
  while (reader.position < bytes.length) {
    const tag = reader.varint()
    if (tag !== TAG.data && tag !== TAG.links) throw invalid(`it has a field of tag ${tag}`)
    const end = reader.end()
    if (tag === TAG.links) {
      if (linksAreDone) throw invalid('its data stands between its links')
      hasLinks = true
      yield { link: linkAt(reader, end) }
    } else {
      if (hasData) throw invalid('it has data twice')
      hasData = true
      linksAreDone = hasLinks
      yield { data: bytes.subarray(reader.position, end) }
    }
    reader.position = end
  }
}

/** The number that a link claims to be the bytes below it. */
function tsizeAt(bytes: Uint8Array, at: number): bigint {
  let value = 0n
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[at + index] ?? 0
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) break
  }
  return BigInt.asUintN(64, value)
}

/** Like {@link tsizeAt}, without a BigInt for nearly all of them. Above 2^53 it is rounded. */
export function tsizeNumberAt(bytes: Uint8Array, at: number): number {
  let value = 0
  let scale = 1
  // Seven groups of seven bits are below 2^53.
  for (let index = 0; index < 7; index++, scale *= 128) {
    const byte = bytes[at + index] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
  }
  return Number(tsizeAt(bytes, at))
}

/**
 * A node in its logical form: `Data` if it has any, and `Links` of maps with `Hash`, `Name` and `Tsize`, as they stand.
 *
 * @throws INVALID when the bytes are no DAG-PB, and for a name that is not UTF-8 when strict
 */
export function decodePb(bytes: Uint8Array, isStrict: boolean): IpldMap {
  const links: IpldValue[] = []
  let data: Uint8Array | undefined
  for (const part of pbParts(bytes)) {
    if ('data' in part) data = part.data
    else links.push(linkValue(bytes, part.link, isStrict))
  }
  return new Map<string, IpldValue>([...(data === undefined ? [] : [['Data', data] as const]), ['Links', links]])
}

/** The canonical bytes of a node in its logical form. @throws INVALID when the value has another form, or its links are not sorted */
export function encodePb(value: IpldValue): Uint8Array {
  const node = fieldsOf(value, ['Data', 'Links'])
  const [data, links] = [node.get('Data'), node.get('Links')]
  if (links === undefined || !isList(links)) throw unfit('Links must be a list')
  if (data !== undefined && !(data instanceof Uint8Array)) throw unfit('Data must be bytes')
  const writer = new ProtobufWriter()
  let before: Uint8Array | undefined
  for (const link of links) {
    const { hash, name, tsize } = linkFields(link)
    const sortKey = name ?? new Uint8Array(0)
    if (before !== undefined && Buffer.compare(before, sortKey) > 0)
      throw unfit('links must be sorted by the bytes of their names')
    before = sortKey
    const message = new ProtobufWriter().bytes(1, hash.bytes)
    if (name !== undefined) message.bytes(2, name)
    if (tsize !== undefined) message.varint(3, tsize)
    writer.message(2, message)
  }
  if (data !== undefined) writer.bytes(1, data)
  return writer.finish()
}

function linkValue(bytes: Uint8Array, place: PbLinkPlace, isStrict: boolean): IpldMap {
  const fields = new Map<string, IpldValue>([['Hash', linkIn(bytes, place.hashStart, place.hashEnd)]])
  if (place.nameStart >= 0) fields.set('Name', decodeText(bytes.subarray(place.nameStart, place.nameEnd), isStrict))
  if (place.tsizeAt >= 0) fields.set('Tsize', integerOf(tsizeAt(bytes, place.tsizeAt)))
  return fields
}

/** Reads the fields of one link, which stand in their order and once each. */
function linkAt(reader: VarintReader, end: number): PbLinkPlace {
  let [hashStart, hashEnd, nameStart, nameEnd, tsize] = [-1, -1, -1, -1, -1]
  for (let before = 0; reader.position < end;) {
    const tag = reader.varint()
    if (tag <= before) throw invalid('the fields of a link are out of order')
    before = tag
    if (tag === TAG.tsize) {
      tsize = reader.position
      reader.varint()
    } else if (tag === TAG.hash || tag === TAG.name) {
      const fieldEnd = reader.end()
      if (tag === TAG.hash) [hashStart, hashEnd] = [reader.position, fieldEnd]
      else [nameStart, nameEnd] = [reader.position, fieldEnd]
      reader.position = fieldEnd
    } else {
      throw invalid(`a link has a field of tag ${tag}`)
    }
  }
  if (reader.position !== end) throw invalid('a link is longer than it says')
  if (hashEnd <= hashStart) throw invalid('a link has no hash')
  return { hashStart, hashEnd, nameStart, nameEnd, tsizeAt: tsize }
}

class VarintReader {
  readonly #bytes: Uint8Array
  position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Above 2^53 rounded: tags and lengths that matter are far smaller. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.#bytes[this.position]
      if (byte === undefined) throw invalid('it ends too early')
      this.position++
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw invalid('an integer has more than 10 bytes')
  }

  /** Reads a length, and gives where what it measures ends. */
  end(): number {
    const length = this.varint()
    const end = this.position + length
    if (end > this.#bytes.length) throw invalid('it ends too early')
    return end
  }
}

function linkFields(value: IpldValue): {
  readonly hash: CID
  readonly name?: Uint8Array
  readonly tsize?: number | bigint
} {
  const fields = fieldsOf(value, ['Hash', 'Name', 'Tsize'])
  const [hash, name, tsize] = [fields.get('Hash'), fields.get('Name'), fields.get('Tsize')]
  if (hash === undefined || !isLink(hash)) throw unfit('the Hash of a link must be a CID')
  if (name !== undefined && typeof name !== 'string') throw unfit('the Name of a link must be a string')
  if (tsize !== undefined && typeof tsize !== 'number' && typeof tsize !== 'bigint')
    throw unfit('the Tsize of a link must be an integer')
  if (tsize !== undefined && tsize < 0) throw unfit('the Tsize of a link must not be negative')
  return { hash, ...(name === undefined ? {} : { name: utf8(name) }), ...(tsize === undefined ? {} : { tsize }) }
}

function fieldsOf(value: IpldValue, names: readonly string[]): IpldMap {
  if (!isMap(value)) throw unfit(`it must be a map of ${names.join(', ')}`)
  for (const name of value.keys()) if (!names.includes(name)) throw unfit(`it has a field ${JSON.stringify(name)}`)
  return value
}

function invalid(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot decode DAG-PB: ${reason}`)
}

function unfit(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot write a value as DAG-PB: ${reason}`)
}
