// The links in the bytes of a block, found without making its value and without holding them all: the bytes are proven sound first, then
// each link is decoded when its turn comes.
import { CID } from 'multiformats/cid'
import { linkIn, byLengthThenBytes, decodeCbor } from './cbor.ts'
import { CborReader, invalid, MAJOR, SIMPLE } from './cbor-reader.ts'
import { pbParts, tsizeNumberAt, type PbLinkPlace } from './dag-pb.ts'
import { decodeJson } from './json.ts'
import { checkDepth, decodeText, isLink, isList, isMap, type IpldValue } from './value.ts'

/** A pointer to another block. */
export interface Link {
  readonly cid: CID
  /** Name of a dag-pb link; `undefined` where the codec has none or the link lacks it. */
  readonly name?: string | undefined
  /** Tsize of a dag-pb link in bytes: a hint from whoever wrote it, never a bound. Above 2^53 it is rounded. */
  readonly tsize?: number | undefined
}

/** Links of DAG-PB in their order. @throws INVALID at once when the bytes do not decode */
export function pbLinks(bytes: Uint8Array): Iterable<Link> {
  for (const part of pbParts(bytes)) if ('link' in part) checkLink(bytes, part.link.hashStart, part.link.hashEnd)
  return lazily(function* () {
    for (const part of pbParts(bytes)) if ('link' in part) yield pbLink(bytes, part.link)
  })
}

/** Links of DAG-CBOR in their order. @throws INVALID at once when the bytes do not decode, LIMIT when they are nested too deep */
export function cborLinks(bytes: Uint8Array): Iterable<Link> {
  let isSorted = true
  for (const { start, end } of cborPlaces(bytes, () => (isSorted = false))) checkLink(bytes, start, end)
  // Only sorted keys can be told to be different as they pass by.
  if (!isSorted) decodeCbor(bytes, { hasLinks: true, isStrict: false })
  return lazily(function* () {
    for (const { start, end } of cborPlaces(bytes, () => undefined)) yield { cid: linkIn(bytes, start, end) }
  })
}

/** Links of DAG-JSON in their order. @throws as `decodeJson` */
export function jsonLinks(bytes: Uint8Array): Iterable<Link> {
  // Its text is longer than the CIDs in it, which alone are kept.
  const cids: string[] = []
  collect(decodeJson(bytes, { hasLinks: true }))
  return lazily(function* () {
    for (const cid of cids) yield { cid: CID.decode(Uint8Array.from(Buffer.from(cid, 'latin1'))) }
  })

  function collect(value: IpldValue): void {
    if (isLink(value))
      cids.push(Buffer.from(value.bytes.buffer, value.bytes.byteOffset, value.bytes.byteLength).toString('latin1'))
    else if (isList(value)) for (const entry of value) collect(entry)
    else if (isMap(value)) for (const entry of value.values()) collect(entry)
  }
}

function lazily(iterate: () => Iterator<Link>): Iterable<Link> {
  return { [Symbol.iterator]: iterate }
}

/** The link of DAG-PB that stands at `place`. @throws INVALID when it holds no CID */
export function pbLink(bytes: Uint8Array, place: PbLinkPlace): Link {
  return {
    cid: linkIn(bytes, place.hashStart, place.hashEnd),
    name: place.nameStart < 0 ? undefined : decodeText(bytes.subarray(place.nameStart, place.nameEnd), false),
    tsize: place.tsizeAt < 0 ? undefined : tsizeNumberAt(bytes, place.tsizeAt),
  }
}

/** Where the binary CIDs stand. Tells of keys that are not sorted. @throws INVALID, LIMIT */
function* cborPlaces(
  bytes: Uint8Array,
  onUnsorted: () => void,
): Generator<{ readonly start: number; readonly end: number }, void, void> {
  const reader = new CborReader(bytes)
  /** Items left in each open list and map; a map counts its keys as well, and those come at even numbers. */
  const open: { left: number; readonly isMap: boolean; before: Uint8Array | undefined }[] = []
  do {
    const inner = open.at(-1)
    const isKey = inner?.isMap === true && inner.left % 2 === 0
    if (inner !== undefined) inner.left--
    reader.next()
    if (isKey && reader.major !== MAJOR.text) throw invalid('a key is no string')
    if (reader.major === MAJOR.bytes || reader.major === MAJOR.text) {
      const string = reader.take()
      if (isKey) {
        if (inner.before !== undefined) {
          const order = byLengthThenBytes(inner.before, string)
          if (order === 0) throw invalid('it has a key twice')
          if (order > 0) onUnsorted()
        }
        inner.before = string
      }
    } else if (reader.major === MAJOR.list || reader.major === MAJOR.map) {
      checkDepth(open.length)
      const isKeyed = reader.major === MAJOR.map
      open.push({ left: isKeyed ? reader.argument * 2 : reader.argument, isMap: isKeyed, before: undefined })
    } else if (reader.major === MAJOR.tag) {
      yield { start: reader.takeLink(), end: reader.position }
    } else if (reader.major === MAJOR.simple) {
      checkSimple(reader)
    }
    while (open.at(-1)?.left === 0) open.pop()
  } while (open.length > 0)
  if (!reader.isDone) throw invalid('more bytes follow the value')
}

function checkSimple(reader: CborReader): void {
  if (reader.info >= SIMPLE.false && reader.info <= SIMPLE.undefined) return
  if (reader.info < SIMPLE.half || reader.info > SIMPLE.double) throw invalid(`it has the simple value ${reader.info}`)
  if (!Number.isFinite(reader.float())) throw invalid('a float is no finite number')
}

/** Passes for a CID. The forms that nearly all links have are told by their first bytes. @throws INVALID */
function checkLink(bytes: Uint8Array, start: number, end: number): void {
  const length = end - start
  if (length === 34 && bytes[start] === 0x12 && bytes[start + 1] === 0x20) return
  const isUsual =
    length === 36 &&
    bytes[start] === 1 &&
    (bytes[start + 1] ?? 0x80) < 0x80 &&
    bytes[start + 2] === 0x12 &&
    bytes[start + 3] === 0x20
  if (!isUsual) linkIn(bytes, start, end)
}
