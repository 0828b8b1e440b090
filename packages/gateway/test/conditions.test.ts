// Conditions, and that HEAD tells what GET would.
import { setTimeout as pause } from 'node:timers/promises'
import { createBlock, type BlockReader } from '@cairn/core'
import { expect, test } from 'vitest'
import { GATEWAY_LIMITS } from '../src/limits.ts'
import { partsOf } from '../src/request/conditions.ts'
import { Waiting } from '../src/request/waiting.ts'
import { openGateway } from './open-gateway.ts'

const DIGITS = '9'.repeat(400)

test('a raw block that the client has is not sent again', async () => {
  const { add, get } = openGateway()
  const cid = await add('hello')
  const path = `/ipfs/${cid}?format=raw`
  const first = await get(path)
  const etag = first.headers.get('etag') ?? ''
  for (const known of [etag, `W/${etag}`, '*', `"other", ${etag}`]) {
    const answer = await get(path, { headers: { 'If-None-Match': known } })
    expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([304, etag, ''])
  }
  expect((await get(path, { headers: { 'If-None-Match': '"other"' } })).status).toBe(200)
})

test.each([
  [`${DIGITS}-${DIGITS}`, []],
  [`${DIGITS}-`, []],
  [`9007199254740993-9007199254740993`, []],
  [`0-${DIGITS}`, [{ start: 0, end: 10 }]],
  [`-${DIGITS}`, [{ start: 0, end: 10 }]],
  [`5-4`, undefined],
  [`${DIGITS}-1`, undefined],
])('a range with ends of many digits is one like others: %.24s', (range, parts) => {
  expect(partsOf(`bytes=${range}`, 10)).toEqual(parts)
})

test('HEAD tells what GET would', async () => {
  const { add, get } = openGateway()
  const cid = await add({ 'a.txt': 'hello' })
  const file = await add('hello')
  const paths = [
    `/ipfs/${cid}/`,
    `/ipfs/${cid}/?page=7`,
    `/ipfs/${file}?format=car&entity-bytes=100:200`,
    `/ipfs/${file}?format=car&entity-bytes=1:2`,
    `/ipfs/${file}?format=car`,
  ]
  const statuses: number[] = []
  for (const path of paths) {
    const [got, head] = [await get(path), await get(path, { method: 'HEAD' })]
    expect([head.status, head.headers.get('content-length')]).toEqual([got.status, got.headers.get('content-length')])
    statuses.push(head.status)
  }
  expect(statuses.slice(0, 2)).toEqual([200, 404])
})

test('headers of the config give way to those of the answer, however they are written', async () => {
  const { add, get } = openGateway({ headers: { 'cache-control': ['no-store'], 'x-one': ['1'], 'X-ONE': ['2'] } })
  const { headers } = await get(`/ipfs/${await add('hello')}`)
  expect(headers.get('cache-control')).toBe('public, max-age=29030400, immutable')
  expect(headers.get('x-one')).toBe('1, 2')
})

test('a client that pauses takes nothing from the time that blocks have', async () => {
  const block = createBlock(Buffer.from('hello'), { codec: 0x55 })
  let waitMs = 0
  const blocks = { get: () => pause(waitMs).then(() => block) } as unknown as BlockReader
  const waiting = new Waiting({ ...GATEWAY_LIMITS, retrievalTimeoutMs: 400 })
  const reader = waiting.reader(blocks)
  await reader.get(block.cid)
  await pause(300)
  waitMs = 250
  await reader.get(block.cid)
  expect(waiting.signal.aborted).toBe(false)
  waiting.close()
})
