// Which tables earlier processes looked at and found sound, in a file beside the database, so that opening looks at new ones.
// It may vanish, tear or be out of date at any time: then tables are looked at again. Format: docs/formats/blockstore.md.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { maskedCrc32c } from './crc32c.ts'
import type { TableCheck } from './table-file.ts'

/** A table as it was when it was looked at. */
export interface SeenTable {
  readonly bytes: number
  /** Microseconds since 1970 of the last change of the file or of what the system notes about it, which nobody can set. */
  readonly changedUs: number
  readonly check: TableCheck
}

/** Sound tables by their numbers, the one that was looked at longest ago first. */
export type TableMemory = Map<number, SeenTable>

/** What is remembered of the tables of the database in `path`; nothing where that cannot be read. */
export async function readTableMemory(path: string): Promise<TableMemory> {
  const bytes = await readFile(memoryOf(path)).catch(() => new Uint8Array())
  return decodeTableMemory(bytes) ?? new Map()
}

/** Remembers `memory`, and nothing where that cannot be written. */
export async function writeTableMemory(path: string, memory: TableMemory): Promise<void> {
  const part = `${memoryOf(path)}.part`
  try {
    await writeFile(part, encodeTableMemory(memory))
    await rename(part, memoryOf(path))
  } catch {
    // On a full disk tables are looked at again, and nothing else need fail.
  }
}

/** The bytes of the file. */
export function encodeTableMemory(memory: TableMemory): Uint8Array {
  const bytes = new Uint8Array(HEAD.length + memory.size * ENTRY_BYTES + SUM_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(HEAD)
  let at = HEAD.length
  for (const [number, table] of memory) {
    view.setBigUint64(at, BigInt(number))
    view.setBigUint64(at + 8, BigInt(table.bytes))
    view.setBigUint64(at + 16, BigInt(table.changedUs))
    bytes[at + 24] = CHECKS.indexOf(table.check)
    at += ENTRY_BYTES
  }
  view.setUint32(at, maskedCrc32c(bytes.subarray(0, at)))
  return bytes
}

/** What the file says, or `undefined` when it is damaged or of another version. */
export function decodeTableMemory(bytes: Uint8Array): TableMemory | undefined {
  const end = bytes.length - SUM_BYTES
  if (end < HEAD.length || (end - HEAD.length) % ENTRY_BYTES !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!HEAD.every((byte, at) => bytes[at] === byte)) return undefined
  if (view.getUint32(end) !== maskedCrc32c(bytes.subarray(0, end))) return undefined
  const memory: TableMemory = new Map()
  for (let at = HEAD.length; at < end; at += ENTRY_BYTES) {
    const check = CHECKS[bytes[at + 24] ?? CHECKS.length]
    if (check === undefined) return undefined
    const [number, size, changedUs] = [0, 8, 16].map((offset) => Number(view.getBigUint64(at + offset)))
    if (number === undefined || size === undefined || changedUs === undefined) return undefined
    memory.set(number, { bytes: size, changedUs, check })
  }
  return memory
}

/** Name and version. */
const HEAD = Uint8Array.from([...new TextEncoder().encode('cairn-tables'), 1])

/** Number, bytes and time (8 each), and how closely it was looked at (1). */
const ENTRY_BYTES = 25

const SUM_BYTES = 4

/** By the byte that says so. */
const CHECKS: readonly TableCheck[] = ['ends', 'keys', 'all']

/** A file beside the database, whose own folder LevelDB cleans. */
function memoryOf(path: string): string {
  return `${path}.tables`
}
