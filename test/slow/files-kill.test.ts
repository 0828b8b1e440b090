// A node that is killed at random moments of changing mutable files, again and again on one repo: every change that was
// acknowledged is there, what moves is in one place, and the root is whole.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { readFile, walk } from '@cairn/core'
import { createRepo, openNode, type Node } from '@cairn/node'
import { expect, test } from 'vitest'
import { LOGS, recordOf, RECORD_BYTES } from './file-records.ts'
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
      const last = new Map<number, number>()
      let hasToken = false
      for (let round = 0; round < ROUNDS.fileKills; round++) {
        const said = await workUntilKilled(repo, { seed: seed + round, workMs: below(random, WORK_MS) })
        for (const [what, log, record] of said) {
          if (what === 'append') last.set(Number(log), Number(record))
          if (what === 'token') hasToken = true
        }
        await using node = await openNode(repo)
        await checkWhole(node)
        for (let log = 0; log < LOGS; log++) await checkLog(node, log, last.get(log) ?? -1)
        if (hasToken) expect(await tokens(node)).toBe(1)
      }
      expect(last.size).toBeGreaterThan(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

/** Reads, and so proves, every block below the root. */
async function checkWhole(node: Node): Promise<void> {
  const files = await node.files()
  const { cid } = await files.find('/')
  const isThere = await node.store.size(cid)
  if (isThere === undefined) return
  for await (const _ of walk(node.local, cid));
}

/** All records up to the last acknowledged one are there, and one more perhaps. */
async function checkLog(node: Node, log: number, last: number): Promise<void> {
  if (last < 0) return
  const files = await node.files()
  const { cid } = await files.find(`/logs/${log}`)
  const content = Buffer.concat(await Array.fromAsync(readFile(files.reader, cid)))
  expect(content.length % RECORD_BYTES).toBe(0)
  expect(content.length).toBeGreaterThanOrEqual((last + 1) * RECORD_BYTES)
  for (let record = 0; record * RECORD_BYTES < content.length; record++) {
    const found = content.subarray(record * RECORD_BYTES, (record + 1) * RECORD_BYTES)
    expect(Buffer.compare(found, recordOf(log, record)), `log ${log}, record ${record}`).toBe(0)
  }
}

async function tokens(node: Node): Promise<number> {
  const files = await node.files()
  const found = await Promise.allSettled(['/left/token', '/right/token'].map((path) => files.find(path)))
  return found.filter(({ status }) => status === 'fulfilled').length
}

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
