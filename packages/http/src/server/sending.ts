// Bytes on their way to a client: only as fast as it takes them, and not to one that takes nothing or next to nothing.
import type { ServerResponse } from 'node:http'
import { CairnError } from '@cairn/core'
import { TIMER_MS_MAX, WINDOW_BYTES_MIN } from '../limits.ts'

/**
 * Writes one piece; resolves when there is room for more.
 *
 * @throws UNAVAILABLE when the client is gone, or takes nothing for `idleTimeoutMs`, or too little for longer
 */
export async function written(
  response: ServerResponse,
  bytes: Uint8Array | string,
  idleTimeoutMs: number,
): Promise<void> {
  if (response.destroyed) throw gone()
  if (!response.write(bytes)) await drained(response, idleTimeoutMs)
}

/** Ends an answer; resolves when all of it is on its way, or the client takes nothing of it for `idleTimeoutMs`. */
export async function ended(response: ServerResponse, idleTimeoutMs: number): Promise<void> {
  const done = new Promise<void>((resolve) => {
    response.once('close', resolve).end(resolve)
  })
  const leave = cutOffSlow(response, idleTimeoutMs)
  await done
  leave()
}

/** The error of an answer whose client went away. */
export function gone(): CairnError {
  return new CairnError('UNAVAILABLE', 'Cannot answer: the client is gone')
}

function drained(response: ServerResponse, idleTimeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = cutOffSlow(response, idleTimeoutMs)
    const settle = (isDrained: boolean) => () => {
      leave()
      response.off('drain', onDrain).off('close', onClose)
      if (isDrained) resolve()
      else reject(gone())
    }
    const [onDrain, onClose] = [settle(true), settle(false)]
    response.on('drain', onDrain).on('close', onClose)
  })
}

/**
 * Ends the connection when its client takes nothing of what waits for `idleTimeoutMs`, or has not taken all of it by when the
 * slowest that we wait for would have, until the function that it gives is called.
 */
function cutOffSlow(response: ServerResponse, idleTimeoutMs: number): () => void {
  const cutOff = (): void => {
    response.destroy()
  }
  const windows = Math.max(1, Math.ceil(response.writableLength / WINDOW_BYTES_MIN))
  const timer = setTimeout(cutOff, Math.min(idleTimeoutMs * windows, TIMER_MS_MAX))
  if (windows === 1) return () => clearTimeout(timer)
  // Node begins anew where some of what waits has gone out meanwhile.
  const { socket } = response
  response.once('timeout', cutOff)
  socket?.setTimeout(idleTimeoutMs)
  return () => {
    clearTimeout(timer)
    response.off('timeout', cutOff)
    // What has ended has given its socket back, which waits for the next request by then.
    if (response.socket === socket) socket?.setTimeout(0)
  }
}
