// An answer on its way: in small pieces, at the pace of the client. What a slow client has not taken is read again later
// instead of being kept, where the body allows it.
import type { ServerResponse } from 'node:http'
import { ended, gone } from '@cairn/http'
import { isSeekable, type GatewayAnswer, type SeekableBody } from '../content/answer.ts'
import { PATIENCE_MS, PIECE_BYTES } from '../limits.ts'
import type { ReadingPlaces } from './reading-places.ts'
import type { Slabs } from './slabs.ts'

/** How answers are sent. */
export interface Sending {
  readonly idleTimeoutMs: number
  readonly places: ReadingPlaces
  readonly slabs: Slabs
  readonly signal: AbortSignal
}

/** Sends `answer`. @throws what its body throws; the headers are out by then, and the connection has to be cut */
export async function send(response: ServerResponse, answer: GatewayAnswer, sending: Sending): Promise<void> {
  const { status, headers, body } = answer
  if (response.destroyed) throw gone()
  response.writeHead(status, headers)
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    response.end(body)
    await ended(response, sending.idleTimeoutMs)
    return
  }
  const outlet = new Outlet(response, sending)
  try {
    if (isSeekable(body)) await sendSeekable(outlet, body, sending)
    else {
      for await (const bytes of body)
        for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
          outlet.write(bytes, at)
          if (outlet.isFull) await outlet.room()
        }
    }
    await ended(response, sending.idleTimeoutMs)
  } finally {
    outlet.close()
  }
}

/** Reads in turns: gives up the place, and all that was read ahead, while the client takes nothing. */
async function sendSeekable(outlet: Outlet, body: SeekableBody, { places, signal }: Sending): Promise<void> {
  let sent = 0
  while (sent < body.size) {
    await places.take(signal)
    let isPatient: boolean
    try {
      ;({ sent, isPatient } = await sendWhilePatient(outlet, body, sent))
    } finally {
      places.leave()
    }
    if (!isPatient) await outlet.room()
  }
}

/** What became of a turn: bytes of the body that were written in all, and whether the client takes more. */
interface Turn {
  readonly sent: number
  readonly isPatient: boolean
}

/** A function of its own: what one that waits for its client has in its variables stays in memory. */
async function sendWhilePatient(outlet: Outlet, body: SeekableBody, start: number): Promise<Turn> {
  let sent = start
  for await (const bytes of body.bytesFrom(start)) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      sent += outlet.write(bytes, at)
      if (outlet.isFull && !(await outlet.roomSoon())) return { sent, isPatient: false }
    }
  }
  return { sent, isPatient: true }
}

/** The way to one client. */
class Outlet {
  readonly #response: ServerResponse
  readonly #sending: Sending
  readonly #leave: () => void
  readonly #onClose: () => void
  #unsent = 0
  #isClosed = false
  /** Told whenever something is on its way, and when the client is gone. */
  #wake: () => void = () => undefined

  constructor(response: ServerResponse, sending: Sending) {
    this.#response = response
    this.#sending = sending
    this.#leave = sending.slabs.begin()
    this.#onClose = () => {
      this.#isClosed = true
      this.#wake()
    }
    response.once('close', this.#onClose)
  }

  /** Whether enough waits for the client to take it. */
  get isFull(): boolean {
    return this.#unsent >= this.#sending.slabs.share
  }

  /** Writes the piece of `bytes` at `at`, and gives its length. @throws UNAVAILABLE when the client is gone */
  write(bytes: Uint8Array, at: number): number {
    const { slabs } = this.#sending
    if (this.#isClosed || this.#response.destroyed) throw gone()
    const { slab, piece } = slabs.copy(bytes, at)
    this.#unsent += piece.length
    this.#response.write(piece, () => {
      this.#unsent -= piece.length
      // What a connection that broke has not taken may still be read by the system.
      if (!this.#isClosed) slabs.giveBack(slab)
      this.#wake()
    })
    return piece.length
  }

  /** Resolves when there is room for more. @throws UNAVAILABLE when the client is gone or takes nothing for too long */
  async room(): Promise<void> {
    if (await this.#waited(this.#sending.idleTimeoutMs)) return
    this.#response.destroy()
    throw gone()
  }

  /** As {@link room}, but gives up soon: whether there is room. */
  roomSoon(): Promise<boolean> {
    return this.#waited(PATIENCE_MS)
  }

  /** Frees what waits. */
  close(): void {
    this.#leave()
    this.#response.off('close', this.#onClose)
  }

  async #waited(ms: number): Promise<boolean> {
    // At least one piece has to go, or a share that shrinks would stop everything; nothing unsent is room enough.
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), ms)
    this.#wake = () => {
      if (this.#isClosed || !this.isFull || this.#unsent === 0) resolve(true)
    }
    try {
      if (this.isFull && !(await promise)) return false
    } finally {
      clearTimeout(timer)
      this.#wake = () => undefined
    }
    if (this.#isClosed) throw gone()
    return true
  }
}
