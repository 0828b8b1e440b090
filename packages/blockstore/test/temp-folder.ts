// Folders that go away with the test that made them.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new empty folder, removed with what a store keeps beside it when the running test (or its `beforeEach`) is over. */
export async function tempFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'cairn-blockstore-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, 'store')
  await mkdir(folder)
  return folder
}
