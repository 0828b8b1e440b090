// Files of a small store, one or two in each copy, cut, zeroed, garbled or with flipped bits: it opens without a person, serves no
// wrong byte, keeps what the damage did not reach, and names the rest.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ALL_PAIRS, BLOCKS, fillStores, harmCopy, harmKeys, harmPair, RECORDS, type Harm } from './harm.ts'
import type { Findings, Look } from './look-at-damage.ts'
import { seededRandom } from './random.ts'
import { ROUNDS } from './rounds.ts'

const CHILD = fileURLToPath(new URL('look-at-damage.ts', import.meta.url))
/** Times that a store may end its process before it is mended. */
const ENDS_MAX = 2

const seeds = Array.from({ length: BLOCKS }, (_, seed) => seed)
let child: ChildProcess | undefined
afterEach(() => {
  child?.kill('SIGKILL')
  // The next test starts its own: one that has ended would never answer.
  child = undefined
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-damage-'))
  await fillStores(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test(`${ROUNDS.damages} damaged stores`, { timeout: 60_000 + ROUNDS.damages * 5000 }, async () => {
  const { seed } = ROUNDS
  console.log(`seed ${seed}`)
  const tally = { complete: 0, named: 0, ends: 0 }
  for (let round = 0; round < ROUNDS.damages; round++) {
    const copy = join(folder, 'copy')
    const harm = await harmCopy(folder, copy, seededRandom(seed + round))
    const about = JSON.stringify({ seed: seed + round, ...harm })
    const { findings, ends } = await look({ path: copy, collects: collectsIn(round) }, about)
    tally.ends += ends
    check(harm, findings, { about, collects: collectsIn(round) })
    const isComplete = expectedIn(collectsIn(round)).every((one) => findings.there.includes(one))
    if (isComplete) tally.complete++
    else tally.named++
  }
  console.log(JSON.stringify(tally))
  expect(tally.complete).toBeGreaterThan(0)
})

test(`${ROUNDS.damages} stores with damaged keys`, { timeout: 60_000 + ROUNDS.damages * 5000 }, async () => {
  const { seed } = ROUNDS
  for (let round = 0; round < ROUNDS.damages; round++) {
    const copy = join(folder, 'copy')
    const harm = await harmKeys(folder, copy, seededRandom(seed + round))
    const about = JSON.stringify({ seed: seed + round, ...harm })
    const { findings, ends } = await look({ path: copy, collects: collectsIn(round) }, about)
    expect(ends, about).toBe(0)
    check(harm, findings, { about, collects: collectsIn(round) })
  }
})

test('stores in which two tables are damaged', { timeout: 60_000 + ALL_PAIRS.length * 5000 }, async () => {
  const { seed } = ROUNDS
  const [first, step] = [seed % ROUNDS.pairsStep, ROUNDS.pairsStep]
  for (let round = first; round < ALL_PAIRS.length; round += step) {
    const pair = ALL_PAIRS[round]
    if (pair === undefined) continue
    const copy = join(folder, 'copy')
    const harm = await harmPair({ path: folder, copy, pair }, seededRandom(seed + round))
    const about = JSON.stringify({ seed: seed + round, ...harm })
    const { findings, ends } = await look({ path: copy, collects: collectsIn(round) }, about)
    expect(ends, about).toBe(0)
    check(harm, findings, { about, collects: collectsIn(round) })
  }
})

/** What the child finds in the store, which is looked at again when that ended the process. */
async function look(store: Look, about: string): Promise<{ readonly findings: Findings; readonly ends: number }> {
  for (let ends = 0; ends <= ENDS_MAX; ends++) {
    child ??= spawn(process.execPath, ['--conditions=source', '--no-warnings', CHILD], {
      stdio: ['pipe', 'pipe', ROUNDS.isTold ? 'inherit' : 'ignore'],
    })
    const lines = createInterface({ input: child.stdout ?? process.stdin })
    const answered = new AbortController()
    const { signal } = answered
    const line = once(lines, 'line', { signal }).then(([answer]: unknown[]) => String(answer))
    const end = once(child, 'exit', { signal }).then(() => undefined)
    child.stdin?.write(`${JSON.stringify(store)}\n`)
    const text = await Promise.race([line, end])
    answered.abort()
    await Promise.allSettled([line, end])
    lines.close()
    if (text !== undefined) return { findings: JSON.parse(text) as Findings, ends }
    child = undefined
  }
  return expect.fail(`a store ended its process ${ENDS_MAX + 1} times: ${about}`)
}

/** When the damaged store of a round is collected. */
function collectsIn(round: number): Look['collects'] {
  return (['never', 'first', 'last'] as const)[round % 3] ?? 'never'
}

/** Blocks that are asked about. */
function expectedIn(collects: Look['collects']): number[] {
  return collects === 'first' ? seeds.filter((seed) => seed % 2 === 0) : seeds
}

function check(
  { files }: Harm,
  findings: Findings,
  { about, collects }: { readonly about: string; readonly collects: Look['collects'] },
): void {
  const { thereAfterScrub, counted } = findings
  const expected = expectedIn(collects)
  const asked = (found: readonly number[]) => found.filter((seed) => expected.includes(seed))
  const [there, corrupt] = [asked(findings.there), asked(findings.corrupt)]
  const databases = new Set(files.map(({ database }) => database))
  const missing = expected.filter((seed) => !thereAfterScrub.includes(seed))
  const { wrong, wrongRecords, unhealed, miscollected } = findings
  expect([wrong, wrongRecords, unhealed, miscollected], about).toEqual([[], [], [], []])
  expect(counted, about).toBe(thereAfterScrub.length)
  if (!databases.has('blocks')) expect(there, about).toEqual(expected)
  // What the log has lost, only the index knows.
  else if (!databases.has('index')) {
    // Every block is there, or named.
    expect(
      missing.filter((seed) => !findings.named.includes(seed) || !findings.damaged.includes(seed)),
      about,
    ).toEqual([])
    // A read finds it as well, and not only a scrub.
    expect(
      [...there, ...corrupt].toSorted((a, b) => a - b),
      about,
    ).toEqual(expected)
  }
  // All records are there, or it is known that some may not be.
  if (!databases.has('meta') || !findings.isDoubtful) expect(findings.records, about).toHaveLength(RECORDS)
}
