// How a daemon is watched and kept, by processes of their own: its log, its metrics.
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chacha20 } from '../vectors/inputs.ts'
import { jsonLines, openPlace, type Daemon, type Place } from './cairn.ts'
import { parsePrometheus, type ScrapedMetric } from './prometheus-text.ts'

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

test('metrics are in the form of Prometheus, and count what happened', async () => {
  const source = await newRepo('metrics-source')
  const repo = await newRepo('metrics')
  const provider = await place.daemon(source)
  const daemon = await place.daemon(repo)
  await writeFile(place.path('three'), chacha20('metrics', 3 * 1024 * 1024))
  const root = (await place.output(['--repo', source, 'add', '-Q', 'three'])).trimEnd()
  const url = `${await urlOf(repo)}/debug/metrics/prometheus`
  const scrape = async (): Promise<ReadonlyMap<string, ScrapedMetric>> => {
    const response = await fetch(url)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    return parsePrometheus(await response.text())
  }
  const before = await scrape()
  await place.output(['--repo', repo, 'swarm', 'connect', provider.address])
  await place.output(['--repo', repo, 'pin', 'add', root])
  await place.output(['--repo', repo, 'pin', 'rm', root])
  await place.output(['--repo', repo, 'repo', 'gc'])
  expect((await place.cairn(['--repo', repo, 'pin', 'rm', root])).code).toBe(1)
  const after = await scrape()
  const valueOf = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
    after
      .get(name)
      ?.samples.find((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      ?.value
  expect([...after.keys()]).toEqual(expect.arrayContaining([...before.keys()]))
  expect(valueOf('cairn_exchange_received_blocks_total')).toBe(4)
  expect(valueOf('cairn_storage_written_blocks_total')).toBe(4)
  expect(valueOf('cairn_gc_removed_blocks_total')).toBe(4)
  expect(valueOf('cairn_gc_runs_total', { outcome: 'done' })).toBe(1)
  expect(valueOf('cairn_blocks')).toBe(0)
  expect(valueOf('cairn_exchange_peers')).toBe(1)
  expect(valueOf('cairn_http_requests_total', { path: 'pin/add', status: '200' })).toBe(1)
  expect(valueOf('cairn_http_failures_total', { path: 'pin/rm' })).toBe(1)
  expect(valueOf('cairn_http_requests_in_flight')).toBe(1)
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'cairn_disk_free_bytes'])
    expect(valueOf(name)).toBeGreaterThan(0)
  // Guarded like the calls, and names that clients make up are no labels.
  expect((await fetch(url, { headers: { Origin: 'http://evil.example' } })).status).toBe(403)
  await fetch(`${await urlOf(repo)}/api/v0/made-up`, { method: 'POST' })
  const paths = (await scrape()).get('cairn_http_requests_total')?.samples.map(({ labels }) => labels['path'])
  expect(paths).not.toContain('made-up')
  expect(paths).toContain('none')
  await Promise.all([endOf(daemon), endOf(provider)])
})

test('who has no secret gets no metrics where secrets are asked for', async () => {
  const repo = await newRepo('guarded', {
    API: { Authorizations: { scraper: { AuthSecret: 'bearer:token', AllowedPaths: ['/debug/metrics'] } } },
  })
  const daemon = await place.daemon(repo)
  const get = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(`${await urlOf(repo)}${path}`, init)).status
  const headers = { Authorization: 'Bearer token' }
  expect(await get('/debug/metrics/prometheus')).toBe(403)
  expect(await get('/debug/metrics/prometheus', { headers: { Authorization: 'Bearer other' } })).toBe(403)
  expect(await get('/debug/metrics/prometheus', { headers })).toBe(200)
  expect(await get('/api/v0/id', { headers, method: 'POST' })).toBe(403)
  await endOf(daemon)
})

test('a profile of a daemon goes into a file that only its owner reads', async () => {
  const repo = await newRepo('profile')
  const daemon = await place.daemon(repo)
  const file = place.path('slow.zip')
  await place.output(['--repo', repo, 'diag', 'profile', '--profile-time', '200ms', '-o', file])
  expect((await readFile(file)).subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004')
  expect((await stat(file)).mode & 0o077).toBe(0)
  const query = 'profile-time=0&collectors=version'
  const response = await fetch(`${await urlOf(repo)}/api/v0/diag/profile?${query}`, { method: 'POST' })
  expect(response.headers.get('content-type')).toBe('application/zip')
  await response.arrayBuffer()
  const { runtime } = JSON.parse(await place.output(['--repo', repo, 'diag', 'sys'])) as { runtime: object }
  expect(runtime).toMatchObject({ os: process.platform, numcpu: expect.any(Number) })
  await endOf(daemon)
})

test('who is refused, and damage, are in the log', async () => {
  const other = await newRepo('stranger')
  const stranger = await place.daemon(other)
  const peer = stranger.address.split('/').at(-1) ?? ''
  const repo = await newRepo('damaged', {
    Cairn: { RefusePeers: [peer], Log: { Level: 'info' } },
  })
  await writeFile(place.path('some'), chacha20('some', 300_000))
  await place.output(['--repo', repo, 'add', '-Q', 'some'])
  await rm(`${repo}/index`, { recursive: true })
  const daemon = await place.daemon(repo)
  // Whoever dials may learn only later that it was refused.
  await place.cairn(['--repo', other, 'swarm', 'connect', daemon.address])
  expect((await place.cairn(['--repo', repo, 'swarm', 'connect', stranger.address])).code).toBe(1)
  const lines = jsonLines<LogLine & Readonly<Record<string, unknown>>>(await endOf(daemon))
  const told = (logger: string, msg: string) => lines.filter((line) => line.logger === logger && line.msg === msg)
  expect(told('blockstore', 'index made anew')).toEqual([expect.objectContaining({ blocks: 1, isWhole: true })])
  // People are told in a sentence as well, which no level leaves out.
  expect(told('node', 'The index was made anew from the log: 1 block')).toHaveLength(1)
  const refused = told('network', 'connection refused')
  for (const direction of ['in', 'out'])
    expect(refused).toContainEqual(expect.objectContaining({ direction, by: 'config', level: 'info' }))
  await endOf(stranger)
})
