// A small file that is written whole or not at all.
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

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
