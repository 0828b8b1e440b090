// Memory for bytes on their way to clients, used again and again: new memory for each piece would be collected too late, and
// pieces between the blocks of other readers would keep what those leave from the system.
import { PIECE_BYTES, PIECE_BYTES_MIN, SLAB_REGION_BYTES, UNSENT_BYTES_MAX, UNSENT_TOTAL_BYTES } from '../limits.ts'

/** The slabs of one server: at most what all answers may have on their way, and one small one for each of them. */
export class Slabs {
  /** By their size. */
  readonly #free = new Map<number, Uint8Array[]>()
  #answers = 0

  /** Bytes that one answer may have on its way now: much for a few, one piece for a thousand. */
  get share(): number {
    return Math.min(UNSENT_BYTES_MAX, UNSENT_TOTAL_BYTES / Math.max(1, this.#answers))
  }

  /** Bytes of the next piece. */
  get pieceBytes(): number {
    return this.share < PIECE_BYTES ? PIECE_BYTES_MIN : PIECE_BYTES
  }

  /** An answer begins, until the function that is returned is called. */
  begin(): () => void {
    this.#answers++
    return () => void this.#answers--
  }

  /** A slab that begins with a copy of the piece of `bytes` at `at`; a view would keep all of its block. */
  copy(bytes: Uint8Array, at: number): { readonly slab: Uint8Array; readonly piece: Uint8Array } {
    const slab = this.#take(this.pieceBytes)
    const length = Math.min(slab.length, bytes.length - at)
    slab.set(bytes.subarray(at, at + length))
    return { slab, piece: slab.subarray(0, length) }
  }

  /** Takes a slab back that nobody reads any more. */
  giveBack(slab: Uint8Array): void {
    this.#free.get(slab.length)?.push(slab)
  }

  #take(bytes: number): Uint8Array {
    let free = this.#free.get(bytes)
    if (free === undefined) this.#free.set(bytes, (free = []))
    if (free.length === 0) {
      const region = Buffer.allocUnsafeSlow(SLAB_REGION_BYTES)
      for (let at = 0; at < region.length; at += bytes) free.push(region.subarray(at, at + bytes))
    }
    return free.pop() ?? Buffer.allocUnsafeSlow(bytes)
  }
}
