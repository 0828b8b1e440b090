// Refuses a write while there is still room to tidy up, since LevelDB cannot take back a write that failed half-way, and one
// that goes beyond what the store may take.
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError, formatBytes } from '@cairn/core'
import { DISK_RESERVE_BYTES, INDEX_ENTRY_BYTES, RECORD_OVERHEAD_BYTES, ROOM_COUNTED_BYTES } from './limits.ts'

/** What a {@link DiskRoom} looks after. */
export interface DiskRoomParts {
  /** The folder of the store. */
  readonly path: string
  /** Bytes that the store may take on disk; as many as there are by default. */
  readonly bytesMax?: number | undefined
  /** Bytes that it takes now. */
  readonly measure: () => Promise<number>
}

/** The room that a store has on its disk, and within its own limit. Deleting and collecting never ask for any. */
export class DiskRoom {
  readonly #parts: DiskRoomParts
  /** Bytes when they were measured last, and bytes written since. */
  #usedBytes = Infinity
  #addedBytes = 0

  constructor(parts: DiskRoomParts) {
    this.#parts = parts
  }

  /** Takes room for so many `blocks` of `bytes` together. @throws LIMIT when there is none, UNAVAILABLE when the disk is gone */
  async take(blocks: number, bytes: number): Promise<void> {
    const { path, bytesMax, measure } = this.#parts
    await requireDiskRoom(path, bytes)
    if (bytesMax === undefined) return
    const neededBytes = bytes + blocks * (RECORD_OVERHEAD_BYTES + INDEX_ENTRY_BYTES)
    // Counting on is good for a while; what was deleted since is seen when it matters.
    const countedBytes = this.#usedBytes + this.#addedBytes + neededBytes
    if (this.#addedBytes > ROOM_COUNTED_BYTES || countedBytes > bytesMax) {
      this.#usedBytes = await measure()
      this.#addedBytes = 0
    }
    const usedBytes = this.#usedBytes + this.#addedBytes
    if (usedBytes + neededBytes > bytesMax) {
      throw new CairnError(
        'LIMIT',
        `Cannot store ${formatBytes(neededBytes)}: the repo takes ${formatBytes(usedBytes)}, and Datastore.StorageMax is ` +
          `${formatBytes(bytesMax)}; unpin what is not needed and run "cairn repo gc", or raise it in the config`,
      )
    }
    this.#addedBytes += neededBytes
  }
}

/** @throws LIMIT when the disk of `path` has no room for `bytes` more and the reserve, UNAVAILABLE when it is gone */
export async function requireDiskRoom(path: string, bytes: number): Promise<void> {
  const freeBytes = await freeDiskBytes(path)
  if (freeBytes >= bytes + DISK_RESERVE_BYTES) return
  throw new CairnError(
    'LIMIT',
    `Cannot write to ${path}: the disk is full (${formatBytes(freeBytes)} free, ${formatBytes(DISK_RESERVE_BYTES)} of them kept for deleting); ` +
      'make room, or run "cairn repo gc"',
  )
}

/** Bytes that puts may still take of the disk of `path`. @throws UNAVAILABLE when it is gone */
export async function roomOnDisk(path: string): Promise<number> {
  return Math.max((await freeDiskBytes(path)) - DISK_RESERVE_BYTES, 0)
}

/** Bytes free on the disk of `path`. Some network file systems tell nothing: there writing has to find out. @throws UNAVAILABLE */
export async function freeDiskBytes(path: string): Promise<number> {
  const { bavail, bsize, blocks } = await statfs(path).catch((cause: unknown) => {
    throw new CairnError('UNAVAILABLE', `Cannot write to ${path}: ${String(cause)}`, { cause })
  })
  return blocks === 0 ? Infinity : bavail * bsize
}

/**
 * Bytes in the database in folder `path` that are in no table yet: LevelDB removes its logs when it has written a table.
 *
 * @throws UNAVAILABLE
 */
export async function untabledBytes(path: string): Promise<number> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw new CairnError('UNAVAILABLE', `Cannot measure ${path}: ${String(cause)}`, { cause })
  })
  const logs = names.filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(
    logs.map((name) =>
      stat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
