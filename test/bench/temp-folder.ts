// A folder for one part of the bench, on the disk of the system's temporary files.
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from './clean-up.ts'

export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-'))
  // Again and again: what has just been killed may still be writing.
  const removed = atExit(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
  try {
    return await work(folder)
  } finally {
    removed()
    await rm(folder, { recursive: true, force: true })
  }
}
