// Profiles as archives, read by the library that others read them with.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { Profiler } from '../src/commands/profiler.ts'
import { zipOf } from '../src/commands/zip-archive.ts'
import { CallLog, COMMANDS, type LogControl, type Operation } from '../src/index.ts'
import { openRunner, type CommandRunner } from './command-runner.ts'

/** Profiles ask the log nothing. */
const logs: LogControl = {
  subsystems: [],
  levels: () => ({}),
  levelOf: () => 'info',
  setLevel: (subsystem) => subsystem,
  async *tail() {},
}

function operation(): Operation {
  return { logs, calls: new CallLog(), profiler: new Profiler() }
}

async function filesOf(
  runner: CommandRunner,
  options: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const pieces = (await runner.run('diag profile', { options, operation: operation() })) as Uint8Array[]
  const entries = Object.entries(unzipSync(Buffer.concat(pieces)))
  return Object.fromEntries(entries.map(([name, bytes]) => [name, strFromU8(bytes)]))
}

test('an archive has what was asked for, in forms that tools open, and no secret', async () => {
  const runner = await openRunner()
  const config = join(runner.path, 'config')
  const settings = JSON.parse(await readFile(config, 'utf8')) as Record<string, unknown>
  const hidden = {
    API: { Authorizations: { a: { AuthSecret: 'bearer:hidden', AllowedPaths: [] } } },
    Pinning: { RemoteServices: { far: { API: { Endpoint: 'https://far.example', Key: 'hidden' } } } },
  }
  await writeFile(config, JSON.stringify({ ...settings, ...hidden }))
  const files = await filesOf(runner, { 'profile-time': '300ms' })
  expect(Object.keys(files)).toEqual([
    'version.json',
    'sys.json',
    'config.json',
    'calls.json',
    'handles.json',
    'cpu.cpuprofile',
    'heap.heapprofile',
  ])
  const all = Object.values(files).join('')
  expect(all).toContain('far.example')
  expect(all).not.toContain('hidden')
  expect(all).not.toContain('PrivKey')
  expect(JSON.parse(files['cpu.cpuprofile'] ?? '')).toMatchObject({
    nodes: expect.arrayContaining([expect.objectContaining({ callFrame: expect.anything() })]),
    startTime: expect.any(Number),
    endTime: expect.any(Number),
    samples: expect.any(Array),
    timeDeltas: expect.any(Array),
  })
  expect(JSON.parse(files['heap.heapprofile'] ?? '')).toMatchObject({ head: { callFrame: expect.anything() } })
})

test('no time is no sampling, and only what there is can be collected', async () => {
  const runner = await openRunner()
  expect(Object.keys(await filesOf(runner, { 'profile-time': '0' }))).not.toContain('cpu.cpuprofile')
  expect(Object.keys(await filesOf(runner, { collectors: 'heap, version', 'profile-time': '50ms' }))).toEqual([
    'version.json',
    'heap.heapprofile',
  ])
  for (const options of [{ collectors: 'bin' }, { 'profile-time': 'long' }, { 'profile-time': '6m' }])
    await expect(filesOf(runner, options)).rejects.toMatchObject({ code: 'INVALID' })
  await expect(runner.run('diag profile')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('one profile at a time, and one that nobody waits for any more ends', async () => {
  const profiler = new Profiler()
  const stop = new AbortController()
  const first = profiler.take({ kinds: ['cpu', 'heap'], ms: 60_000 }, stop.signal)
  await expect(profiler.take({ kinds: ['cpu'], ms: 1 }, stop.signal)).rejects.toMatchObject({ code: 'CONFLICT' })
  stop.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  const again = await profiler.take({ kinds: ['cpu'], ms: 10 }, new AbortController().signal)
  expect(Object.keys(again)).toEqual(['cpu'])
})

test('an archive of files of any size is read as it was written', async () => {
  const texts = { none: '', small: 'a', large: 'abc é '.repeat(100_000) }
  async function* files() {
    for (const [name, text] of Object.entries(texts)) yield { name, text }
  }
  const bytes = Buffer.concat(await Array.fromAsync(zipOf(files())))
  expect(bytes.length).toBeLessThan(100_000)
  const read = Object.entries(unzipSync(bytes)).map(([name, content]) => [name, strFromU8(content)])
  expect(Object.fromEntries(read)).toEqual(texts)
})

test('the command line is told of a file of its own', () => {
  const command = COMMANDS.find(({ path }) => path.join(' ') === 'diag profile')
  expect(command).toMatchObject({ output: 'bytes', contentType: 'application/zip', fileMode: 0o600 })
})
