// Clients that are slow: honest ones are waited for, those that keep a connection for next to nothing are cut off.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { bodyBytes, ended, HTTP_LIMITS, openHttpServer, written, type HttpCall } from '../src/index.ts'
import { WINDOW_BYTES_MIN } from '../src/limits.ts'

const IDLE_MS = 500
const MIB = 1024 * 1024

/** A bare connection to a server that answers with `serve`, after `text`. */
async function connected(serve: (call: HttpCall) => Promise<void>, text: string): Promise<Socket> {
  const limits = { ...HTTP_LIMITS, idleTimeoutMs: IDLE_MS }
  const server = await openHttpServer(
    { host: '127.0.0.1', port: 0 },
    {
      limits,
      async serve(call) {
        call.request.on('error', () => undefined)
        call.response.on('error', () => undefined)
        await serve(call).catch(() => call.response.destroy())
      },
    },
  )
  const socket = connect({ host: '127.0.0.1', port: Number(server.address.split('/').at(-1)) })
  onTestFinished(async () => {
    socket.destroy()
    await server.close()
  })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

/** Counts the bytes of the body, and tells them. */
async function count({ request, response, signal }: HttpCall): Promise<void> {
  let bytes = 0
  for await (const piece of bodyBytes(request, { signal, idleTimeoutMs: IDLE_MS })) bytes += piece.length
  response.end(String(bytes))
  await ended(response, IDLE_MS)
}

const UPLOAD = 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: '

test('a body of which a little comes all the time is cut off', async () => {
  const socket = await connected(count, `${UPLOAD}100000\r\n\r\n`)
  const began = performance.now()
  socket.resume()
  while (!socket.closed && performance.now() - began < 20 * IDLE_MS) {
    socket.write('x')
    await sleep(IDLE_MS / 20)
  }
  expect(socket.closed).toBe(true)
})

test('a body that comes slowly, but faster than that, is waited for', async () => {
  const pieces = 20
  const socket = await connected(count, `${UPLOAD}${pieces * WINDOW_BYTES_MIN}\r\n\r\n`)
  const answer = Array.fromAsync(socket as AsyncIterable<Buffer>)
  for (let piece = 0; piece < pieces; piece++) {
    socket.write(Buffer.alloc(WINDOW_BYTES_MIN))
    await sleep(IDLE_MS / 5)
  }
  expect(Buffer.concat(await answer).toString()).toContain(String(pieces * WINDOW_BYTES_MIN))
})

test('a small body may take its time', async () => {
  const socket = await connected(count, `${UPLOAD}3\r\n\r\n`)
  const answer = Array.fromAsync(socket as AsyncIterable<Buffer>)
  for (const letter of 'abc') {
    socket.write(letter)
    await sleep(IDLE_MS / 10)
  }
  expect(Buffer.concat(await answer).toString()).toMatch(/3$/)
})

const PIECE_BYTES = 24 * MIB

async function sendLarge({ response }: HttpCall): Promise<void> {
  await written(response, Buffer.alloc(PIECE_BYTES), IDLE_MS)
  response.end()
  await ended(response, IDLE_MS)
}

const DOWNLOAD = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

test('a client that takes one large piece slowly gets all of it', async () => {
  const socket = await connected(sendLarge, DOWNLOAD)
  let bytes = 0
  for await (const piece of socket as AsyncIterable<Buffer>) {
    if (Math.floor(bytes / MIB) < Math.floor((bytes + piece.length) / MIB)) await sleep(IDLE_MS / 10)
    bytes += piece.length
  }
  expect(bytes).toBeGreaterThan(PIECE_BYTES)
})

test('one that takes nothing is cut off', async () => {
  let hasEnded = false
  const socket = await connected(async (call) => {
    await sendLarge(call).finally(() => (hasEnded = true))
  }, DOWNLOAD)
  socket.pause()
  await expect.poll(() => hasEnded, { timeout: 20 * IDLE_MS }).toBe(true)
  socket.resume()
  let bytes = 0
  socket.on('data', (piece: Buffer) => (bytes += piece.length))
  if (!socket.closed) await once(socket, 'close')
  expect(bytes).toBeLessThan(PIECE_BYTES)
})
