// Folders that go away with the test that made them.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new empty folder, removed when the running test is over. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-stores-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
