// A small file that is written whole or not at all.
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes through a temporary file, so that a crash leaves the old content or the new, never half of it. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const part = `${path}.part`
  const file = await open(part, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
