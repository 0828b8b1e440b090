// The count of what came, and what each block was worth.
import type { BlockUse } from './fetch-trace.ts'

/** Counts since the client began; bytes are those of blocks. */
export interface ReceiptCounts {
  /** All blocks that came, duplicate and unasked ones included. */
  readonly blocksReceived: number
  readonly dataReceived: number
  /** Blocks that were wanted and had come already. */
  readonly dupBlksReceived: number
  readonly dupDataReceived: number
  /** Blocks that were never asked for, or whose bytes are not what was asked for. */
  readonly unaskedBlksReceived: number
  readonly unaskedDataReceived: number
}

/** Counts blocks by what they were worth. */
export class Receipts {
  readonly #counts = {
    blocksReceived: 0,
    dataReceived: 0,
    dupBlksReceived: 0,
    dupDataReceived: 0,
    unaskedBlksReceived: 0,
    unaskedDataReceived: 0,
  }

  get counts(): ReceiptCounts {
    return { ...this.#counts }
  }

  /** Bytes of blocks that came and were of no use. */
  get wastedBytes(): number {
    return this.#counts.dupDataReceived + this.#counts.unaskedDataReceived
  }

  /** Counts one block. */
  add(use: BlockUse, bytes: number): void {
    this.#counts.blocksReceived++
    this.#counts.dataReceived += bytes
    if (use === 'duplicate') {
      this.#counts.dupBlksReceived++
      this.#counts.dupDataReceived += bytes
    } else if (use === 'unasked') {
      this.#counts.unaskedBlksReceived++
      this.#counts.unaskedDataReceived += bytes
    }
  }
}
