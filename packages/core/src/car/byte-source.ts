// A stream of pieces of any sizes, read by the byte. It holds one piece at a time and never asks for memory that the
// caller has not bounded.
import { CairnError } from '../errors.ts'
import { decodeVarint, VARINT_BYTES_MAX } from './varint.ts'

const EMPTY = new Uint8Array(0)

/** Reads a stream from its beginning to its end. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array, unknown>
  #piece: Uint8Array = EMPTY
  /** Bytes of the piece that are read already. */
  #at = 0
  /** Bytes of the stream before the piece. */
  #before = 0
  #end = Infinity

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** Bytes read or skipped so far. */
  get offset(): number {
    return this.#before + this.#at
  }

  /** Lets the stream end at this offset from its beginning, until another end is set. */
  endAt(offset: number): void {
    this.#end = offset
  }

  /** Whether there is nothing more before the end. @throws CORRUPT when the stream ends before the end that was set */
  async isAtEnd(): Promise<boolean> {
    if (this.offset >= this.#end) return true
    if (await this.#fill()) return false
    if (this.#end !== Infinity) throw this.#cutOff()
    return true
  }

  /** One varint. @throws CORRUPT when the stream ends within it, else as `decodeVarint` */
  async varint(): Promise<number> {
    const bytes: number[] = []
    for (let isLast = false; !isLast;) {
      if (await this.isAtEnd()) throw this.#cutOff()
      const byte = this.#piece[this.#at++] ?? 0
      bytes.push(byte)
      isLast = byte < 0x80 || bytes.length === VARINT_BYTES_MAX
    }
    return decodeVarint(bytes).value
  }

  /** The next `count` bytes: a view of the piece where they are in one. The caller has bounded `count`. @throws CORRUPT at the end */
  async take(count: number): Promise<Uint8Array> {
    if (this.offset + count > this.#end) throw this.#cutOff()
    if (this.#piece.length - this.#at >= count) return this.#piece.subarray(this.#at, (this.#at += count))
    // Filled below, so it need not be zeros first.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(count).buffer)
    for (let filled = 0; filled < count;) {
      if (!(await this.#fill())) throw this.#cutOff()
      const part = this.#piece.subarray(this.#at, this.#at + count - filled)
      bytes.set(part, filled)
      filled += part.length
      this.#at += part.length
    }
    return bytes
  }

  /** Passes over `count` bytes. @throws CORRUPT when there are fewer */
  async skip(count: number): Promise<void> {
    if (this.offset + count > this.#end) throw this.#cutOff()
    for (let left = count; left > 0;) {
      if (!(await this.#fill())) throw this.#cutOff()
      const step = Math.min(left, this.#piece.length - this.#at)
      this.#at += step
      left -= step
    }
  }

  /** Reads the stream to its end, whatever end was set, so that who writes it is not cut off. */
  async drain(): Promise<void> {
    while (await this.#fill()) this.#at = this.#piece.length
  }

  /** Ends the stream. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  /** Whether the piece has a byte more, after the next one came if it had none. */
  async #fill(): Promise<boolean> {
    while (this.#at === this.#piece.length) {
      const next = await this.#pieces.next()
      if (next.done === true) return false
      this.#before += this.#piece.length
      this.#piece = next.value
      this.#at = 0
    }
    return true
  }

  #cutOff(): CairnError {
    return new CairnError('CORRUPT', 'it ends where more must follow')
  }
}
