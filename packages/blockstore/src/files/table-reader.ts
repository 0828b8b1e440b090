// Reads tables for their keys, the next one while the keys of the one before are taken. Of large records little is read.
import { open } from 'node:fs/promises'
import { isCairnError, systemError } from '@cairn/core'
import { BLOCK_HEAD_BYTES } from './table-keys.ts'
import { dataBlocksOf, type Handle } from './table-file.ts'

/** Bytes that the indexes and the filter of most tables take. A table where they take more is read whole. */
const END_BYTES = 64 * 1024

/** Bytes at the end of a block that say where its entries end. */
const COUNT_BYTES = 4

/** Data blocks of this many bytes on the average are not read whole: one read for each of them costs less. */
const LARGE_BLOCK_BYTES = 64 * 1024

/** A table as far as its keys need it. */
export interface TableOutline {
  readonly file: Uint8Array
  readonly blocks: readonly Handle[]
  /** Bytes at the start of each block that were read. */
  readonly headBytes: number
}

/** Two buffers that take turns: a table is read into one while another one is looked at. */
export class TableReader {
  readonly #buffers: Uint8Array[] = []
  #turn = 0

  /** The table in the file `path`, valid until the call after the next; `undefined` when it is gone or damaged. */
  async read(path: string): Promise<TableOutline | undefined> {
    const turn = this.#turn
    this.#turn = 1 - turn
    try {
      await using file = await open(path, 'r')
      const { size } = await file.stat()
      const table = this.#buffer(turn, size)
      const read = async (start: number, end: number): Promise<void> => {
        for (let at = Math.max(start, 0); at < end;) {
          const { bytesRead } = await file.read(table, at, end - at, at)
          if (bytesRead === 0) throw new RangeError('the table was cut')
          at += bytesRead
        }
      }
      await read(size - END_BYTES, size)
      const blocks = dataBlocksOf(table)
      if (blocks !== undefined && size / Math.max(blocks.length, 1) >= LARGE_BLOCK_BYTES) {
        for (const { offset, size: bytes } of blocks) {
          await read(offset, offset + Math.min(bytes, BLOCK_HEAD_BYTES))
          await read(Math.max(offset + bytes - COUNT_BYTES, offset), offset + bytes + 1)
        }
        return { file: table, blocks, headBytes: BLOCK_HEAD_BYTES }
      }
      await read(0, size - END_BYTES)
      const all = blocks ?? dataBlocksOf(table)
      return all && { file: table, blocks: all, headBytes: Infinity }
    } catch (error) {
      if (error instanceof RangeError) return undefined
      const reason = systemError(`read ${path}`, error)
      if (isCairnError(reason, 'NOT_FOUND')) return undefined // a compaction took it away
      throw reason
    }
  }

  #buffer(turn: number, bytes: number): Uint8Array {
    const buffer = this.#buffers[turn]
    if (buffer !== undefined && buffer.length >= bytes) return buffer.subarray(0, bytes)
    const fresh = new Uint8Array(bytes)
    this.#buffers[turn] = fresh
    return fresh
  }
}
