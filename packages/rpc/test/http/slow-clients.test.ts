// Clients that waste connections: they are cut off, and honest ones are served meanwhile.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { openRpc } from './open-rpc.ts'

const SLOW = 1000

test('a thousand slow connections hold nobody up, and are cut off', { timeout: 120_000 }, async () => {
  const { port, post } = await openRpc({ limits: { headersTimeoutMs: 3000, idleTimeoutMs: 3000 } })
  const upload =
    'POST /api/v0/add HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n'
  const closed: Promise<unknown>[] = []
  for (let client = 0; client < SLOW; client++) {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => undefined)
    closed.push(new Promise((resolve) => void socket.resume().once('close', resolve)))
    await once(socket, 'connect')
    socket.write(client % 2 === 0 ? 'POST /api/v0/id HTTP/1.1\r\nHost: loc' : upload)
    if (client % 100 === 0) expect((await post('repo/version')).status).toBe(200)
  }
  expect((await post('repo/version')).status).toBe(200)
  await Promise.all(closed)
  expect((await post('repo/version')).status).toBe(200)
})

test('headers of 8 MB are refused before they have come', async () => {
  const { raw, post } = await openRpc()
  const answer = await raw(`POST /api/v0/id HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(8_000_000)}\r\n\r\n`)
  // Who still sends when the connection ends may not see the answer.
  expect(answer === '' || answer.startsWith('HTTP/1.1 431')).toBe(true)
  expect((await post('repo/version')).status).toBe(200)
})
