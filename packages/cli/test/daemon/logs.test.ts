// The log of a daemon: levels, lines, and readers that are slow.
import { createRepo } from '@cairn/node'
import { expect, test } from 'vitest'
import { REPEATS_MAX, REPEATS_MS, TAIL_LINES_MAX, TAILS_MAX } from '../../src/daemon/log/limits.ts'
import { Logs } from '../../src/daemon/log/logs.ts'
import { openLogs } from '../../src/daemon/log/open-logs.ts'
import { Repeats } from '../../src/daemon/log/repeats.ts'
import { Tail } from '../../src/daemon/log/tail.ts'
import { textLine } from '../../src/daemon/log/text-line.ts'
import { tempFolder } from '../temp-folder.ts'

interface Told {
  readonly logs: Logs
  readonly lines: string[]
}

function openWith(base: 'debug' | 'info' | 'warn' | 'error' = 'info'): Told {
  const lines: string[] = []
  return { lines, logs: new Logs((line) => void lines.push(line), { base, bySubsystem: new Map([['gc', 'error']]) }) }
}

const messages = (lines: readonly string[]): unknown[] =>
  lines.map((line) => (JSON.parse(line) as { readonly msg: unknown }).msg)

test('each part has a level, which changes while it runs', () => {
  const { logs, lines } = openWith()
  const [rpc, gc] = [logs.of('rpc'), logs.of('gc')]
  rpc.info('one', { path: 'add', status: undefined })
  rpc.debug('two')
  gc.warn('three')
  expect(logs.setLevel('cmds/http', 'debug')).toBe('rpc')
  rpc.debug('four')
  logs.setLevel('*', 'warn')
  rpc.info('five')
  gc.warn('six')
  expect(messages(lines)).toEqual(['one', 'four', 'six'])
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    logger: 'rpc',
    path: 'add',
    msg: 'one',
  })
  expect(logs.levels()).toEqual(Object.fromEntries(['(default)', ...logs.subsystems].map((name) => [name, 'warn'])))
  expect(() => logs.setLevel('nobody', 'info')).toThrow(expect.objectContaining({ code: 'INVALID' }))
  expect(() => logs.setLevel('rpc', 'loud')).toThrow(expect.objectContaining({ code: 'INVALID' }))
})

test('a message that comes all the time is counted, and one for finding faults is not', () => {
  const { logs, lines } = openWith('debug')
  for (let count = 0; count < REPEATS_MAX + 5; count++) logs.of('rpc').warn('again')
  for (let count = 0; count < REPEATS_MAX + 5; count++) logs.of('rpc').debug('detail')
  expect(messages(lines).filter((text) => text === 'again')).toHaveLength(REPEATS_MAX)
  expect(messages(lines).filter((text) => text === 'detail')).toHaveLength(REPEATS_MAX + 5)
  let nowMs = 0
  const repeats = new Repeats(() => nowMs)
  for (let count = 0; count < REPEATS_MAX; count++) expect(repeats.pass('a')).toBe(0)
  expect([repeats.pass('a'), repeats.pass('a'), repeats.pass('b')]).toEqual([undefined, undefined, 0])
  nowMs = REPEATS_MS
  expect([repeats.pass('a'), repeats.pass('a')]).toEqual([2, 0])
})

test('readers get what is urgent enough from now on, until they end', async () => {
  const { logs } = openWith()
  logs.of('rpc').error('before')
  const stop = new AbortController()
  const all = Array.fromAsync(logs.tail(undefined, stop.signal))
  const urgent = Array.fromAsync(logs.tail('error', stop.signal))
  logs.of('rpc').info('news')
  logs.of('node').error('broken')
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  expect([messages(await all), messages(await urgent)]).toEqual([['news', 'broken'], ['broken']])
  await expect(logs.tail('loud', stop.signal).next()).rejects.toMatchObject({ code: 'INVALID' })
})

test('a slow reader misses lines and is told how many, and there are only so many readers', async () => {
  const tail = new Tail((lines) => `missed ${lines}`)
  const stop = new AbortController()
  for (let count = 0; count < TAIL_LINES_MAX + 7; count++) tail.add(String(count))
  const read = tail.read(stop.signal)
  const lines: unknown[] = []
  for (let count = 0; count <= TAIL_LINES_MAX; count++) lines.push((await read.next()).value)
  expect(lines.slice(-2)).toEqual([String(TAIL_LINES_MAX - 1), 'missed 7'])
  stop.abort()
  expect(await read.next()).toEqual({ done: true, value: undefined })

  const { logs } = openWith()
  const open = new AbortController()
  const readers = Array.from({ length: TAILS_MAX }, () => logs.tail(undefined, open.signal).next())
  await expect(logs.tail(undefined, open.signal).next()).rejects.toMatchObject({ code: 'LIMIT' })
  open.abort()
  await Promise.all(readers)
  const again = logs.tail(undefined, open.signal)
  expect((await again.next()).done).toBe(true)
})

test('a line for people has no tricks for their terminal', () => {
  const line = JSON.stringify({
    level: 'warn',
    ts: '2026-01-02T03:04:05.678Z',
    logger: 'rpc',
    path: 'add',
    why: 'a\u001b[2J b',
    msg: 'x',
  })
  expect(textLine(line)).toBe('03:04:05.678 WARN  rpc        x path=add why="a\\u001b[2J b"\n')
  expect(textLine(line.replace('"x"', '"\\u202e\\u001b[2J"'))).not.toMatch(/[\p{Cc}\p{Cf}](?!$)/u)
})

test('levels and form come from the environment before the config', async () => {
  const config = await createRepo(`${await tempFolder()}/repo`, 'test')
  const configured = { ...config, Cairn: { Log: { Level: 'error,gc=debug', Format: 'text' } } } as const
  const open = (environment: Readonly<Record<string, string>>) => openLogs({ config: configured, environment })
  expect([open({}).logs.levelOf('gc'), open({}).logs.levelOf('rpc'), open({}).format]).toEqual([
    'debug',
    'error',
    'text',
  ])
  const own = open({ CAIRN_LOG: 'info', GOLOG_LOG_LEVEL: 'debug', CAIRN_LOG_FORMAT: 'json' })
  expect([own.logs.levelOf('gc'), own.format]).toEqual(['info', 'json'])
  expect(
    open({ CAIRN_LOG: '', GOLOG_LOG_LEVEL: 'debug,dht=error', GOLOG_LOG_FMT: 'nocolor' }).logs.levelOf('rpc'),
  ).toBe('debug')
  expect(() => open({ CAIRN_LOG: 'loud' })).toThrow(expect.objectContaining({ code: 'INVALID' }))
  expect(() => open({ CAIRN_LOG_FORMAT: 'xml' })).toThrow(expect.objectContaining({ code: 'INVALID' }))
})
