// The calls that a server works on, and the scrape of metrics at its address.
import { expect, test } from 'vitest'
import { CallLog, COMMANDS, type EndedCall } from '../../src/index.ts'
import { CALLS_KEPT_MAX } from '../../src/http/limits.ts'
import { openRpc } from './open-rpc.ts'

const config = COMMANDS.find(({ path }) => path.join('/') === 'config') ?? expect.fail('there is no config')

test('calls are listed with arguments cut short, and without secrets', () => {
  const ended: EndedCall[] = []
  const log = new CallLog((call) => ended.push(call))
  const call = log.begin()
  call.calls({ command: config, args: ['Some.Key', 'hidden', ...Array.from({ length: 50 }, () => 'x')], options: {} })
  const long = log.begin()
  long.calls({ command: config, args: ['k'.repeat(10_000)], options: { json: true } })
  const none = log.begin()
  expect(log.inFlight).toBe(3)
  call.fails(new Error('no'))
  call.end(500)
  call.end(500)
  none.end(404)
  expect(log.inFlight).toBe(1)
  const [first, second] = log.list()
  expect(first).toMatchObject({
    ID: 0,
    Command: 'config',
    Active: false,
    EndTime: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(first?.Args.slice(0, 2)).toEqual(['Some.Key', '…'])
  expect(first?.Args.length).toBeLessThan(20)
  expect(second).toMatchObject({ ID: 1, Active: true, EndTime: '0001-01-01T00:00:00Z', Options: { json: true } })
  expect(second?.Args[0]?.length).toBeLessThan(1000)
  expect(ended.map(({ path, status, error }) => [path, status, error !== undefined])).toEqual([
    ['config', 500, true],
    [undefined, 404, false],
  ])
  log.clear()
  expect(log.list()).toHaveLength(1)
})

test('many texts of one option are cut short as well', () => {
  const add = COMMANDS.find(({ path }) => path.join('/') === 'add') ?? expect.fail('there is no add')
  const log = new CallLog()
  log.begin().calls({ command: add, args: [], options: { ignore: Array.from({ length: 50 }, () => 'x'.repeat(1000)) } })
  expect(JSON.stringify(log.list()).length).toBeLessThan(10_000)
})

test('those that have ended are kept up to a number and a time', () => {
  const log = new CallLog()
  for (let count = 0; count < 3 * CALLS_KEPT_MAX; count++) {
    const call = log.begin()
    call.calls({ command: config, args: [], options: {} })
    call.end(200)
  }
  expect(log.list()).toHaveLength(CALLS_KEPT_MAX)
  expect(log.list().at(-1)?.ID).toBe(3 * CALLS_KEPT_MAX - 1)
  log.keepFor(0)
  expect(log.list()).toEqual([])
})

test('every request ends, however its client does', async () => {
  const ended: EndedCall[] = []
  const calls = new CallLog((call) => ended.push(call))
  const { post, raw, socket } = await openRpc({ calls, metrics: async () => 'a 1\n' })
  expect((await post('version')).status).toBe(200)
  expect((await post('made-up')).status).toBe(404)
  expect((await post('/debug/metrics/prometheus', { method: 'GET' })).text).toBe('a 1\n')
  expect((await post('/debug/metrics/prometheus')).status).toBe(404)
  await raw('POST /api/v0/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  const gone = socket()
  const began = new Promise<void>((resolve) =>
    gone.write('POST /api/v0/repo/verify HTTP/1.1\r\nHost: localhost\r\n\r\n', () => resolve()),
  )
  await began
  gone.destroy()
  await expect.poll(() => calls.inFlight).toBe(0)
  await expect.poll(() => ended.filter(({ path }) => path === 'version')).toHaveLength(2)
})

test('without metrics there is no such path', async () => {
  const { post } = await openRpc()
  expect((await post('/debug/metrics/prometheus', { method: 'GET' })).status).toBe(404)
})
