// DAG-CBOR and plain CBOR, both ways, exactly. Canonical bytes come back byte for byte; what others wrote otherwise is read
// where the meaning is clear, unless the caller is strict.
import type { CID } from 'multiformats/cid'
import { viewCid } from '../block/cid.ts'
import { CairnError } from '../errors.ts'
import { CborReader, invalid, MAJOR, SIMPLE } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { checkDepth, decodeText, integerOf, IpldFloat, isLink, isList, ValueBudget, type IpldValue } from './value.ts'

/** What is accepted beyond what is allowed everywhere. */
export interface CborForm {
  /** Whether tag 42 is a link; else it is refused. */
  readonly hasLinks: boolean
  /** Refuses what has another canonical form: unsorted keys, short floats, `undefined`. */
  readonly isStrict: boolean
  /** Refuses strings that are not UTF-8, which would be written otherwise. As `isStrict` by default. */
  readonly isTextStrict?: boolean
}

/**
 * The value that `bytes` stand for. Nothing is allocated for what is only claimed.
 *
 * @throws INVALID when they are no CBOR of this form, LIMIT when the value is too deep or too large to hold
 */
export function decodeCbor(bytes: Uint8Array, form: CborForm): IpldValue {
  const decoder = new Decoder(bytes, form)
  const value = decoder.value(0)
  if (!decoder.reader.isDone) throw invalid('more bytes follow the value')
  return value
}

/** The bytes of a value: keys by length and then bytewise, or in their order where the codec does not sort. @throws INVALID for a link where there are none, and for what no CBOR can hold */
export function encodeCbor(
  value: IpldValue,
  { hasLinks, sortsKeys }: { readonly hasLinks: boolean; readonly sortsKeys: boolean },
): Uint8Array {
  const writer = new CborWriter()
  write(value, 0)
  return writer.finish()

  function write(item: IpldValue, depth: number): void {
    if (item === null) writer.simple(SIMPLE.null)
    else if (typeof item === 'boolean') writer.simple(item ? SIMPLE.true : SIMPLE.false)
    else if (typeof item === 'number' || typeof item === 'bigint') writer.integer(item)
    else if (typeof item === 'string') writer.bytes(MAJOR.text, utf8(item))
    else if (item instanceof Uint8Array) writer.bytes(MAJOR.bytes, item)
    else if (item instanceof IpldFloat) writer.float(item.value)
    else if (isLink(item)) {
      if (!hasLinks) throw new CairnError('INVALID', `Cannot write ${item} as CBOR: only DAG-CBOR has links`)
      writer.link(item.bytes)
    } else if (isList(item)) {
      checkDepth(depth)
      writer.head(MAJOR.list, item.length)
      for (const entry of item) write(entry, depth + 1)
    } else {
      checkDepth(depth)
      writer.head(MAJOR.map, item.size)
      const entries = [...item].map(([key, entry]) => ({ key: utf8(key), entry }))
      if (sortsKeys) entries.sort((a, b) => byLengthThenBytes(a.key, b.key))
      for (const { key, entry } of entries) {
        writer.bytes(MAJOR.text, key)
        write(entry, depth + 1)
      }
    }
  }
}

/** The order of keys in DAG-CBOR. */
export function byLengthThenBytes(a: Uint8Array, b: Uint8Array): number {
  return a.length - b.length || Buffer.compare(a, b)
}

/** UTF-8 bytes of a string. @throws INVALID for a half of a surrogate pair, which has none */
export function utf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new CairnError('INVALID', 'Cannot write a string: it holds half a surrogate pair')
  return ENCODER.encode(text)
}

const ENCODER = new TextEncoder()

class Decoder {
  readonly reader: CborReader
  readonly #form: CborForm
  readonly #isTextStrict: boolean
  readonly #bytes: Uint8Array
  readonly #budget = new ValueBudget()

  constructor(bytes: Uint8Array, form: CborForm) {
    this.reader = new CborReader(bytes)
    this.#bytes = bytes
    this.#form = form
    this.#isTextStrict = form.isTextStrict ?? form.isStrict
  }

  /** The next value; levels are bounded, so recursion is. */
  value(depth: number): IpldValue {
    const { reader } = this
    reader.next()
    switch (reader.major) {
      case MAJOR.uint:
        return Number.isSafeInteger(reader.argument) ? reader.argument : integerOf(reader.exact())
      case MAJOR.negative:
        return Number.isSafeInteger(-1 - reader.argument) ? -1 - reader.argument : integerOf(-1n - reader.exact())
      case MAJOR.bytes:
        this.#budget.take()
        return reader.take()
      case MAJOR.text:
        return decodeText(reader.take(), this.#isTextStrict)
      case MAJOR.list:
        return this.#list(depth)
      case MAJOR.map:
        return this.#map(depth)
      case MAJOR.tag:
        return this.#link()
      default:
        return this.#simple()
    }
  }

  #list(depth: number): IpldValue[] {
    checkDepth(depth)
    this.#budget.take()
    const values: IpldValue[] = []
    for (let left = this.reader.argument; left > 0; left--) values.push(this.value(depth + 1))
    return values
  }

  #map(depth: number): Map<string, IpldValue> {
    checkDepth(depth)
    this.#budget.take()
    const entries = new Map<string, IpldValue>()
    let before: Uint8Array | undefined
    for (let left = this.reader.argument; left > 0; left--) {
      this.reader.next()
      if (this.reader.major !== MAJOR.text) throw invalid('a key is no string')
      const key = this.reader.take()
      if (this.#form.isStrict && before !== undefined && byLengthThenBytes(before, key) > 0)
        throw invalid('its keys are not sorted')
      before = key
      const text = decodeText(key, this.#isTextStrict)
      if (entries.has(text)) throw invalid(`it has the key ${JSON.stringify(text)} twice`)
      entries.set(text, this.value(depth + 1))
    }
    return entries
  }

  #link(): CID {
    if (!this.#form.hasLinks) throw invalid('only DAG-CBOR has tags')
    this.#budget.take()
    const start = this.reader.takeLink()
    return linkIn(this.#bytes, start, this.reader.position)
  }

  #simple(): IpldValue {
    const { reader } = this
    const { info } = reader
    if (info === SIMPLE.false || info === SIMPLE.true) return info === SIMPLE.true
    if (info === SIMPLE.null || (info === SIMPLE.undefined && !this.#form.isStrict)) return null
    const isFloat = info === SIMPLE.double || ((info === SIMPLE.half || info === SIMPLE.single) && !this.#form.isStrict)
    if (!isFloat)
      throw invalid(
        info === SIMPLE.half || info === SIMPLE.single
          ? 'a float is shorter than 64 bits'
          : `it has the simple value ${info}`,
      )
    const value = reader.float()
    if (!Number.isFinite(value)) throw invalid('a float is no finite number')
    return new IpldFloat(value)
  }
}

/** The CID that fills a part of `bytes` exactly. Whether its hash is one that can be trusted is not looked at. @throws INVALID */
export function linkIn(bytes: Uint8Array, start: number, end: number): CID {
  const part = bytes.subarray(start, end)
  try {
    const cid = viewCid(part)
    if (cid.bytes.length === part.length) return cid
  } catch (cause) {
    throw new CairnError('INVALID', `Cannot decode a link of ${part.length} bytes`, { cause })
  }
  throw new CairnError('INVALID', 'Cannot decode a link: it is a CIDv0 with a prefix')
}
