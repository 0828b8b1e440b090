import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Output, OutputClosed } from '../../src/terminal/output.ts'

/** A stream of which every write fails with `code`. */
function failing(code: string): Writable {
  return new Writable({
    write: (_piece, _encoding, done) => done(Object.assign(new Error(`${code}: it failed, write`), { code })),
  })
}

const never = new AbortController().signal

describe('write', () => {
  test('waits for a reader, and goes on when it reads', async () => {
    const stream = new PassThrough({ highWaterMark: 4 })
    const output = new Output(stream, never)
    let isWritten = false
    const writing = output.write('12345').then(() => (isWritten = true))
    await new Promise(setImmediate)
    expect(isWritten).toBe(false)
    stream.resume()
    await writing
    await output.flush()
  })

  test('stops waiting when the command is stopped', async () => {
    const stop = new AbortController()
    const output = new Output(new PassThrough({ highWaterMark: 4 }), stop.signal)
    const writing = output.write('12345')
    stop.abort(new Error('stop'))
    await expect(writing).rejects.toThrow('stop')
    await expect(output.write('more')).rejects.toThrow('stop')
    await output.flush()
  })
})

test.for([
  ['EPIPE', expect.any(OutputClosed)],
  ['ENOSPC', expect.objectContaining({ code: 'LIMIT' })],
] as const)('after %s nothing more is written, and write or flush tells', async ([code, reason]) => {
  const output = new Output(failing(code), never)
  const told: unknown = await output
    .write('lost')
    .then(() => output.flush())
    .catch((error: unknown) => error)
  expect(told).toEqual(reason)
  expect(output.signal.reason).toBe(told)
  await expect(output.write('more')).rejects.toBe(told)
})
