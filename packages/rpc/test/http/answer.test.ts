// How answers begin, end and fail, and what becomes of work whose client has gone.
import { request as httpRequest } from 'node:http'
import { parseCid } from '@cairn/core'
import { expect, test } from 'vitest'
import { eventCommand } from '../../src/command.ts'
import { COMMANDS, RpcClient } from '../../src/index.ts'
import { fileForm, form, openRpc, type OpenRpc } from './open-rpc.ts'

const NOWHERE = 'bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am'

/** A file of two chunks, of which the second is gone. */
async function addBroken({ post, node }: OpenRpc): Promise<string> {
  const { values } = await post('add?chunker=size-5', fileForm('hello again'))
  const { Hash } = values.at(-1) as { readonly Hash: string }
  const refs = (await post(`refs?arg=${Hash}`)).values as { readonly Ref: string }[]
  await node.store.deleteMany([parseCid(refs[1]?.Ref ?? '')])
  return Hash
}

test('a failure before the first byte is the answer, by its code', async () => {
  const { post } = await openRpc()
  for (const path of [`cat?arg=${NOWHERE}`, `ls?arg=${NOWHERE}`, `pin/rm?arg=${NOWHERE}`, 'config?arg=None.Such']) {
    const { status, headers, values } = await post(path)
    expect({ status, type: headers['content-type'] }).toEqual({ status: 500, type: 'application/json' })
    expect(values).toEqual([{ Message: expect.any(String), Code: 0, Type: 'error' }])
  }
  expect(await post('config?arg=Identity.PrivKey')).toMatchObject({ status: 403, values: [{ Code: 4 }] })
})

test('a failure after the first byte is a trailer, which our own client reads with its code', async () => {
  const rpc = await openRpc()
  const path = `cat?arg=${await addBroken(rpc)}`
  const { status, text, trailers } = await rpc.post(path)
  expect({ status, text }).toEqual({ status: 200, text: 'hello' })
  expect(trailers['x-stream-error']).toEqual(expect.any(String))
  const client = new RpcClient({ host: '127.0.0.1', port: rpc.port })
  const query = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(path.slice(4))), encoding: 'events' })
  const call = client.call({ path: ['cat'], query, signal: new AbortController().signal })
  await expect(Array.fromAsync(call)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  client.close()
})

test('without trailers, as in HTTP/1.0, an answer that fails is cut off', async () => {
  const rpc = await openRpc()
  const { port } = rpc
  const path = `/api/v0/cat?arg=${await addBroken(rpc)}`
  const whole = await rpc.raw(`POST /api/v0/repo/version HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  expect(whole).toMatch(/^HTTP\/1.1 200 [^]*"Version"[^]*\n$/)
  const client = rpc.socket().resume()
  const failed = new Promise((resolve) => client.once('error', resolve))
  client.write(`POST ${path} HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  expect(await failed).toMatchObject({ code: 'ECONNRESET' })
})

/** Waits for its end, and tells of it. */
function waiting() {
  const ends: unknown[] = []
  const command = eventCommand({
    path: ['wait'],
    summary: '',
    examples: [],
    options: { silent: { type: 'flag', help: '' } },
    async *run({ signal, options }) {
      if (options.silent !== true) yield { Begun: true }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      ends.push(signal.reason)
      throw signal.reason
    },
    text: () => undefined,
  })
  return { command, ends }
}

test('a call whose time is over fails with the words that clients know', async () => {
  const { command, ends } = waiting()
  const { post } = await openRpc({ commands: [command, ...COMMANDS] })
  const late = await post('wait?silent=true&timeout=50ms')
  expect(late).toMatchObject({
    status: 500,
    values: [{ Message: expect.stringContaining('context deadline exceeded') }],
  })
  const begun = await post('wait?timeout=50ms')
  expect(begun).toMatchObject({ status: 200, values: [{ Begun: true }] })
  expect(begun.trailers['x-stream-error']).toContain('context deadline exceeded')
  expect(ends).toHaveLength(2)
})

test('a call whose time is over does not wait for its body', async () => {
  const { port } = await openRpc({ limits: { lingerMs: 50 } })
  const { headers, body } = fileForm('x')
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/api/v0/add?timeout=50ms', headers })
  request.on('error', () => undefined)
  request.write(body.slice(0, 20))
  const status = await new Promise((resolve) => request.once('response', ({ statusCode }) => resolve(statusCode)))
  expect(status).toBe(500)
  await expect.poll(() => request.closed).toBe(true)
})

test('headers go out before a result that takes its time', async () => {
  const { command } = waiting()
  const { post } = await openRpc({ commands: [command], limits: { headersWaitMs: 50 } })
  const { status, trailers } = await post('wait?silent=true&timeout=500ms')
  expect(status).toBe(200)
  expect(trailers['x-stream-error']).toEqual(expect.any(String))
})

test('a client that goes away ends the work, and a server that closes does', async () => {
  const { command, ends } = waiting()
  const { socket, close, post } = await openRpc({ commands: [command] })
  const client = socket()
  client.write('POST /api/v0/wait HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await new Promise((resolve) => client.once('data', resolve))
  client.destroy()
  await expect.poll(() => ends).toHaveLength(1)
  const open = post('wait')
  const silent = post('wait?silent=true')
  await expect.poll(async () => (await post('none')).status).toBe(404)
  await close()
  expect((await open).trailers['x-stream-error']).toEqual(expect.any(String))
  expect((await silent).status).toBe(500)
  expect(ends).toHaveLength(3)
})

test('an upload that is cut off leaves no hold: a collection takes what came of it', async () => {
  const { node, socket, post } = await openRpc()
  const { headers, body } = fileForm(
    Array.from({ length: 400 }, (_, index) => `${index}`.padEnd(100_000, 'y')).join(''),
  )
  const client = socket()
  client.write(
    `POST /api/v0/add?chunker=size-100000 HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${headers['Content-Type']}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 30_000_000)}`,
  )
  await expect.poll(async () => (await node.store.stat()).blocks, { timeout: 20_000 }).toBeGreaterThan(0)
  client.destroy()
  await expect
    .poll(async () => {
      await post('repo/gc')
      return (await node.store.stat()).blocks
    })
    .toBe(0)
})

test('a body that ends too early, in the middle of a part or between two, fails', async () => {
  const { post, node } = await openRpc()
  const whole = form([
    { filename: 'a', content: 'one' },
    { filename: 'b', content: 'two' },
  ])
  for (const end of [whole.body.indexOf('one') + 2, whole.body.indexOf('two') - 10, whole.body.length - 4]) {
    const { status, trailers } = await post('add', { headers: whole.headers, body: whole.body.slice(0, end) })
    expect(status === 500 || trailers['x-stream-error'] !== undefined).toBe(true)
  }
  const pins = await Array.fromAsync(node.pins.list())
  // The first file was whole when the body ended in the second.
  expect(pins.length).toBeLessThanOrEqual(2)
})

test('results come while the body is still being sent', async () => {
  const { port } = await openRpc()
  const { headers, body } = form([{ filename: 'a', content: 'one' }], '')
  const rest = form([{ filename: 'b', content: 'two' }])
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/api/v0/add', headers })
  request.write(body + rest.body.slice(0, 90))
  const response = await new Promise<AsyncIterable<Uint8Array>>((resolve) => request.once('response', resolve))
  let text = ''
  for await (const piece of response) {
    if (text === '') request.end(rest.body.slice(90))
    text += Buffer.from(piece).toString()
  }
  expect(text.trim().split('\n')).toHaveLength(2)
})

test('a body of any size goes through in the memory of a few pieces', async () => {
  const { post, node } = await openRpc()
  const { headers, body } = form([{ filename: 'large', content: '' }])
  const [head, tail] = [body.indexOf('\r\n\r\n') + 4, body.length]
  const piece = Buffer.alloc(1 << 20, 1)
  const sizeMiB = 500
  let peakBytes = 0
  async function* large(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(body.slice(0, head))
    for (let sent = 0; sent < sizeMiB; sent++) {
      yield piece
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
    }
    yield Buffer.from(body.slice(head, tail))
  }
  const before = process.memoryUsage.rss()
  const { values } = await post('add?only-hash=true', { headers, body: large() })
  expect(values).toMatchObject([{ Name: 'large', Size: expect.stringMatching(/^5243\d{5}$/) }])
  expect((await node.store.stat()).blocks).toBe(0)
  expect(peakBytes - before).toBeLessThan(200 * (1 << 20))
}, 60_000)
