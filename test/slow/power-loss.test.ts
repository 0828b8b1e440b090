// The power fails at random moments: a repo on a disk of its own, an image, whose content is taken at one instant while a
// node works on it. What the system had not written yet is not in there; what was acknowledged has to be.
// The disk is a file on a second image, since a file system that is frozen holds all writes to the files in it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openLevelStore } from '@cairn/blockstore'
import { createRepo, openNode } from '@cairn/node'
import { expect, test } from 'vitest'
import { checkCollected, checkPins, expectedOf } from './acknowledged.ts'
import { openDisk } from './disk.ts'
import { HeardChanges } from './heard-changes.ts'
import { largeGroup } from './large-group.ts'
import { below, seededRandom } from './random.ts'
import { ROUNDS } from './rounds.ts'

const PUT_WHEN_TOLD = fileURLToPath(new URL('put-when-told.ts', import.meta.url))
const CHILD = fileURLToPath(new URL('change-until-killed.ts', import.meta.url))
const FILES_CHILD = fileURLToPath(new URL('files-until-killed.ts', import.meta.url))
/** Milliseconds of work between two failures, at most. */
const WORK_MS = 1500
/** Large puts: what they leave is copied each time. */
const LARGE_PUTS = Math.min(ROUNDS.powerLosses, 50)

test(
  `everything acknowledged outlives ${ROUNDS.powerLosses} losses of power`,
  { timeout: 60_000 + ROUNDS.powerLosses * 20_000 },
  async ({ skip }) => {
    await using disk = await openDisk().catch((cause: unknown) => skip(`no disk can be made here: ${String(cause)}`))
    console.log(`seed ${ROUNDS.seed}`)
    const random = seededRandom(ROUNDS.seed)
    const repo = join(disk.path, 'repo')
    await createRepo(repo, 'test')
    const child = spawn(process.execPath, ['--conditions=source', CHILD, repo, `${ROUNDS.seed}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
      await once(child.stdout, 'data')
      for (let round = 0; round < ROUNDS.powerLosses; round++) {
        await new Promise((resolve) => setTimeout(resolve, below(random, WORK_MS)))
        const lines = await disk.cut(() => said.split('\n').slice(0, -1))
        expect(child.exitCode).toBe(null)
        child.kill('SIGSTOP')
        await disk.afterwards(async (path) => {
          await using node = await openNode(join(path, 'repo'))
          const pinned = await checkPins(
            node,
            expectedOf(
              new Set(),
              lines.map((line) => line.split(' ')),
            ),
          )
          await checkCollected(node, pinned)
        })
        child.kill('SIGCONT')
      }
    } finally {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await exited
    }
  },
)

// Whatever else is written syncs its file system as well, and hides that a large put was acknowledged too early.
test(
  `a large put alone outlives the power that goes with its acknowledgement, ${LARGE_PUTS} times`,
  { timeout: 60_000 + LARGE_PUTS * 20_000 },
  async ({ skip }) => {
    await using disk = await openDisk().catch((cause: unknown) => skip(`no disk can be made here: ${String(cause)}`))
    const folder = join(disk.path, 'store')
    const child = spawn(process.execPath, ['--conditions=source', PUT_WHEN_TOLD, folder, '1'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      expect((await lines.next()).value).toBe('open')
      for (let round = 1; round <= LARGE_PUTS; round++) {
        child.stdin.write('put\n')
        expect((await lines.next()).value).toBe(`${round}`)
        await disk.cut(() => undefined)
        await disk.afterwards(async (path) => {
          const store = await openLevelStore(join(path, 'store'))
          const blocks = largeGroup(round)
          const found = await store.getMany(blocks.map(({ cid }) => cid))
          await store.close()
          expect(found.map((block) => block?.bytes.length)).toEqual(blocks.map(({ bytes }) => bytes.length))
        })
      }
    } finally {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await exited
    }
  },
)

test(
  `acknowledged changes of mutable files outlive ${ROUNDS.powerLosses} losses of power`,
  { timeout: 60_000 + ROUNDS.powerLosses * 20_000 },
  async ({ skip }) => {
    await using disk = await openDisk().catch((cause: unknown) => skip(`no disk can be made here: ${String(cause)}`))
    console.log(`seed ${ROUNDS.seed}`)
    const random = seededRandom(ROUNDS.seed)
    const repo = join(disk.path, 'repo')
    await createRepo(repo, 'test')
    const child = spawn(process.execPath, ['--conditions=source', FILES_CHILD, repo, `${ROUNDS.seed}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
      await once(child.stdout, 'data')
      for (let round = 0; round < ROUNDS.powerLosses; round++) {
        await new Promise((resolve) => setTimeout(resolve, below(random, WORK_MS)))
        const lines = await disk.cut(() => said.split('\n').slice(0, -1))
        expect(child.exitCode).toBe(null)
        child.kill('SIGSTOP')
        await disk.afterwards(async (path) => {
          await using node = await openNode(join(path, 'repo'))
          const heard = new HeardChanges()
          heard.hear(lines.map((line) => line.split(' ')))
          await heard.check(node)
        })
        child.kill('SIGCONT')
      }
    } finally {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await exited
    }
  },
)
