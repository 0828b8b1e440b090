// An answer on its way: in small pieces, at the pace of the client. What a slow client has not taken is read again later
// instead of being kept, where the body allows it; where it does not, few answers are under way at a time.
import type { ServerResponse } from 'node:http'
import { ended, gone } from '@cairn/http'
import { isSeekable, type GatewayAnswer, type SeekableBody } from '../content/answer.ts'
import { PIECE_BYTES, TURN_MS } from '../limits.ts'
import { Outlet } from './outlet.ts'
import type { ReadingPlaces } from '../request/reading-places.ts'
import type { Slabs } from './slabs.ts'

/** How answers are sent. */
export interface Sending {
  readonly idleTimeoutMs: number
  /** For those that are read in turns. */
  readonly places: ReadingPlaces
  /** For those that hold what they have read until it is sent. */
  readonly heldPlaces: ReadingPlaces
  readonly slabs: Slabs
  readonly signal: AbortSignal
}

/** Bytes of a body that are in memory before it is sent: those of a small one do not count. */
export function heldBytes({ body }: GatewayAnswer): number {
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body.length : 0
  return bytes > PIECE_BYTES ? bytes : 0
}

/** Sends `answer`. @throws what its body throws; the headers are out by then, and the connection has to be cut */
export async function send(response: ServerResponse, answer: GatewayAnswer, sending: Sending): Promise<void> {
  const { status, headers, body } = answer
  if (response.destroyed) throw gone()
  if (body === undefined || ((typeof body === 'string' || body instanceof Uint8Array) && heldBytes(answer) === 0)) {
    response.writeHead(status, headers).end(body)
    await ended(response, sending.idleTimeoutMs)
    return
  }
  response.writeHead(status, headers)
  const outlet = new Outlet(response, sending)
  try {
    if (typeof body === 'string') await sendInPlace(outlet, [Buffer.from(body)], sending)
    else if (body instanceof Uint8Array) await sendInPlace(outlet, [body], sending)
    else if (isSeekable(body)) await sendInTurns(outlet, body, sending)
    else await sendInPlace(outlet, body, sending)
    await ended(response, sending.idleTimeoutMs)
  } finally {
    outlet.close()
  }
}

/** Keeps a place to the end. */
async function sendInPlace(
  outlet: Outlet,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { heldPlaces, signal }: Sending,
): Promise<void> {
  await heldPlaces.take(signal)
  try {
    for await (const bytes of body) {
      for (let at = 0; at < bytes.length;) {
        at += outlet.write(bytes, at)
        if (outlet.isFull) await outlet.roomInPlace(heldPlaces)
      }
    }
  } finally {
    heldPlaces.leave()
  }
}

/** Gives up the place, and all that was read ahead, while the client takes nothing, and when others have waited for long. */
async function sendInTurns(outlet: Outlet, body: SeekableBody, { places, signal }: Sending): Promise<void> {
  let sent = 0
  while (sent < body.size) {
    await places.take(signal)
    let isPatient: boolean
    try {
      ;({ sent, isPatient } = await sendOneTurn(outlet, body, { start: sent, places }))
    } finally {
      places.leave()
    }
    if (!isPatient) await outlet.room()
  }
}

interface TurnStart {
  readonly start: number
  readonly places: ReadingPlaces
}

/** What became of a turn: bytes of the body that were written in all, and whether the client takes more. */
interface Turn {
  readonly sent: number
  readonly isPatient: boolean
}

/** A function of its own: what one that waits for its client has in its variables stays in memory. */
async function sendOneTurn(outlet: Outlet, body: SeekableBody, { start, places }: TurnStart): Promise<Turn> {
  let sent = start
  const endMs = performance.now() + TURN_MS
  for await (const bytes of body.bytesFrom(start)) {
    for (let at = 0; at < bytes.length;) {
      const length = outlet.write(bytes, at)
      at += length
      sent += length
      if (!outlet.isFull) continue
      if (!(await outlet.roomSoon(places))) return { sent, isPatient: false }
      if (places.isAwaited && performance.now() > endMs) return { sent, isPatient: true }
    }
  }
  return { sent, isPatient: true }
}
