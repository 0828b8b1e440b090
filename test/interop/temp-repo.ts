// Repos in folders that go away with the test that made them.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRepo } from '@cairn/node'
import { onTestFinished } from 'vitest'

/** The path of a new repo that listens on loopback alone. */
export async function newRepo(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cairn-interop-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  await createRepo(path, 'test')
  return path
}
