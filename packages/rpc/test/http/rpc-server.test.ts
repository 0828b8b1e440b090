// What the server takes and answers before and around its commands: paths, arguments, methods, headers.
import { Agent } from 'node:http'
import { expect, test } from 'vitest'
import { fileForm, form, openRpc } from './open-rpc.ts'

const HELLO = 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'

/** A server with one file on it. */
async function openWithHello() {
  const rpc = await openRpc()
  expect((await rpc.post('add', fileForm('hello'))).values).toMatchObject([{ Name: 'f', Hash: HELLO }])
  return rpc
}

test('arguments come in the query or as the last name of the path', async () => {
  const { post } = await openWithHello()
  for (const path of [`cat?arg=${HELLO}`, `cat/${HELLO}`, `c%61t/${HELLO}`, `cat/?arg=${HELLO}`])
    expect(await post(path)).toMatchObject({ status: 200, text: 'hello' })
  expect((await post(`cat?arg=${HELLO}&arg=${HELLO}`)).text).toBe('hellohello')
})

test.for([
  ['nothing', 404],
  ['', 404],
  ['pin', 404],
  ['cat/a/b', 404],
  ['/', 404],
  ['/api/v1/cat', 404],
  ['/api/v0', 404],
  ['cat', 400],
  ['cat/%ff', 400],
  ['cat?arg=%00', 500],
  ['cat?arg=nonsense', 500],
  [`cat?arg=${HELLO}&offset=1&offset=2`, 400],
  [`cat?arg=${HELLO}&offset=x`, 400],
  [`cat?arg=${HELLO}&offset=-1`, 400],
  [`cat?arg=${HELLO}&timeout=soon`, 400],
  [`cat?arg=${HELLO}&encoding=xml`, 400],
  [`cat?arg=${HELLO}&nobody-knows=this&nobody-knows=twice`, 200],
  [`cat?arg=${HELLO}&stream-channels=true&encoding=json&timeout=1m`, 200],
  ['id?arg=one&arg=two', 400],
  [`pin/ls?type=none`, 400],
  [`refs?arg=${HELLO}&cid-base=base58btc`, 200],
  [`refs?arg=${HELLO}&cid-base=base7`, 500],
  [`refs?arg=${HELLO}&upgrade-cidv0-in-output=true`, 200],
  [`refs?arg=${HELLO}&upgrade-cidv0-in-output=perhaps`, 400],
  [`refs?arg=${HELLO}&upgrade-cidv0-in-output=false`, 200],
  ['add?chunker=nonsense', 400],
  ['add', 400],
] as const)('%s is answered with %d', async ([path, status]) => {
  const { post } = await openWithHello()
  expect((await post(path)).status).toBe(status)
})

test.for([
  ['true', true],
  ['1', true],
  ['T', true],
  ['', true],
  ['false', false],
  ['0', false],
  ['False', false],
  ['yes', undefined],
  ['tRue', undefined],
] as const)('only-hash=%s is read as Go reads it', async ([text, isTrue]) => {
  const { post, node } = await openRpc()
  const { status } = await post(`add?only-hash=${text}`, fileForm('x'))
  expect(status).toBe(isTrue === undefined ? 400 : 200)
  expect((await node.store.stat()).blocks).toBe(isTrue === false ? 1 : 0)
})

test('only POST calls; OPTIONS tells that', async () => {
  const { post } = await openRpc()
  expect(await post('id', { method: 'OPTIONS' })).toMatchObject({ status: 204, headers: { allow: 'OPTIONS, POST' } })
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'])
    expect(await post('id', { method })).toMatchObject({ status: 405, headers: { allow: 'OPTIONS, POST' } })
  expect((await post('/x', { method: 'GET' })).status).toBe(404)
})

test('headers tell values, lines and bytes apart, and announce the trailer', async () => {
  const { post } = await openWithHello()
  const json = { 'content-type': 'application/json', trailer: 'X-Stream-Error' }
  const value = await post('id')
  expect(value.headers).toMatchObject(json)
  expect(value.headers).not.toHaveProperty('x-chunked-output')
  expect((await post('refs/local')).headers).toMatchObject({ ...json, 'x-chunked-output': '1' })
  const bytes = await post(`cat?arg=${HELLO}`)
  expect(bytes.headers).toMatchObject({
    'content-type': 'text/plain',
    'x-stream-output': '1',
    trailer: 'X-Stream-Error',
  })
  const types = {
    'block/get': 'application/vnd.ipld.raw',
    get: 'application/x-tar',
    'dag/export': 'application/vnd.ipld.car',
  }
  for (const [path, type] of Object.entries(types))
    expect((await post(`${path}?arg=${HELLO}`)).headers['content-type']).toBe(type)
  const gzip = await post(`get?arg=${HELLO}&compress=true`)
  expect(gzip.headers['content-type']).toBe('application/gzip')
  expect([...gzip.bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b])
})

test('text encoding gives the lines of the command line', async () => {
  const { post } = await openWithHello()
  expect((await post(`block/stat?arg=${HELLO}&encoding=text`)).text).toBe(`Key: ${HELLO}\nSize: 5\n`)
})

test('a connection serves on after failures of commands, and calls on it keep their order', async () => {
  const { post, raw } = await openWithHello()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (const [path, status] of [
      ['cat?arg=x', 500],
      ['none', 404],
      [`cat?arg=${HELLO}`, 200],
      ['cat', 400],
      ['id', 200],
    ] as const)
      expect((await post(path, { agent })).status).toBe(status)
    const failed = await post('add?chunker=x', { agent, ...fileForm('y'.repeat(100_000)) })
    expect(failed.status).toBe(400)
    expect((await post('id', { agent })).status).toBe(200)
    expect(Object.values(agent.sockets).flat()).toHaveLength(0)
  } finally {
    agent.destroy()
  }
  const { body, headers } = form([{ content: 'in line' }])
  const put = `POST /api/v0/block/put HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${headers['Content-Type']}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const { values } = await post('block/put?pin=false', form([{ content: 'another' }]))
  expect(values).toHaveLength(1)
  const call = (path: string, more = ''): string => `POST /api/v0/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`
  const all = await raw(`${put}${call('refs/local')}${call('none')}${call('id', 'Connection: close\r\n')}`)
  const statuses = [...all.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  expect(statuses).toEqual(['200', '200', '404', '200'])
  // The block of the call before is there.
  expect(all.split('HTTP/1.1')[2]?.match(/"Ref"/g)).toHaveLength(3)
})

test('a client that asks whether to go on is told to', async () => {
  const { socket } = await openRpc()
  const { body, headers } = fileForm('asked first')
  const client = socket()
  let all = ''
  client.on('data', (piece: Buffer) => (all += piece.toString()))
  const length = Buffer.byteLength(body)
  client.write(
    `POST /api/v0/add HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Type: ${headers['Content-Type']}\r\nContent-Length: ${length}\r\n\r\n`,
  )
  await expect.poll(() => all).toContain('100 Continue')
  client.write(body)
  await expect.poll(() => all).toContain('"Hash"')
})

test('requests that are none, too long or without a host are refused', async () => {
  const { raw } = await openRpc()
  const statusOf = async (text: string) => /^HTTP\/1\.1 (\d+)/.exec(await raw(text))?.[1]
  expect(await statusOf('nonsense\r\n\r\n')).toBe('400')
  expect(await statusOf('POST /api/v0/id HTTP/1.1\r\n\r\n')).toBe('400')
  expect(await statusOf(`POST /api/v0/id HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(80_000)}\r\n\r\n`)).toBe('431')
  expect(
    await statusOf(
      `POST /api/v0/cat?${'arg=x&'.repeat(5000)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    ),
  ).toBe('400')
})
