// The items of canonical CBOR, written into one growing buffer: shortest integers, floats of 64 bits. Source: RFC 8949.
import { CairnError } from '../errors.ts'
import { MAJOR, SIMPLE } from './cbor-reader.ts'
import { INTEGER_MAX, INTEGER_MIN } from './value.ts'

/** Bytes of the buffer at first; it doubles when it is full. */
const FIRST_BYTES = 256
/** Head of tag 42. */
const LINK_HEAD = [0xd8, 42] as const

/** Writes one item after the other; the caller has their nesting right. */
export class CborWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** @throws INVALID for an integer beyond 64 bits and a sign, or a number that is none */
  integer(value: number | bigint): void {
    if (typeof value === 'number' ? !Number.isSafeInteger(value) : value > INTEGER_MAX || value < INTEGER_MIN) {
      throw new CairnError('INVALID', `Cannot write the integer ${value}: it does not fit CBOR`)
    }
    if (value >= 0) this.head(MAJOR.uint, value)
    else this.head(MAJOR.negative, typeof value === 'bigint' ? -1n - value : -1 - value)
  }

  /** @throws INVALID for what is not finite */
  float(value: number): void {
    if (!Number.isFinite(value))
      throw new CairnError('INVALID', `Cannot write the float ${value}: it is no finite number`)
    this.#reserve(9)
    this.#bytes[this.#length] = (MAJOR.simple << 5) | SIMPLE.double
    this.#view.setFloat64(this.#length + 1, value)
    this.#length += 9
  }

  simple(value: number): void {
    this.head(MAJOR.simple, value)
  }

  bytes(major: typeof MAJOR.bytes | typeof MAJOR.text, value: Uint8Array): void {
    this.head(major, value.length)
    this.#append(value)
  }

  /** A link by its binary CID. */
  link(cid: Uint8Array): void {
    this.#append(Uint8Array.from(LINK_HEAD))
    this.head(MAJOR.bytes, cid.length + 1)
    this.#append(Uint8Array.of(0))
    this.#append(cid)
  }

  /** The head of an item. */
  head(major: number, argument: number | bigint): void {
    this.#reserve(9)
    const first = major << 5
    const at = this.#length
    if (argument < 24) {
      this.#bytes[at] = first | Number(argument)
      this.#length += 1
    } else if (argument < 0x100) {
      this.#bytes[at] = first | 24
      this.#bytes[at + 1] = Number(argument)
      this.#length += 2
    } else if (argument < 0x1_0000) {
      this.#bytes[at] = first | 25
      this.#view.setUint16(at + 1, Number(argument))
      this.#length += 3
    } else if (argument < 0x1_0000_0000) {
      this.#bytes[at] = first | 26
      this.#view.setUint32(at + 1, Number(argument))
      this.#length += 5
    } else {
      this.#bytes[at] = first | 27
      this.#view.setBigUint64(at + 1, BigInt(argument))
      this.#length += 9
    }
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}
