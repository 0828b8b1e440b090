// What Cairn reads of LevelDB's MANIFEST: which of LevelDB's own logs comes next, and which tables there are. Formats:
// doc/log_format.md and db/version_edit.cc of LevelDB. Checksums are LevelDB's business; this only looks.

/** LevelDB's log files and its MANIFEST are cut into blocks of this many bytes, which no record's header crosses. */
const BLOCK_BYTES = 32_768
/** Checksum (4 bytes), length (2, little-endian), type (1). */
const HEADER_BYTES = 7
const TYPE = { zero: 0, full: 1, first: 2, middle: 3, last: 4 } as const
const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  pointer: 5,
  deleted: 6,
  added: 7,
  prevLog: 9,
} as const

/** What a MANIFEST says in the end. */
export interface Manifest {
  /** Number of the log that comes next, 0 for none. */
  readonly logNumber: number
  /** Bytes of each table, by its number. */
  readonly tables: ReadonlyMap<number, number>
  /** Level, first and last key of each table, by its number. */
  readonly ranges: ReadonlyMap<number, KeyRange>
}

/** Keys of LevelDB's own: the user's key, and 8 bytes of age and kind. */
export interface KeyRange {
  /** 0 for tables that may overlap each other; above, none of a level do. */
  readonly level: number
  readonly first: Uint8Array
  readonly last: Uint8Array
}

/** Reads a MANIFEST. `undefined` when it does not read as one: LevelDB, which checks it, will say so itself. */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  const manifest: Edited = { logNumber: undefined, tables: new Map(), ranges: new Map() }
  try {
    for (const record of records(bytes)) apply(new Reader(record), manifest)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
  const { logNumber, tables, ranges } = manifest
  return logNumber === undefined ? undefined : { logNumber, tables, ranges }
}

interface Edited {
  logNumber: number | undefined
  readonly tables: Map<number, number>
  readonly ranges: Map<number, KeyRange>
}

/** Whole records; a torn one at the end is left out, as LevelDB does. */
function* records(bytes: Uint8Array): Generator<Uint8Array> {
  let parts: Uint8Array[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const blockEnd = (Math.floor(at / BLOCK_BYTES) + 1) * BLOCK_BYTES
    const start = at + HEADER_BYTES
    const end = start + (bytes[at + 4] ?? 0) + (bytes[at + 5] ?? 0) * 256
    const type = bytes[at + 6]
    if (start > blockEnd || type === TYPE.zero) {
      at = blockEnd
      continue
    }
    if (end > bytes.length) return
    if (type === TYPE.full || type === TYPE.first) parts = []
    parts.push(bytes.subarray(start, end))
    if (type === TYPE.full || type === TYPE.last) yield Buffer.concat(parts)
    at = end
  }
}

function apply(edit: Reader, manifest: Edited): void {
  while (!edit.isAtEnd) {
    const tag = edit.integer()
    if (tag === TAG.logNumber) manifest.logNumber = edit.integer()
    else if (tag === TAG.comparator) edit.skipText()
    else if (tag === TAG.nextFile || tag === TAG.lastSequence || tag === TAG.prevLog) edit.integer()
    else if (tag === TAG.pointer) edit.skip(1).skipText()
    else if (tag === TAG.deleted) {
      const number = edit.skip(1).integer()
      manifest.tables.delete(number)
      manifest.ranges.delete(number)
    } else if (tag === TAG.added) {
      const [level, number, bytes] = [edit.integer(), edit.integer(), edit.integer()]
      manifest.tables.set(number, bytes)
      manifest.ranges.set(number, { level, first: edit.text(), last: edit.text() })
    } else throw new RangeError(`no such tag: ${tag}`)
  }
}

/** Reads varints. @throws RangeError beyond the end */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  integer(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new RangeError('the record ends in a number')
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  skip(integers: number): this {
    for (let index = 0; index < integers; index++) this.integer()
    return this
  }

  text(): Uint8Array {
    const length = this.integer()
    const start = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw new RangeError('the record ends in a text')
    return this.#bytes.subarray(start, this.#at)
  }

  skipText(): this {
    this.text()
    return this
  }
}
