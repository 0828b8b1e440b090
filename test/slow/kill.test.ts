// A node that is killed at random moments of adding, unpinning, moving pins and collecting, again and again on one repo:
// whatever was acknowledged is there, and the next collection leaves nothing that nobody keeps.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { blockKey, walk } from '@cairn/core'
import { createRepo, openNode, type Node } from '@cairn/node'
import { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { ROUNDS } from './rounds.ts'
import { below, seededRandom } from './random.ts'

const CHILD = fileURLToPath(new URL('change-until-killed.ts', import.meta.url))
/** Milliseconds of work before the kill, at most. */
const WORK_MS = 600

/** What must hold of the pins after a kill. */
interface Expected {
  readonly kept: Set<string>
  readonly gone: Set<string>
  /** Moves of a pin, by the old root, that may have happened or not, but not by half. */
  readonly moves: Map<string, string>
}

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

function expectedOf(before: ReadonlySet<string>, said: readonly (readonly string[])[]): Expected {
  const expected: Expected = { kept: new Set(before), gone: new Set(), moves: new Map() }
  for (const [what, root = '', to = ''] of said) {
    if (what === 'add') expected.kept.add(root)
    if (what === 'unpin?' || what === 'move?') expected.kept.delete(root)
    if (what === 'move?') expected.moves.set(root, to)
    if (what === 'unpin' || what === 'move') expected.gone.add(root)
    if (what === 'move' && expected.moves.delete(root)) expected.kept.add(to)
  }
  return expected
}

/** The pins that there are, after each of them was read whole. */
async function checkPins(node: Node, { kept, gone, moves }: Expected): Promise<Set<string>> {
  const pinned = new Set<string>()
  for await (const { cid } of node.pins.list()) pinned.add(`${cid}`)
  expect([...kept].filter((root) => !pinned.has(root))).toEqual([])
  expect([...gone].filter((root) => pinned.has(root))).toEqual([])
  for (const [from, to] of moves) expect(pinned.has(from), `${from} or ${to}`).toBe(!pinned.has(to))
  await reachable(node, pinned)
  return pinned
}

/** After a collection exactly what the pins reach is there. */
async function checkCollected(node: Node, pinned: ReadonlySet<string>): Promise<void> {
  for await (const _ of node.collect());
  const live = await reachable(node, pinned)
  const stored: string[] = []
  for await (const { cid } of node.store.list()) stored.push(blockKey(cid))
  expect(stored.filter((key) => !live.has(key))).toEqual([])
  expect(await node.store.stat()).toMatchObject({ blocks: live.size })
}

/** Keys of the blocks below all of `roots`, each read and so proven. @throws when one is missing or damaged */
async function reachable(node: Node, roots: Iterable<string>): Promise<Set<string>> {
  const keys = new Set<string>()
  for (const root of roots) for await (const { cid } of walk(node.local, CID.parse(root))) keys.add(blockKey(cid))
  return keys
}
