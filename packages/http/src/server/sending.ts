// Bytes on their way to a client: only as fast as it takes them, and not to one that takes nothing.
import type { ServerResponse } from 'node:http'
import { CairnError } from '@cairn/core'

/**
 * Writes one piece; resolves when there is room for more.
 *
 * @throws UNAVAILABLE when the client is gone, or takes nothing for `idleTimeoutMs`
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
  const timer = setTimeout(() => response.destroy(), idleTimeoutMs)
  await new Promise<void>((resolve) => {
    response.once('close', resolve).end(resolve)
  })
  clearTimeout(timer)
}

/** The error of an answer whose client went away. */
export function gone(): CairnError {
  return new CairnError('UNAVAILABLE', 'Cannot answer: the client is gone')
}

function drained(response: ServerResponse, idleTimeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      response.destroy()
    }, idleTimeoutMs)
    const settle = (isDrained: boolean) => () => {
      clearTimeout(timer)
      response.off('drain', onDrain).off('close', onClose)
      if (isDrained) resolve()
      else reject(gone())
    }
    const [onDrain, onClose] = [settle(true), settle(false)]
    response.on('drain', onDrain).on('close', onClose)
  })
}
