// A node that is killed at random moments of adding, unpinning, moving pins and collecting, again and again on one repo:
// whatever was acknowledged is there, and the next collection leaves nothing that nobody keeps.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createRepo, openNode } from '@cairn/node'
import { expect, test } from 'vitest'
import { checkCollected, checkPins, expectedOf } from './acknowledged.ts'
import { ROUNDS } from './rounds.ts'
import { below, seededRandom } from './random.ts'

const CHILD = fileURLToPath(new URL('change-until-killed.ts', import.meta.url))
/** Milliseconds of work before the kill, at most. */
const WORK_MS = 600

test(
  `everything acknowledged outlives ${ROUNDS.kills} kills`,
  { timeout: 60_000 + ROUNDS.kills * 10_000 },
  async () => {
    const seed = ROUNDS.seed
    console.log(`seed ${seed}`)
    const random = seededRandom(seed)
    const folder = await mkdtemp(join(tmpdir(), 'cairn-kill-'))
    const repo = join(folder, 'repo')
    try {
      await createRepo(repo, 'test')
      let kept = new Set<string>()
      for (let round = 0; round < ROUNDS.kills; round++) {
        const said = await workUntilKilled(repo, { seed: seed + round * 10, workMs: below(random, WORK_MS) })
        const expected = expectedOf(kept, said)
        await using node = await openNode(repo)
        kept = await checkPins(node, expected)
        // Not always, so that a kill can follow upon the garbage of another one.
        if (random() < 0.5) await checkCollected(node, kept)
      }
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
  // The moments of opening are as good as any, but the first line tells that work is under way.
  await Promise.race([once(child.stdout, 'data'), exited])
  await new Promise((resolve) => setTimeout(resolve, workMs))
  child.kill('SIGKILL')
  const [, signal] = await exited
  expect(signal, await errors).toBe('SIGKILL')
  const lines = (await output).split('\n')
  return lines.slice(0, -1).map((line) => line.split(' '))
}
