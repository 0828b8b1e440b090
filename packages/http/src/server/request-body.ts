// The body of a request as pieces, read only as fast as somebody takes them, and what becomes of a body that nobody takes.
import type { IncomingMessage } from 'node:http'
import { abortable, CairnError } from '@cairn/core'
import { WINDOW_BYTES_MIN } from '../limits.ts'

/** How a body is read. */
export interface BodyOptions {
  /** Ends the reading, where the client would keep it waiting. */
  readonly signal: AbortSignal
  /** Milliseconds without a byte, or with fewer than {@link WINDOW_BYTES_MIN} of them, after which the client counts as gone. */
  readonly idleTimeoutMs: number
}

/** The bytes of the body. @throws UNAVAILABLE when the client goes away, or sends nothing or too little for too long */
export async function* bodyBytes(
  request: IncomingMessage,
  { signal, idleTimeoutMs }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  const pieces = request.iterator({ destroyOnReturn: false })
  const cutOff = (): void => {
    request.destroy(new CairnError('UNAVAILABLE', 'Cannot read the body: too little came for too long'))
  }
  // What came while we waited for the client, and how long that was: what is done with the pieces does not count.
  let window = { ms: 0, bytes: 0 }
  for (;;) {
    const isSlow = window.bytes < WINDOW_BYTES_MIN
    const idle = setTimeout(cutOff, isSlow ? idleTimeoutMs - window.ms : idleTimeoutMs)
    const sinceMs = performance.now()
    try {
      const step: IteratorResult<unknown> = await abortable(pieces.next(), signal)
      if (step.done === true) return
      if (!(step.value instanceof Uint8Array)) throw new TypeError('a body consists of bytes')
      clearTimeout(idle)
      window = { ms: window.ms + performance.now() - sinceMs, bytes: window.bytes + step.value.length }
      if (window.ms >= idleTimeoutMs && window.bytes >= WINDOW_BYTES_MIN) window = { ms: 0, bytes: 0 }
      yield step.value
    } catch (cause) {
      if (cause instanceof CairnError) throw cause
      throw new CairnError('UNAVAILABLE', 'Cannot read the body: the client is gone', { cause })
    } finally {
      clearTimeout(idle)
    }
  }
}

/** Whether there is, or may be, something of the body that has not come yet. */
export function isBodyUnread({ complete, destroyed, headers }: IncomingMessage): boolean {
  if (complete || destroyed) return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Takes what still comes of a body and drops it, for at most `ms`: its sender is to have time for reading the answer. */
export async function dropBody(request: IncomingMessage, ms: number): Promise<void> {
  if (!isBodyUnread(request)) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    const settle = (): void => {
      clearTimeout(timer)
      resolve()
    }
    // Whoever read it before has left its listener, under which no data flows.
    request.removeAllListeners('readable').once('end', settle).once('close', settle)
    request.on('data', () => undefined)
  })
}
