// Standard output at the reader's pace. A reader that has gone (`cairn cat … | head`) ends the command without noise.
import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Why a command ended early: nobody reads its output any more. */
export class OutputClosed extends Error {}

/** Writes to one stream and waits when it is full. */
export class Output {
  readonly #stream: Writable
  readonly #closed = new AbortController()

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', () => this.#closed.abort(new OutputClosed()))
  }

  /** Aborts when nobody reads any more; the reason is an {@link OutputClosed}. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Resolves when there is room for more. @throws OutputClosed */
  async write(data: string | Uint8Array): Promise<void> {
    const { signal } = this.#closed
    signal.throwIfAborted()
    if (!this.#stream.write(data)) await once(this.#stream, 'drain', { signal }).catch(() => signal.throwIfAborted())
  }

  /** Resolves when everything written has left the process. */
  async flush(): Promise<void> {
    if (!this.#closed.signal.aborted) await new Promise<void>((resolve) => this.#stream.write('', () => resolve()))
  }
}
