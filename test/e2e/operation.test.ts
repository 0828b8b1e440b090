// How a daemon is watched and kept, by processes of their own: its log.
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonLines, openPlace, type Daemon, type Place } from './cairn.ts'

let place: Place

beforeAll(async () => {
  place = await openPlace()
})

afterAll(() => place[Symbol.asyncDispose]())

/** A repo whose daemon takes calls at a port of its own. */
async function newRepo(name: string, settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const path = await place.repo(name)
  const config = JSON.parse(await readFile(`${path}/config`, 'utf8')) as Record<string, object>
  const Addresses = { ...config['Addresses'], API: ['/ip4/127.0.0.1/tcp/0'] }
  await writeFile(`${path}/config`, JSON.stringify({ ...config, Addresses, ...settings }))
  return path
}

/** The URL of the server of the daemon on `repo`. */
async function urlOf(repo: string): Promise<string> {
  const [, , host, , port] = (await readFile(`${repo}/api`, 'utf8')).split('/')
  return `http://${host}:${port}`
}

async function endOf(daemon: Daemon): Promise<string> {
  daemon.child.kill('SIGTERM')
  const { code, stderr } = await daemon.ended
  expect(code).toBe(0)
  return stderr
}

interface LogLine {
  readonly level: string
  readonly logger: string
  readonly msg: string
}

test('what matters is in the log, as much of it as is asked for', async () => {
  const repo = await newRepo('log', { Cairn: { Log: { Level: 'error,node=info' } } })
  const daemon = await place.daemon(repo)
  const run = (...args: readonly string[]): Promise<string> => place.output(['--repo', repo, ...args])
  expect((await run('log', 'ls')).split('\n')).toContain('exchange')
  expect([await run('log', 'level'), await run('log', 'level', 'node')]).toEqual(['error\n', 'info\n'])
  await run('repo', 'gc')

  const tail = place.start(['--repo', repo, 'log', 'tail'])
  while (!(await run('diag', 'cmds')).includes('log/tail')) await sleep(20)
  expect(await run('log', 'level', 'all', 'debug')).toBe("Changed log level of '*' to 'debug'\n")
  await run('repo', 'gc')
  const forged = await fetch(`${await urlOf(repo)}/api/v0/id?secret=hidden`, {
    method: 'POST',
    headers: { Origin: 'http://evil.example' },
  })
  expect(forged.status).toBe(403)
  await run('config', 'Some.Token', 'hidden')
  expect(await run('diag', 'cmds', '-v')).not.toContain('hidden')

  const stderr = await endOf(daemon)
  expect(stderr).not.toContain('hidden')
  const lines = jsonLines<LogLine>(stderr)
  const told = lines.map(({ logger, msg }) => `${logger}: ${msg}`)
  for (const line of ['node: starting', 'node: ready', 'node: stopping', 'rpc: call refused', 'gc: collection ended'])
    expect(told.filter((text) => text === line)).toHaveLength(1)
  expect(told.at(-1)).toBe('node: stopped')
  // The reader got what came while it read.
  const read = jsonLines<LogLine>((await tail.ended).stdout.toString())
  expect(read.length).toBeGreaterThan(2)
  expect(lines).toEqual(expect.arrayContaining(read))
})

test('levels that are none are told before anything is opened', async () => {
  const repo = await newRepo('wrong')
  const ended = await place.cairn(['--repo', repo, 'daemon'], { env: { CAIRN_LOG: 'loud' } })
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Error: Cannot use the log level "loud"/) })
  expect((await place.cairn(['--repo', repo, 'log', 'ls'])).code).toBe(1)
})
