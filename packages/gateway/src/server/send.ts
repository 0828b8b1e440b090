// An answer on its way: in small pieces, at the pace of the client. What a slow client has not taken is read again later
// instead of being kept, where the body allows it.
import type { ServerResponse } from 'node:http'
import { ended, gone, written } from '@cairn/http'
import { isSeekable, type GatewayAnswer, type SeekableBody } from '../content/answer.ts'
import { PATIENCE_MS, PIECE_BYTES } from '../limits.ts'
import type { ReadingPlaces } from './reading-places.ts'

/** How answers are sent. */
export interface Sending {
  readonly idleTimeoutMs: number
  readonly places: ReadingPlaces
  readonly signal: AbortSignal
}

/** Sends `answer`. @throws what its body throws; the headers are out by then, and the connection has to be cut */
export async function send(response: ServerResponse, answer: GatewayAnswer, sending: Sending): Promise<void> {
  const { status, headers, body } = answer
  if (response.destroyed) throw gone()
  response.writeHead(status, headers)
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    response.end(body)
    return
  }
  if (isSeekable(body)) await sendSeekable(response, body, sending)
  else for await (const bytes of body) await write(response, bytes, sending)
  await ended(response, sending.idleTimeoutMs)
}

/** Reads in turns: gives up the place, and all that was read ahead, while the client takes nothing. */
async function sendSeekable(response: ServerResponse, body: SeekableBody, sending: Sending): Promise<void> {
  const { places, signal } = sending
  let sent = 0
  while (sent < body.size) {
    await places.take(signal)
    let stalled: Stalled | undefined
    try {
      for await (const bytes of body.bytesFrom(sent)) {
        for (let at = 0; at < bytes.length && stalled === undefined; at += PIECE_BYTES) {
          const piece = copied(bytes, at)
          sent += piece.length
          const writing = written(response, piece, sending.idleTimeoutMs)
          if (response.writableNeedDrain) stalled = await patience(writing)
          else await writing
        }
        if (stalled !== undefined) break
      }
    } finally {
      places.leave()
    }
    await stalled?.writing
  }
}

/** A write that the client keeps waiting. */
interface Stalled {
  readonly writing: Promise<void>
}

/** `writing` if it takes longer than patience lasts, `undefined` when it is done. */
async function patience(writing: Promise<void>): Promise<Stalled | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<true>()
  const timer = setTimeout(() => resolve(true), PATIENCE_MS)
  try {
    const isOver = await Promise.race([writing, over])
    if (isOver !== true) return undefined
    // Awaited once the place is free.
    writing.catch(() => undefined)
    return { writing }
  } finally {
    clearTimeout(timer)
  }
}

async function write(response: ServerResponse, bytes: Uint8Array, { idleTimeoutMs }: Sending): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) await written(response, copied(bytes, at), idleTimeoutMs)
}

/** A piece of its own: a view would keep all of its block for a client that takes nothing. */
function copied(bytes: Uint8Array, at: number): Uint8Array {
  return Buffer.from(bytes.subarray(at, at + PIECE_BYTES))
}
