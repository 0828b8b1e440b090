// Looks at tables one after the other, in one buffer and without waiting: opening a store may look at all of them, and a buffer
// and some turns of the thread pool for each took a hundred times as long.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isCairnError, systemError } from '@cairn/core'
import { dataBlocksOf, type TableCheck } from './table-file.ts'

/** What makes a table sound. */
export interface Test {
  /** How much of the table it needs. */
  readonly check: TableCheck
  readonly isSound: (table: Uint8Array) => boolean
}

/** A look at tables. */
export class TableLook {
  #buffer = new Uint8Array(0)
  /** What the buffer has of the table that is looked at. */
  readonly #filled: [start: number, end: number][] = []
  #readBytes = 0

  /** Bytes that were read so far. */
  get readBytes(): number {
    return this.#readBytes
  }

  /** Whether the table in the file `path` has `bytes` and passes `test`; one that a compaction took away meanwhile does. */
  isSound(path: string, bytes: number, { check, isSound }: Test): boolean {
    let file: number | undefined
    try {
      file = openSync(path, 'r')
      if (fstatSync(file).size !== bytes) return false
      const table = this.#room(bytes)
      // Most tables are sound, and of those little has to be read.
      if (check !== 'all') {
        this.#readOutline(file, table, check)
        if (isSound(table)) return true
      }
      this.#read(file, table, [0, table.length])
      return isSound(table)
    } catch (cause) {
      const reason = systemError(`read ${path}`, cause)
      if (isCairnError(reason, 'NOT_FOUND')) return true
      throw reason
    } finally {
      if (file !== undefined) closeSync(file)
      // Else the next table could pass for sound by what this one has in the same place.
      for (const [start, end] of this.#filled.splice(0)) this.#buffer.fill(0, start, end)
    }
  }

  #room(bytes: number): Uint8Array {
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(bytes)
    return this.#buffer.subarray(0, bytes)
  }

  /** Reads the end of a table, where its indexes are, and if `keys` are asked for the ends of its data blocks. */
  #readOutline(file: number, table: Uint8Array, check: TableCheck): void {
    const endsAt = Math.max(table.length - END_BYTES, 0)
    this.#read(file, table, [endsAt, table.length])
    if (check === 'ends') return
    let [from, to] = [0, 0]
    // Neighbours in one call: small records have blocks of 4 KiB.
    const need = (start: number, end: number): void => {
      if (start > to + BLOCK_END_BYTES) {
        this.#read(file, table, [from, to])
        from = Math.min(start, endsAt)
      }
      to = Math.min(end, endsAt)
    }
    for (const block of dataBlocksOf(table) ?? []) {
      const end = block.offset + block.size + BLOCK_END_BYTES
      if (block.size > 2 * BLOCK_HEAD_BYTES) {
        need(block.offset, block.offset + BLOCK_HEAD_BYTES)
        need(end - 2 * BLOCK_END_BYTES, end)
      } else need(block.offset, end)
    }
    this.#read(file, table, [from, to])
  }

  #read(file: number, table: Uint8Array, [from, to]: readonly [from: number, to: number]): void {
    const [start, end] = [Math.max(from, 0), Math.min(to, table.length)]
    this.#filled.push([start, end])
    for (let at = start; at < end;) {
      const bytesRead = readSync(file, table, at, end - at, at)
      if (bytesRead === 0) return
      this.#readBytes += bytesRead
      at += bytesRead
    }
  }
}

/** Bytes that the indexes and the filter of most tables take. A table where they take more is read whole. */
const END_BYTES = 64 * 1024

/** Bytes in which every entry of a data block begins: LevelDB ends a block with the entry that makes it 4 KiB or more. */
const BLOCK_HEAD_BYTES = 4096 + 256

/** More bytes than a data block has behind its last value. */
const BLOCK_END_BYTES = 1024
