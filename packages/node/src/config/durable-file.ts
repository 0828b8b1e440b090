// A small file that is written whole or not at all, and by one process at a time.
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CairnError } from '@cairn/core'
import { FILE_LOCK_LOOK_MS, FILE_LOCK_STALE_MS, FILE_LOCK_WAIT_MS } from '../limits.ts'

/**
 * Runs `change`, which reads the file at `path` and writes it, while nobody else in this or another process does so: else one
 * of two changes would be lost, and what one has taken out the other would put back.
 *
 * @throws LOCKED when others take too long
 */
export async function alone<Result>(path: string, change: () => Promise<Result>): Promise<Result> {
  const lock = `${path}.lock`
  await takeLock(lock)
  try {
    return await change()
  } finally {
    await rm(lock, { force: true })
  }
}

async function takeLock(lock: string): Promise<void> {
  const untilMs = performance.now() + FILE_LOCK_WAIT_MS
  while (performance.now() < untilMs) {
    try {
      await (await open(lock, 'wx', 0o600)).close()
      return
    } catch (cause) {
      if (!hasCode(cause, 'EEXIST')) throw cause
    }
    // Who has left it there was killed: a change takes milliseconds.
    const since = (await stat(lock).catch(() => undefined))?.mtimeMs
    if (since !== undefined && Date.now() - since > FILE_LOCK_STALE_MS) await rm(lock, { force: true })
    else await setTimeout(FILE_LOCK_LOOK_MS)
  }
  throw new CairnError('LOCKED', `Cannot change ${lock.replace(/\.lock$/, '')}: others are changing it`)
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** Writes through a temporary file, so that a crash leaves the old content or the new, never half of it. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const part = `${path}.part`
  await writeSynced(part, text)
  await rename(part, path)
  await syncFolder(dirname(path))
}

/** Writes `content` to a file that only its owner may read, and waits for the disk. Its name may still be lost. */
export async function writeSynced(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Waits until the names in the folder at `path` are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
