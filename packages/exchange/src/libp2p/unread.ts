// What peers have sent that is not handled: js-libp2p bounds what a stream holds, and nothing what a peer does.
import type { PeerId } from '@cairn/core'
import { WINDOW_BYTES_MAX } from '../limits.ts'
import type { Link } from './link.ts'
import { STRANGERS_UNREAD_BYTES_MAX, UNREAD_BYTES_MAX } from './limits.ts'

/** What a peer has unread: of that, `excess` bytes that it was not asked for. */
interface Held {
  readonly link: Link
  readonly bytes: number
  readonly excess: number
}

/**
 * The links whose streams are to be dropped: who holds most gives way when it is too much. What a peer was asked for is no fault
 * of its own: it stands unread while a limit of ours holds it back.
 */
export function* toDrop(links: Iterable<Link>, expectedBytes: (peer: PeerId) => number): Generator<Held> {
  const held = Array.from(links, (link): Held => {
    const bytes = link.unreadBytes
    return { link, bytes, excess: Math.max(0, bytes - expectedBytes(link.peer)) }
  })
  const strangers = held.filter(({ link }) => !link.room.isTrusted)
  yield* most(strangers, STRANGERS_UNREAD_BYTES_MAX)
  yield* most(held, UNREAD_BYTES_MAX)
}

/** Those who hold most, until the others hold no more than `unaskedBytesMax` beyond what they were asked for. */
function* most(held: Held[], unaskedBytesMax: number): Generator<Held> {
  let total = held.reduce((sum, { bytes }) => sum + bytes, 0)
  const expected = held.reduce((sum, { bytes, excess }) => sum + bytes - excess, 0)
  const bytesMax = unaskedBytesMax + Math.min(expected, WINDOW_BYTES_MAX)
  held.sort((a, b) => b.excess - a.excess || b.bytes - a.bytes)
  for (const found of held) {
    if (total <= bytesMax) return
    yield found
    total -= found.bytes
  }
}
