// Every command that walks, on DAGs made to hurt, each in a process of its own: it ends, with LIMIT or what it was asked for, in little memory.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOSTILE, type HostileName } from './hostile-dags.ts'
import { ROUNDS } from './rounds.ts'
import type { HostileRun } from './run-hostile.ts'

const CHILD = fileURLToPath(new URL('run-hostile.ts', import.meta.url))
/** What a command may take above the same command on a DAG of one block. */
const ABOVE_BASE_BYTES = 256 * 1024 * 1024
/** Milliseconds in which each of them ends, on a busy machine: a million nodes one after the other take a minute on a quiet one. */
const ENDS_MS = 300_000

const COMMANDS = ['pin add', 'refs', 'dag stat', 'dag export', 'dag get', 'get', 'ls', 'cat'] as const
/** What is tried in `npm test`, where every process costs a second: what needs less than a process has tests beside its source. */
const SHORT: readonly (readonly [(typeof COMMANDS)[number], HostileName])[] = [['pin add', 'chain']]
const CASES = ROUNDS.isLong ? COMMANDS.flatMap((command) => HOSTILE.map((dag) => [command, dag] as const)) : SHORT
/** Codes that say of the DAG what is wrong, or that it is not what the command is for. */
const EXPECTED = ['done', 'stopped', 'LIMIT', 'INVALID', 'UNSUPPORTED']

let repo: string
let folder: string
let roots: Record<string, string>
const bases = new Map<string, number>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-hostile-'))
  repo = join(folder, 'repo')
  const dags = new Set<string>(['small', ...CASES.map(([, dag]) => dag)])
  roots = await child(['build', repo, `${ROUNDS.chainNodes}`, ...dags])
}, 600_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

test.for(CASES)('%s of %s ends in little memory', { timeout: 2 * ENDS_MS }, async ([command, dag]) => {
  const base = await baseOf(command)
  const { code, ms, peakBytes } = await runOn(command, dag)
  console.log(
    `${command} ${dag}: ${code}, ${ms} ms, ${Math.round((peakBytes - base) / 1e6)} MB above ${Math.round(base / 1e6)}`,
  )
  expect(EXPECTED).toContain(code)
  if (dag === 'chain' && command !== 'ls' && command !== 'cat' && command !== 'get') expect(code).toBe('done')
  expect(peakBytes - base).toBeLessThan(ABOVE_BASE_BYTES)
  expect(ms).toBeLessThan(ENDS_MS)
})

test('a collection keeps all of them', { timeout: 2 * ENDS_MS }, async () => {
  const base = await baseOf('dag stat')
  const { code, ms, peakBytes } = await child<HostileRun>(['run', repo, 'repo', 'gc', roots['small'] ?? ''])
  console.log(`repo gc: ${code}, ${ms} ms, ${Math.round((peakBytes - base) / 1e6)} MB above ${Math.round(base / 1e6)}`)
  expect(code).toBe('done')
  expect(peakBytes - base).toBeLessThan(ABOVE_BASE_BYTES)
  expect(await runOn('dag stat', 'chain')).toMatchObject({ code: 'done' })
})

/** What the command takes on a harmless DAG; in the short form one stands for all. */
async function baseOf(command: (typeof COMMANDS)[number]): Promise<number> {
  const measured = ROUNDS.isLong ? command : 'dag stat'
  const base = bases.get(measured) ?? (await runOn(measured, 'small')).peakBytes
  bases.set(measured, base)
  return base
}

function runOn(command: string, dag: HostileName): Promise<HostileRun> {
  const [group = '', name = ''] = command.split(' ')
  return child(['run', repo, group, name, roots[dag] ?? ''])
}

async function child<Result>(args: readonly string[]): Promise<Result> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=source',
    '--no-warnings',
    CHILD,
    ...args,
  ])
  return JSON.parse(stdout) as Result
}
