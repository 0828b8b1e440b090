// Protobuf's wire format, for messages whose exact bytes are part of a CID or come from strangers: wire types are
// checked, lengths are bounded by the input, integers are exact. Source: protobuf.dev/programming-guides/encoding.
import { concat } from 'uint8arrays/concat'
import { CairnError } from './errors.ts'

/** Wire type of a field: how its length is told. Groups (3, 4) are refused. */
export type WireType = typeof VARINT | typeof FIXED64 | typeof BYTES | typeof FIXED32

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/** Bytes of the longest varint: 64 bits in groups of 7. */
const VARINT_BYTES_MAX = 10

/**
 * Reads the fields of one message in their order. Call `next` until it gives 0, and after each call exactly one of the
 * value methods or `skip`. Every method throws INVALID on input that breaks the format.
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  #position = 0
  #wire: WireType = VARINT

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Number of the next field, or 0 at the end. */
  next(): number {
    if (this.#position === this.#bytes.length) return 0
    const tag = this.#number()
    const wire = tag % 8
    if (tag < 8 || (wire !== VARINT && wire !== FIXED64 && wire !== BYTES && wire !== FIXED32)) {
      throw new CairnError('INVALID', `Cannot read a protobuf field with tag ${tag}`)
    }
    this.#wire = wire
    return Math.floor(tag / 8)
  }

  /** An unsigned integer up to 2^53 − 1. */
  number(): number {
    this.#expect(VARINT)
    return this.#number()
  }

  /** A signed 32-bit integer; as the format demands, higher bits are cut off. */
  int32(): number {
    this.#expect(VARINT)
    const value = this.#varint()
    return typeof value === 'number' ? value : Number(BigInt.asIntN(32, value))
  }

  /** A signed 64-bit integer. */
  int64(): bigint {
    this.#expect(VARINT)
    return BigInt.asIntN(64, BigInt(this.#varint()))
  }

  boolean(): boolean {
    this.#expect(VARINT)
    return Number(this.#varint()) !== 0
  }

  fixed32(): number {
    this.#expect(FIXED32)
    const part = this.#take(4)
    return new DataView(part.buffer, part.byteOffset, 4).getUint32(0, true)
  }

  /** The bytes of a `bytes`, `string` or message field: a view, not a copy. */
  bytes(): Uint8Array {
    this.#expect(BYTES)
    return this.#take(this.#number())
  }

  /** The unsigned integers of a repeated field, which may stand packed or one by one. */
  numbers(): number[] {
    if (this.#wire !== BYTES) return [this.number()]
    const packed = new ProtobufReader(this.bytes())
    const values: number[] = []
    while (packed.#position < packed.#bytes.length) values.push(packed.#number())
    return values
  }

  /** Passes over the value of a field that the reader does not know. */
  skip(): void {
    if (this.#wire === VARINT) this.#varint()
    else this.#pass(this.#wire === BYTES ? this.#number() : this.#wire === FIXED64 ? 8 : 4)
  }

  #expect(wire: WireType): void {
    if (this.#wire !== wire)
      throw new CairnError('INVALID', `Cannot read a protobuf field of wire type ${this.#wire} as ${wire}`)
  }

  #take(length: number): Uint8Array {
    const start = this.#position
    this.#pass(length)
    return this.#bytes.subarray(start, this.#position)
  }

  #pass(length: number): void {
    const end = this.#position + length
    if (end > this.#bytes.length) throw new CairnError('INVALID', 'Cannot read past the end of a protobuf message')
    this.#position = end
  }

  #number(): number {
    const value = this.#varint()
    if (value > Number.MAX_SAFE_INTEGER)
      throw new CairnError('INVALID', `Cannot use the protobuf integer ${value}: above 2^53`)
    return Number(value)
  }

  /** Four bytes fit a small integer, which is the common case and spares the BigInt. */
  #varint(): bigint | number {
    let low = 0
    for (let index = 0; index < 4; index++) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << (7 * index)
      if (byte < 0x80) return low
    }
    let value = BigInt(low)
    for (let index = 4; index < VARINT_BYTES_MAX; index++) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new CairnError('INVALID', 'Cannot read a protobuf integer of more than 10 bytes')
  }

  #byte(): number {
    const byte = this.#bytes[this.#position]
    if (byte === undefined) throw new CairnError('INVALID', 'Cannot read past the end of a protobuf message')
    this.#position++
    return byte
  }
}

/** Writes one message; the caller chooses which fields stand in it, and in what order. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = []
  #head: number[] = []

  /** A varint: negative values take ten bytes, as int32 and int64 do. */
  varint(field: number, value: number | bigint): this {
    this.#number(field * 8 + VARINT)
    this.#number(value)
    return this
  }

  fixed32(field: number, value: number): this {
    this.#number(field * 8 + FIXED32)
    this.#head.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)
    return this
  }

  /** A `bytes`, `string` or message field. The bytes are copied once, by `finish`. */
  bytes(field: number, value: Uint8Array): this {
    this.#number(field * 8 + BYTES)
    this.#number(value.length)
    this.#flush()
    this.#parts.push(value)
    return this
  }

  /** The bytes of another message, which is done with: copied once with all the others, by the outermost `finish`. */
  message(field: number, value: ProtobufWriter): this {
    value.#flush()
    this.#number(field * 8 + BYTES)
    this.#number(value.#parts.reduce((sum, part) => sum + part.length, 0))
    this.#flush()
    for (const part of value.#parts) this.#parts.push(part)
    return this
  }

  finish(): Uint8Array {
    this.#flush()
    return concat(this.#parts)
  }

  #flush(): void {
    if (this.#head.length > 0) this.#parts.push(Uint8Array.from(this.#head))
    this.#head = []
  }

  #number(value: number | bigint): void {
    if (typeof value === 'bigint' || value < 0 || value > 0x7fff_ffff) {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest > 0x7fn; rest >>= 7n) this.#head.push(Number(rest & 0x7fn) | 0x80)
      this.#head.push(Number(rest))
    } else {
      let rest = value
      for (; rest > 0x7f; rest >>>= 7) this.#head.push((rest & 0x7f) | 0x80)
      this.#head.push(rest)
    }
  }
}
