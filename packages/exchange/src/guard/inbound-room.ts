// What one peer may have unread with us: little while it only asks, since its wants are short; much once it has sent blocks that
// we wanted, so that a fetch never waits for a window.
import { MESSAGE_GROWTH, PEER_INBOUND_BYTES_MAX, STRANGER_INBOUND_BYTES_MAX, STRANGER_WINDOW_BYTES } from './limits.ts'
import { ByteBudget } from './byte-budget.ts'

/** A stream of libp2p, as far as it is needed here. */
interface Closing {
  addEventListener(type: 'close', listener: () => void): void
}

/** One of yamux, as far as its type does not say it. */
interface Windowed extends Closing {
  /** Bytes that the window may grow to. */
  maxStreamWindowSize: number
  /** Bytes of the window now. */
  recvWindow: number
  /** Tells the peer how far the window is open. */
  sendWindowUpdate(): void
}

/** The room of one peer, over all its streams. */
export class InboundRoom {
  readonly #budget = new ByteBudget(STRANGER_INBOUND_BYTES_MAX)
  /** Streams with a small window, and what it would be otherwise. */
  readonly #small = new Map<Windowed, number>()
  #isTrusted = false

  /** Whether the peer has sent what we wanted. */
  get isTrusted(): boolean {
    return this.#isTrusted
  }

  /** Keeps the window of a stranger's stream small. One that is no yamux stream stays as it is: its bytes are bounded by the look at all. */
  admit(stream: Closing): void {
    if (!isWindowed(stream)) return
    if (this.#isTrusted) {
      openWide(stream, stream.maxStreamWindowSize)
      return
    }
    this.#small.set(stream, stream.maxStreamWindowSize)
    stream.maxStreamWindowSize = Math.min(stream.maxStreamWindowSize, STRANGER_WINDOW_BYTES)
    stream.addEventListener('close', () => this.#small.delete(stream))
  }

  /** The peer has sent what we wanted: from now on it has the room of those that we fetch from. */
  trust(): void {
    if (this.#isTrusted) return
    this.#isTrusted = true
    for (const [stream, bytes] of this.#small) openWide(stream, bytes)
    this.#small.clear()
    this.#budget.giveBack(PEER_INBOUND_BYTES_MAX - STRANGER_INBOUND_BYTES_MAX)
  }

  /** As {@link ByteBudget.claim}. */
  claim(bytes: number): Promise<void> {
    return this.#budget.claim(bytes)
  }

  giveBack(bytes: number): void {
    this.#budget.giveBack(bytes)
  }

  /** Bytes to make ready for a message of `length` of which `filled` have come: a stranger's promise counts for little. */
  messageBytes(filled: number, length: number): number {
    return this.#isTrusted ? length : Math.min(length, filled * MESSAGE_GROWTH)
  }
}

/** A window that grows with each round trip holds a block back for one each time that it is full: so it opens at once. */
function openWide(stream: Windowed, bytes: number): void {
  stream.maxStreamWindowSize = bytes
  stream.recvWindow = bytes
  stream.sendWindowUpdate()
}

function isWindowed(stream: Closing): stream is Windowed {
  return 'maxStreamWindowSize' in stream && typeof stream.maxStreamWindowSize === 'number'
}
