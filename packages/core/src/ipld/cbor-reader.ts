// The items of CBOR as DAG-CBOR allows them, one by one and without making anything of them: definite lengths that fit into what is
// left, integers in their shortest form, tag 42 alone. Source: ipld.io DAG-CBOR specification, RFC 8949.
import { CairnError } from '../errors.ts'

/** Major types of CBOR. */
export const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 } as const

/** Additional information of major type 7. */
export const SIMPLE = { false: 20, true: 21, null: 22, undefined: 23, half: 25, single: 26, double: 27 } as const

/** The one tag of DAG-CBOR: a link, as a byte string of 00 and a binary CID. */
const LINK_TAG = 42

/** Bytes that follow the first one for each additional information from 24 on, and the least value that needs so many. */
const ARGUMENTS = [
  { bytes: 1, min: 24 },
  { bytes: 2, min: 0x100 },
  { bytes: 4, min: 0x1_0000 },
  { bytes: 8, min: 0x1_0000_0000 },
] as const

/** Reads the head of one item after the other. All fields are those of the item that `next` came to. */
export class CborReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** Where the item after this one begins; of a string, before `take` of its bytes. */
  position = 0
  major = 0
  /** The lower five bits of the first byte. */
  info = 0
  /** The argument of the item; above 2^53 it is rounded, and `exact` has it whole. */
  argument = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Whether all bytes are read. */
  get isDone(): boolean {
    return this.position === this.#bytes.length
  }

  /**
   * Reads the next head.
   *
   * @throws INVALID for what is cut off, has no definite length, is longer than it needs to be, or claims more than is left
   */
  next(): void {
    const first = this.#bytes[this.position]
    if (first === undefined) throw invalid('it ends too early')
    this.position++
    this.major = first >> 5
    this.info = first & 31
    this.argument = this.info
    if (this.info >= 24) this.#readArgument()
    const left = this.#bytes.length - this.position
    // An entry of a list takes a byte at least, one of a map two: so no length asks for more than the input can hold.
    const least = this.major === MAJOR.map ? this.argument * 2 : this.argument
    if (this.major >= MAJOR.bytes && this.major <= MAJOR.map && least > left)
      throw invalid('it claims more than there is')
  }

  /** The argument of this item as it stands. */
  exact(): bigint {
    return this.info === 27 ? this.#view.getBigUint64(this.position - 8) : BigInt(this.argument)
  }

  /** The bytes of the string whose head was read: a view, not a copy. */
  take(): Uint8Array {
    const start = this.position
    this.position += this.argument
    return this.#bytes.subarray(start, this.position)
  }

  /** Reads what follows the head of a tag, and gives where the binary CID begins that ends at `position`. */
  takeLink(): number {
    const tag = this.argument
    if (tag !== LINK_TAG) throw invalid(`it has tag ${tag}`)
    this.next()
    const bytes = this.take()
    if (this.major !== MAJOR.bytes || bytes[0] !== 0) throw invalid('a link is no byte string that begins with 00')
    return this.position - bytes.length + 1
  }

  /** The float whose head was read. */
  float(): number {
    if (this.info === SIMPLE.double) return this.#view.getFloat64(this.position - 8)
    return this.info === SIMPLE.single
      ? this.#view.getFloat32(this.position - 4)
      : halfFloat(this.#view.getUint16(this.position - 2))
  }

  #readArgument(): void {
    const form = ARGUMENTS[this.info - 24]
    if (form === undefined) throw invalid(this.info === 31 ? 'a length is indefinite' : 'a head is reserved')
    const { bytes, min } = form
    if (this.position + bytes > this.#bytes.length) throw invalid('it ends too early')
    const at = this.position
    this.position += bytes
    if (this.major === MAJOR.simple) return
    if (bytes === 1) this.argument = this.#view.getUint8(at)
    else if (bytes === 2) this.argument = this.#view.getUint16(at)
    else if (bytes === 4) this.argument = this.#view.getUint32(at)
    else this.argument = this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4)
    if (this.argument < min) throw invalid('an integer is longer than it needs to be')
  }
}

/** A refusal of CBOR for `reason`. */
export function invalid(reason: string): CairnError {
  return new CairnError('INVALID', `Cannot decode CBOR: ${reason}`)
}

/** Source: RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const [exponent, mantissa] = [(bits >> 10) & 0x1f, bits & 0x3ff]
  const size =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa === 0
          ? Infinity
          : Number.NaN
        : (mantissa + 1024) * 2 ** (exponent - 25)
  return bits >> 15 === 1 ? -size : size
}
