// Length-prefixed messages that come on libp2p streams, with bounded memory. A stream is paused when it gets ahead of its reader.
// js-libp2p needs care in three places: `pause()` within `resume()` is lost, both throw on closed streams, and iterating a stream
// buffers without bound.
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { BadInput } from '../guard/refusals.ts'
import type { InboundRoom } from '../guard/inbound-room.ts'
import { FIRST_READ_BYTES, LENGTH_BYTES_MAX, READ_AHEAD_BYTES_MAX } from './limits.ts'
import { MESSAGE_BYTES_MAX } from '../limits.ts'
import { asError, isOver } from './stream-state.ts'

/**
 * The messages that arrive on one stream. Holds at most one message and two stream windows of bytes after it: what
 * came in one event, and what comes before a pause takes effect. A sender may cut its bytes into single ones, so
 * nothing here costs more than constant time for each part.
 */
export class MessageReader implements AsyncIterable<Uint8Array> {
  readonly #stream: Stream
  readonly #room: InboundRoom
  /** Arrived, oldest first; those before `#nextPart` are taken. */
  #parts: Uint8Array[] = []
  #nextPart = 0
  #waitingBytes = 0
  #messageBytes = 0
  #wake: (() => void) | undefined
  #isResuming = false

  /** Takes over the reading side of `stream`, at once. Each message takes its length of `room` until the next is asked for. */
  constructor(stream: Stream, room: InboundRoom) {
    this.#stream = stream
    this.#room = room
    room.admit(stream)
    this.#pause()
    stream.addEventListener('message', (event) => this.#arrived(event))
    stream.addEventListener('end', () => this.#wake?.())
    stream.addEventListener('close', () => this.#wake?.())
  }

  /** Bytes held now for this stream, by us and by libp2p. */
  get bufferedBytes(): number {
    return this.#messageBytes + this.#waitingBytes + this.#stream.readBufferLength
  }

  /** Ends the stream in both directions; a message under way is lost. */
  abort(reason: Error): void {
    this.#forget()
    this.#stream.abort(reason)
  }

  /**
   * Whole messages in order, until the sender ends the stream. The caller owns their bytes.
   *
   * @throws INVALID when a length breaks the protocol, UNAVAILABLE when the stream breaks within a message
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const length = await this.#readLength()
      if (length === undefined) return
      await this.#room.claim(length)
      try {
        yield await this.#read(length)
      } finally {
        this.#messageBytes = 0
        this.#room.giveBack(length)
      }
    }
  }

  /** The next message's length in bytes, or `undefined` when the stream has ended before it. */
  async #readLength(): Promise<number | undefined> {
    const byte = new Uint8Array(1)
    let length = 0
    for (let index = 0; index < LENGTH_BYTES_MAX; index++) {
      if (!(await this.#hasMore())) {
        if (index === 0) return undefined
        throw cutShort()
      }
      this.#take(byte)
      const [bits = 0] = byte
      length += (bits & 0x7f) * 2 ** (7 * index)
      if (bits < 0x80) return checkLength(length)
    }
    throw new BadInput(
      'length-malformed',
      `Cannot read a message: its length takes more than ${LENGTH_BYTES_MAX} bytes`,
    )
  }

  /** Exactly `length` bytes. The memory taken follows what has arrived, not what the sender promises. */
  async #read(length: number): Promise<Uint8Array> {
    let message = new Uint8Array(Math.min(length, FIRST_READ_BYTES))
    let filled = 0
    while (filled < length) {
      if (!(await this.#hasMore())) throw cutShort()
      if (filled === message.length) message = enlarge(message, this.#room.messageBytes(filled, length))
      filled += this.#take(message.subarray(filled))
      this.#messageBytes = message.length
    }
    return message
  }

  /** Moves what has arrived into `target`, as far as it fits; gives the number of bytes moved. */
  #take(target: Uint8Array): number {
    let moved = 0
    while (moved < target.length) {
      const part = this.#parts[this.#nextPart]
      if (part === undefined) break
      const piece = part.subarray(0, target.length - moved)
      target.set(piece, moved)
      moved += piece.length
      if (piece.length < part.length) this.#parts[this.#nextPart] = part.subarray(piece.length)
      else this.#nextPart++
    }
    this.#waitingBytes -= moved
    if (this.#waitingBytes === 0) this.#forget()
    return moved
  }

  /** Waits for bytes to take; false when there will be none. */
  async #hasMore(): Promise<boolean> {
    if (this.#waitingBytes > 0) return true
    // Dispatches what libp2p holds before it returns.
    this.#resume()
    while (this.#waitingBytes === 0) {
      if (this.#stream.readableEnded || isOver(this.#stream)) return false
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    return true
  }

  #arrived({ data }: StreamMessageEvent): void {
    if (data instanceof Uint8Array) this.#parts.push(data)
    else for (const part of data) this.#parts.push(part)
    this.#waitingBytes += data.byteLength
    if (this.#wake !== undefined) this.#wake()
    else if (!this.#isResuming && this.#waitingBytes > READ_AHEAD_BYTES_MAX) this.#pause()
  }

  #forget(): void {
    this.#parts = []
    this.#nextPart = 0
    this.#waitingBytes = 0
  }

  // Not inside `resume`, which would undo it.
  #pause(): void {
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #resume(): void {
    if (this.#stream.readStatus !== 'paused') return
    this.#isResuming = true
    try {
      this.#stream.resume()
    } catch (cause) {
      // The connection has gone; what resume had dispatched before it threw is still read.
      this.#stream.abort(asError(cause))
    } finally {
      this.#isResuming = false
    }
  }
}

function checkLength(length: number): number {
  if (length <= MESSAGE_BYTES_MAX) return length
  const text = `Cannot read a message of ${length} bytes: at most ${MESSAGE_BYTES_MAX} are allowed`
  throw new BadInput('length-too-large', text)
}

/** More room for a message, not zeroed: it is handed out only once it is full, and the system gives memory when it is written. */
function enlarge(message: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  larger.set(message)
  return larger
}

function cutShort(): BadInput {
  return new BadInput('stream-cut', 'Cannot read a message: its stream ended within it', { code: 'UNAVAILABLE' })
}
