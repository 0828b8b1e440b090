// Memory for bytes on their way to clients, used again and again: new memory for each piece would be collected too late.
import { PIECE_BYTES, SLABS_KEPT, UNSENT_BYTES_MAX, UNSENT_TOTAL_BYTES } from '../limits.ts'

/** The slabs of one server. */
export class Slabs {
  readonly #free: Buffer[] = []
  #answers = 0

  /** Bytes that one answer may have on its way now: much for a few, one piece for a thousand. */
  get share(): number {
    return Math.min(UNSENT_BYTES_MAX, UNSENT_TOTAL_BYTES / Math.max(1, this.#answers))
  }

  /** An answer begins, until the function that is returned is called. */
  begin(): () => void {
    this.#answers++
    return () => void this.#answers--
  }

  /** A slab that begins with a copy of the piece of `bytes` at `at`; a view would keep all of its block. */
  copy(bytes: Uint8Array, at: number): { readonly slab: Buffer; readonly piece: Buffer } {
    const slab = this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES)
    const length = Math.min(PIECE_BYTES, bytes.length - at)
    slab.set(bytes.subarray(at, at + length))
    return { slab, piece: slab.subarray(0, length) }
  }

  /** Takes a slab back that nobody reads any more. */
  giveBack(slab: Buffer): void {
    if (this.#free.length < SLABS_KEPT) this.#free.push(slab)
  }
}
