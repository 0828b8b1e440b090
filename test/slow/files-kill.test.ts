// A node that is killed at random moments of changing mutable files, again and again on one repo: every change that was
// acknowledged is there, what moves is in one place, and the root is whole.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createRepo, openNode } from '@cairn/node'
import { expect, test } from 'vitest'
import { HeardChanges } from './heard-changes.ts'
import { below, seededRandom } from './random.ts'
import { ROUNDS } from './rounds.ts'

const CHILD = fileURLToPath(new URL('files-until-killed.ts', import.meta.url))
/** Milliseconds of work before the kill, at most. */
const WORK_MS = 800

test(
  `acknowledged changes of mutable files outlive ${ROUNDS.fileKills} kills`,
  { timeout: 60_000 + ROUNDS.fileKills * 10_000 },
  async () => {
    const { seed } = ROUNDS
    console.log(`seed ${seed}`)
    const random = seededRandom(seed)
    const folder = await mkdtemp(join(tmpdir(), 'cairn-files-kill-'))
    const repo = join(folder, 'repo')
    try {
      await createRepo(repo, 'test')
      const heard = new HeardChanges()
      for (let round = 0; round < ROUNDS.fileKills; round++) {
        const said = await workUntilKilled(repo, { seed: seed + round, workMs: below(random, WORK_MS) })
        heard.hear(said)
        await using node = await openNode(repo)
        await heard.check(node)
      }
      expect(heard.count).toBeGreaterThan(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

/** What the child said: whole lines only. */
async function workUntilKilled(
  repo: string,
  { seed, workMs }: { readonly seed: number; readonly workMs: number },
): Promise<string[][]> {
  const child = spawn(process.execPath, ['--conditions=source', CHILD, repo, `${seed}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const [output, errors] = [text(child.stdout), text(child.stderr)]
  await Promise.race([once(child.stdout, 'data'), exited])
  await new Promise((resolve) => setTimeout(resolve, workMs))
  child.kill('SIGKILL')
  const [, signal] = await exited
  expect(signal, await errors).toBe('SIGKILL')
  const lines = (await output).split('\n')
  return lines.slice(0, -1).map((line) => line.split(' '))
}
