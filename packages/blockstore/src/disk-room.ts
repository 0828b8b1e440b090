// Refuses a write while there is still room to tidy up: LevelDB cannot take back a write that failed half-way.
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError } from '@cairn/core'
import { DISK_RESERVE_BYTES } from './limits.ts'

/** @throws LIMIT when the disk of `path` has no room for `bytes` more and the reserve, UNAVAILABLE when it is gone */
export async function requireDiskRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(path).catch((cause: unknown) => {
    throw new CairnError('UNAVAILABLE', `Cannot write to ${path}: ${String(cause)}`, { cause })
  })
  const freeBytes = bavail * bsize
  // Some network file systems tell nothing: there the write itself has to find out.
  if (blocks === 0 || freeBytes >= bytes + DISK_RESERVE_BYTES) return
  throw new CairnError(
    'LIMIT',
    `Cannot write to ${path}: the disk is full (${freeBytes} bytes free, ${DISK_RESERVE_BYTES} are kept)`,
  )
}

/** Bytes in the database in folder `path` that are in no table yet: LevelDB removes its logs when it has written a table. */
export async function untabledBytes(path: string): Promise<number> {
  const logs = (await readdir(path)).filter((name) => name.endsWith('.log'))
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
