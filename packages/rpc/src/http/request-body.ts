// The body of a request as pieces, read only as fast as somebody takes them.
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/core'
import { IDLE_TIMEOUT_MS } from './limits.ts'

/** The bytes of the body. @throws UNAVAILABLE when the client goes away or sends nothing for too long */
export async function* bodyBytes(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  const idle = setTimeout(() => {
    request.destroy(new CairnError('UNAVAILABLE', 'Cannot read the body: nothing came for too long'))
  }, IDLE_TIMEOUT_MS)
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      if (!(piece instanceof Uint8Array)) throw new TypeError('a body consists of bytes')
      // Only waiting for the client counts, not what is done with the piece.
      clearTimeout(idle)
      yield piece
      idle.refresh()
    }
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('UNAVAILABLE', 'Cannot read the body: the client is gone', { cause })
  } finally {
    clearTimeout(idle)
  }
}
