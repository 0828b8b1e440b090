// Length-prefixed messages that go out on libp2p streams: writing waits for the `drain` event, since `onDrain()` of js-libp2p works
// once.
import { abortable, CairnError, Turns, type AbortOptions } from '@cairn/core'
import type { Stream } from '@libp2p/interface'
import { JOINED_BYTES_MAX, STREAM_CLOSE_TIMEOUT_MS, STREAM_OPEN_TIMEOUT_MS, UNSENT_BYTES_MAX } from './limits.ts'
import { asError, isOver } from './stream-state.ts'

/** Bytes of a message in the form that the protocol of a stream takes; `undefined` when nothing of it can be said there. */
export type MessageForm = (message: Uint8Array, stream: Stream) => Uint8Array | undefined

/** Sends messages to one peer over one long-lived stream, opened when first needed or before, and again after it broke. */
export class MessageWriter {
  readonly #open: (signal: AbortSignal) => Promise<Stream>
  readonly #form: MessageForm
  readonly #turns = new Turns()
  #stream: Stream | undefined
  #isClosed = false

  constructor(open: (signal: AbortSignal) => Promise<Stream>, form: MessageForm = (message) => message) {
    this.#open = open
    this.#form = form
  }

  /**
   * Sends one message, after all that were sent before. Resolves when libp2p has passed it on and has room for more;
   * when the signal aborts while waiting for that room, the message still goes out.
   *
   * @throws UNAVAILABLE when no stream can be opened or the stream breaks
   */
  async send(message: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    await this.#turns.run(
      async () => {
        try {
          await hasRoom(await this.#pass(message, signal), signal)
        } catch (cause) {
          signal?.throwIfAborted()
          throw new CairnError('UNAVAILABLE', `Cannot send ${message.length} bytes: ${asError(cause).message}`, {
            cause,
          })
        }
      },
      { signal },
    )
  }

  /**
   * Opens the stream, so that the first message does not wait a round trip until the peer agrees to the protocol. When that
   * fails, the message tries again.
   */
  prepare(): void {
    this.#turns.run(async () => (this.#stream ??= await this.#openStream())).catch(() => undefined)
  }

  /** Takes a stream that is open already, unless there is one. */
  async adopt(stream: Stream): Promise<void> {
    await this.#turns.run(async () => {
      if (this.#stream === undefined) await this.#use(stream)
      else stream.abort(new Error('not needed'))
    })
  }

  /** Ends the stream: what has been sent goes out if the peer takes it soon, what waits rejects with UNAVAILABLE. */
  async close(): Promise<void> {
    this.#isClosed = true
    const stream = this.#stream
    if (stream === undefined || isOver(stream)) return
    try {
      await stream.close({ signal: AbortSignal.timeout(STREAM_CLOSE_TIMEOUT_MS) })
    } catch (cause) {
      stream.abort(asError(cause))
    }
  }

  /** Hands the message to a stream. One that did not get through in whole never counts, so a new stream may repeat it. */
  async #pass(message: Uint8Array, signal: AbortSignal | undefined): Promise<Stream> {
    const used = this.#stream
    if (used !== undefined && used.writeStatus === 'writable') {
      try {
        await hasRoom(used, signal)
        this.#put(message, used)
        return used
      } catch (cause) {
        signal?.throwIfAborted()
        used.abort(asError(cause))
      }
    }
    const stream = await this.#openStream(signal)
    this.#put(message, stream)
    return stream
  }

  async #openStream(signal?: AbortSignal): Promise<Stream> {
    const timeout = AbortSignal.timeout(STREAM_OPEN_TIMEOUT_MS)
    if (this.#isClosed) throw new Error('the network is closed')
    const stream = await this.#open(signal === undefined ? timeout : AbortSignal.any([signal, timeout]))
    await this.#use(stream)
    return stream
  }

  async #use(stream: Stream): Promise<void> {
    this.#stream = stream
    if (this.#isClosed) stream.abort(new Error('the network is closed'))
    // Answers come on streams of the peer's own; nothing is expected on this one.
    await stream.closeRead()
  }

  #put(message: Uint8Array, stream: Stream): void {
    const formed = this.#form(message, stream)
    if (formed !== undefined) for (const piece of frameOf(formed)) stream.send(piece)
  }
}

/**
 * Resolves when the stream has little left to send, rejects when it closes before. To wait until nothing is left would
 * let it run dry between messages.
 */
async function hasRoom(stream: Stream, signal: AbortSignal | undefined): Promise<void> {
  while (stream.writableNeedsDrain && stream.writeBufferLength > UNSENT_BYTES_MAX) {
    if (isOver(stream)) throw new Error(`the stream is ${stream.status}`)
    const cleanup = new AbortController()
    const drained = new Promise<void>((resolve, reject) => {
      const options = { once: true, signal: cleanup.signal }
      stream.addEventListener('drain', () => resolve(), options)
      stream.addEventListener('close', (event) => reject(event.error ?? new Error('the stream closed')), options)
    })
    await abortable(drained, signal).finally(() => cleanup.abort())
  }
}

/** The bytes to send, in pieces: joined when short, for one piece costs less, and else not copied. */
function frameOf(message: Uint8Array): readonly Uint8Array[] {
  const prefix: number[] = []
  let rest = message.length
  for (; rest >= 0x80; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80)
  const length = Uint8Array.of(...prefix, rest)
  return message.length > JOINED_BYTES_MAX ? [length, message] : [Buffer.concat([length, message])]
}
