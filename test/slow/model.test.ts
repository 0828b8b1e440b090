// A node on a repo against a model of it: random actions, one by one and several at once, with reopenings and kills between.
// After each group everything that is stored is compared with what the model knows, and now and then all that is pinned is
// read. A failure names the seed, which CAIRN_SEED repeats.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RandomRepo } from './random-repo.ts'
import { seededRandom } from './random.ts'
import { ROUNDS } from './rounds.ts'

/** Groups between two readings of all that is pinned. */
const GROUPS_PER_CHECK = 25

test(
  `a repo does what its model does for ${ROUNDS.actions} actions`,
  { timeout: 60_000 + ROUNDS.actions * 100 },
  async () => {
    console.log(`seed ${ROUNDS.seed}`)
    const folder = await mkdtemp(join(tmpdir(), 'cairn-model-'))
    const repo = await RandomRepo.open(folder, seededRandom(ROUNDS.seed))
    try {
      let labels = ''
      try {
        for (let actions = 0; actions < ROUNDS.actions;) {
          const group = await repo.choose()
          labels = group.actions.map(({ label }) => label).join(' | ')
          if (ROUNDS.isTold) console.log(`${repo.model.time}: ${labels}`)
          actions += group.actions.length
          expect(await repo.run(group)).toEqual([])
          if (repo.model.time % GROUPS_PER_CHECK === 0) await repo.checkPins()
        }
        await repo.checkPins()
      } catch (cause) {
        throw new Error(`seed ${ROUNDS.seed}, group ${repo.model.time}: ${labels}: ${String(cause)}`, { cause })
      }
    } finally {
      await repo.node.close()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
