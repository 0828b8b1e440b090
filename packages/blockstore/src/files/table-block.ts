// One block of a LevelDB table: entries in key order, keys without what they share with the one before, and then the
// places of the entries that share nothing. Format: doc/table_format.md and table/block_builder.cc of LevelDB, which reads
// blocks without checking them: a damaged one can end the process. So they are looked at before it does.

/** An entry; the key is LevelDB's own: the user's key, and 8 bytes of age and kind. */
export interface BlockEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Bytes of age and kind behind each key. */
export const KEY_TAG_BYTES = 8

/** Entries between two that share nothing, as LevelDB's default has it. */
const RESTART_ENTRIES = 16

/** The entries of a block without its trailer, or `undefined` when LevelDB could stumble over it. */
export function readBlock(block: Uint8Array): BlockEntry[] | undefined {
  const count = block.length < 4 ? 0 : view(block).getUint32(block.length - 4, true)
  const end = block.length - 4 - 4 * count
  if (count < 1 || end < 0) return undefined
  const entries: BlockEntry[] = []
  const restarts = new Set<number>([0])
  for (let at = 0; at < end;) {
    const entry = readEntry(block.subarray(0, end), at, entries.at(-1)?.key)
    if (entry === undefined) return undefined
    const before = entries.at(-1)
    if (before !== undefined && compareKeys(before.key, entry.key) >= 0) return undefined
    if (entry.sharesNothing) restarts.add(at)
    entries.push(entry)
    at = entry.end
  }
  for (let number = 0; number < count; number++) {
    if (!restarts.has(view(block).getUint32(end + 4 * number, true))) return undefined
  }
  return entries
}

/** Where the block ends that begins at `start`, as far as its entries tell: offsets behind which it may be over. */
export function* possibleEnds(bytes: Uint8Array, start: number): Generator<number> {
  let before: Uint8Array | undefined
  let count = 0
  for (let at = start; at < bytes.length;) {
    const entry = readEntry(bytes, at, before)
    if (entry === undefined) return
    before = entry.key
    at = entry.end
    const restarts = Math.ceil(++count / RESTART_ENTRIES)
    const end = at + 4 * restarts + 4
    if (end <= bytes.length && view(bytes).getUint32(end - 4, true) === restarts) yield end
  }
}

/** A block of `entries` in key order, which share nothing with each other. */
export function writeBlock(entries: readonly BlockEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  const restarts: number[] = []
  let length = 0
  for (const { key, value } of entries) {
    restarts.push(length)
    const head = Uint8Array.from([0, ...varint(key.length), ...varint(value.length)])
    parts.push(head, key, value)
    length += head.length + key.length + value.length
  }
  if (restarts.length === 0) restarts.push(0)
  const tail = new Uint8Array(4 * restarts.length + 4)
  for (const [number, offset] of restarts.entries()) view(tail).setUint32(4 * number, offset, true)
  view(tail).setUint32(4 * restarts.length, restarts.length, true)
  return Buffer.concat([...parts, tail])
}

/** The order of LevelDB's own keys: by the user's key, and then the newest first. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const [userA, userB] = [a.subarray(0, -KEY_TAG_BYTES), b.subarray(0, -KEY_TAG_BYTES)]
  const order = Buffer.compare(userA, userB)
  return order === 0 ? Number(tagOf(b) - tagOf(a) > 0n) - Number(tagOf(a) - tagOf(b) > 0n) : order
}

/** The varint at `at` and where it ends, or `undefined` when it is none of at most 53 bits. */
export function readVarint(bytes: Uint8Array, at: number): [value: number, end: number] | undefined {
  let value = 0
  for (let index = 0, factor = 1; index < 7; index++, factor *= 128) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return [value, at + index + 1]
  }
  return undefined
}

export function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}

interface ReadEntry extends BlockEntry {
  readonly end: number
  readonly sharesNothing: boolean
}

function readEntry(bytes: Uint8Array, at: number, before: Uint8Array | undefined): ReadEntry | undefined {
  const shared = readVarint(bytes, at)
  const own = shared && readVarint(bytes, shared[1])
  const size = own && readVarint(bytes, own[1])
  if (shared === undefined || own === undefined || size === undefined) return undefined
  const keyEnd = size[1] + own[0]
  const end = keyEnd + size[0]
  if (end > bytes.length || shared[0] > (before?.length ?? 0) || shared[0] + own[0] < KEY_TAG_BYTES) return undefined
  const rest = bytes.subarray(size[1], keyEnd)
  const key = shared[0] === 0 || before === undefined ? rest : Buffer.concat([before.subarray(0, shared[0]), rest])
  // The lowest byte of the tag is the kind: 1 for a value, 0 for a delete.
  if ((key[key.length - KEY_TAG_BYTES] ?? 2) > 1) return undefined
  return { key, value: bytes.subarray(keyEnd, end), end, sharesNothing: shared[0] === 0 }
}

function tagOf(key: Uint8Array): bigint {
  return view(key).getBigUint64(key.length - KEY_TAG_BYTES, true)
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
