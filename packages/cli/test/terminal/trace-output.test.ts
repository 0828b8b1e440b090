import { PassThrough, Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { TraceLines } from '../../src/terminal/trace-output.ts'

const LINE = { Event: 'asked', Ms: 1, Cid: 'x'.repeat(1000) }
const never = new AbortController().signal

test('a slow reader gets what there is room for, the number of what it missed, and the sum', async () => {
  const stream = new PassThrough()
  const lines = new TraceLines(stream, { isOurs: true })
  for (let count = 0; count < 5000; count++) lines.write(LINE)
  expect(stream.writableLength).toBeLessThan(1.1 * 1024 * 1024)
  lines.write({ Event: 'summary', Ms: 2 })
  const [text] = await Promise.all([stream.toArray(), lines.close(never)])
  const events = Buffer.concat(text).toString().trimEnd().split('\n')
  const [missed, summary] = events.slice(-2).map((line) => JSON.parse(line) as object)
  expect(summary).toEqual({ Event: 'summary', Ms: 2 })
  expect(missed).toEqual({ Event: 'dropped', Ms: 2, Lines: lines.dropped })
  expect(events.length - 2 + lines.dropped).toBe(5000)
})

test('a reader that does not read holds nobody up who was stopped', async () => {
  const stop = new AbortController()
  const stream = new PassThrough({ highWaterMark: 4 })
  const lines = new TraceLines(stream, { isOurs: false })
  lines.write(LINE)
  lines.write(LINE)
  const closed = lines.close(stop.signal)
  stop.abort(new Error('stop'))
  await closed
  expect(stream.destroyed).toBe(false)
})

test('a reader that has gone ends the trace and nothing else', async () => {
  const gone = new Writable({
    write: (_piece, _encoding, done) => done(Object.assign(new Error('EPIPE: it failed, write'), { code: 'EPIPE' })),
  })
  const lines = new TraceLines(gone, { isOurs: false })
  lines.write(LINE)
  await turn()
  lines.write(LINE)
  await lines.close(never)
  expect(gone.errored).toMatchObject({ code: 'EPIPE' })
})
