// The entries of one directory, packed: about 85 bytes each beside the name, where an object with its CID takes 600. So a
// directory of a million entries is held in some 100 MB until its blocks can be made.
import { CairnError } from '../errors.ts'
import { ENTRY_SLAB_BYTES } from '../limits.ts'
import { SizeTally } from './directory-size.ts'
import type { DirectoryEntry, NodeLink } from './tree-node.ts'

/** Bytes before each packed entry: the lengths of its CID and its name, 32 bits each, little-endian. */
const HEADER_BYTES = 8

/** A place is the number of a slab times this, plus the offset in it. */
const SLAB_SPAN = 2 ** 32

/** Entries that there is room for at first, and bytes of the first slab: most directories are small. */
const FIRST_ENTRIES = 16
const FIRST_SLAB_BYTES = 1024

/** Collects the entries of a directory, in any order. Names are checked when they come, but not for being different. */
export class EntryList {
  /** Packed entries: header, CID, name. None crosses the end of a slab. */
  readonly #slabs: Buffer[] = []
  #slabUsed = 0
  /** Per entry, where it is packed. */
  #places = new Float64Array(FIRST_ENTRIES)
  /** Per entry, the cumulative bytes below it. */
  #tsizes = new Float64Array(FIRST_ENTRIES)
  /** Number and bytes of the entries so far. */
  readonly size = new SizeTally()

  /** Number of entries. */
  get length(): number {
    return this.size.entries
  }

  /** @throws INVALID for a name that is empty, `.`, `..` or holds `/` or NUL */
  add(entry: DirectoryEntry): void {
    checkName(entry.name)
    this.keep(entry)
  }

  /** Adds an entry that stands in a directory already, whatever its name: readers decide what they make of it. */
  keep({ name, cid, tsize }: DirectoryEntry): void {
    const nameBytes = Buffer.byteLength(name)
    const cidBytes = cid.bytes.length
    const index = this.length
    if (index === this.#places.length) {
      this.#places = grown(this.#places)
      this.#tsizes = grown(this.#tsizes)
    }
    const start = this.#reserve(HEADER_BYTES + cidBytes + nameBytes)
    const slab = this.#slab(this.#slabs.length - 1)
    slab.writeUInt32LE(cidBytes, start)
    slab.writeUInt32LE(nameBytes, start + 4)
    slab.set(cid.bytes, start + HEADER_BYTES)
    slab.write(name, start + HEADER_BYTES + cidBytes)
    this.#places[index] = (this.#slabs.length - 1) * SLAB_SPAN + start
    this.#tsizes[index] = tsize
    this.size.count({ cidBytes, nameBytes, tsize })
  }

  /** The entry at `index`, in views that stay valid. */
  link(index: number): NodeLink {
    const place = this.#places[index] ?? 0
    const slab = this.#slab(Math.floor(place / SLAB_SPAN))
    const start = place % SLAB_SPAN
    const nameStart = start + HEADER_BYTES + slab.readUInt32LE(start)
    return {
      cid: slab.subarray(start + HEADER_BYTES, nameStart),
      name: slab.subarray(nameStart, nameStart + slab.readUInt32LE(start + 4)),
      tsize: this.#tsizes[index] ?? 0,
    }
  }

  /** Indexes of the entries by the bytes of their names in UTF-8, which is not the order of JavaScript's strings. */
  sorted(): Uint32Array {
    const slabOf = new Uint32Array(this.length)
    const starts = new Uint32Array(this.length)
    const ends = new Uint32Array(this.length)
    for (let index = 0; index < this.length; index++) {
      const place = this.#places[index] ?? 0
      slabOf[index] = Math.floor(place / SLAB_SPAN)
      const start = place % SLAB_SPAN
      const slab = this.#slab(slabOf[index] ?? 0)
      starts[index] = start + HEADER_BYTES + slab.readUInt32LE(start)
      ends[index] = (starts[index] ?? 0) + slab.readUInt32LE(start + 4)
    }
    // Compared where they stand: a view for each comparison costs ten times as much.
    const order = Uint32Array.from({ length: this.length }, (_, index) => index)
    return order.toSorted((a, b) =>
      this.#slab(slabOf[a] ?? 0).compare(this.#slab(slabOf[b] ?? 0), starts[b], ends[b], starts[a], ends[a]),
    )
  }

  /** Finds room for `bytes` in the last slab, or in a new one, and gives where it begins. */
  #reserve(bytes: number): number {
    const last = this.#slabs.at(-1)
    if (last === undefined || this.#slabUsed + bytes > last.length) {
      const size = last === undefined ? FIRST_SLAB_BYTES : Math.min(2 * last.length, ENTRY_SLAB_BYTES)
      this.#slabs.push(Buffer.allocUnsafeSlow(Math.max(size, bytes)))
      this.#slabUsed = 0
    }
    const start = this.#slabUsed
    this.#slabUsed += bytes
    return start
  }

  #slab(index: number): Buffer {
    const slab = this.#slabs[index]
    if (slab === undefined) throw new RangeError(`there is no slab ${index}`)
    return slab
  }
}

function grown(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * array.length)
  larger.set(array)
  return larger
}

/** Passes for a name that may be given to an entry. @throws INVALID when it is empty, `.`, `..` or holds `/` or NUL */
export function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new CairnError('INVALID', `Cannot use ${JSON.stringify(name)} as the name of a directory entry`)
  }
}
