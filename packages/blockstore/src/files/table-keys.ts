// The keys of a LevelDB table and the sizes of their values, read without LevelDB and without making an object for each:
// what LevelDB's binding hands over one by one takes ten times as long. Format: doc/table_format.md of LevelDB. Like
// LevelDB this verifies no checksums of data blocks, but what does not read as one is noticed.
import { KEY_TAG_BYTES } from './table-block.ts'
import type { Handle } from './table-file.ts'
import type { TableOutline } from './table-reader.ts'

/** Bytes in which every entry of a data block begins: LevelDB ends a block with the entry that makes it 4 KiB or more. */
export const BLOCK_HEAD_BYTES = 4096 + 256

/** Bytes of the longest key that is read, with its age and kind; a block of a log has 153 at most. */
const KEY_BYTES_MAX = 256

/**
 * Is given one key that has a value: it is in the first `keyBytes` of `key`, which is used again after the call.
 */
export type OnKey = (key: Uint8Array, keyBytes: number, valueBytes: number) => void

/** Reads the keys of tables, one table after the other. */
export class TableKeys {
  readonly #onKey: OnKey
  /** The key read last: the user's key, and age and kind. */
  readonly #key = new Uint8Array(KEY_BYTES_MAX)
  #keyBytes = 0

  constructor(onKey: OnKey) {
    this.#onKey = onKey
  }

  /**
   * Hands on the keys in `blocks` of the table in `file`, in their order, each once and only if its newest entry is no delete.
   * False when a block is compressed or damaged; some keys may have been handed on then.
   */
  read({ file, blocks, headBytes }: TableOutline): boolean {
    this.#keyBytes = 0
    return blocks.every((block) => file[block.offset + block.size] === 0 && this.#readBlock(file, block, headBytes))
  }

  #readBlock(file: Uint8Array, { offset, size }: Handle, headBytes: number): boolean {
    const blockEnd = offset + size
    const restarts = size < 8 ? 0 : uint32(file, blockEnd - 4)
    const end = blockEnd - 4 - 4 * restarts
    // The first key of a block shares nothing.
    if (restarts < 1 || end < offset || file[offset] !== 0) return false
    for (let at = offset; at < end;) {
      const next = this.#readEntry(file, at, Math.min(end, offset + headBytes))
      if (next === undefined || next > end) return false
      at = next
    }
    return true
  }

  /** Where the entry at `at` ends, whose key ends before `keyLimit`; `undefined` when it is none. */
  #readEntry(file: Uint8Array, at: number, keyLimit: number): number | undefined {
    // Three varints: one byte each but for the last, which may be of three.
    const shared = file[at] ?? 0x80
    const own = file[at + 1] ?? 0x80
    let valueBytes = 0
    let start = at + 2
    for (let factor = 1; ; factor *= 128) {
      const byte = file[start++] ?? 0
      valueBytes += (byte & 0x7f) * factor
      if (byte < 0x80) break
      if (factor > 2 ** 28) return undefined
    }
    const keyBytes = shared + own
    if (shared >= 0x80 || own >= 0x80) return undefined
    if (start + own > keyLimit || shared > this.#keyBytes || keyBytes < KEY_TAG_BYTES) return undefined
    const order = this.#orderOf(file, start, { shared, userBytes: keyBytes - KEY_TAG_BYTES })
    if (order < 0) return undefined
    const key = this.#key
    for (let index = 0; index < own; index++) key[shared + index] = file[start + index] ?? 0
    this.#keyBytes = keyBytes
    const kind = key[keyBytes - KEY_TAG_BYTES] ?? 2
    if (kind > 1) return undefined
    if (kind === 1 && order > 0) this.#onKey(key, keyBytes - KEY_TAG_BYTES, valueBytes)
    return start + own + valueBytes
  }

  /** More than 0 when the user's key at `start` stands behind the one before it, 0 when it is the same, less for disorder. */
  #orderOf(
    file: Uint8Array,
    start: number,
    { shared, userBytes }: { readonly shared: number; readonly userBytes: number },
  ): number {
    const before = this.#keyBytes - KEY_TAG_BYTES
    if (before < 0) return 1
    const key = this.#key
    const end = Math.min(before, userBytes)
    for (let index = shared; index < end; index++) {
      const order = (file[start + index - shared] ?? 0) - (key[index] ?? 0)
      if (order !== 0) return order
    }
    return userBytes - before
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)
  return (bytes[at + 3] ?? 0) * 2 ** 24 + high
}
