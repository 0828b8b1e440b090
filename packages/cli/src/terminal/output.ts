// Standard output at the reader's pace. A reader that has gone (`cairn cat … | head`) ends the command without noise.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { systemError } from '@cairn/core'

/** Why a command ended early: nobody reads its output any more. */
export class OutputClosed extends Error {}

/** Writes to one stream and waits when it is full. */
export class Output {
  /** Aborts when the command is stopped, and when nothing can be written any more: that is an {@link OutputClosed}, or LIMIT on a full disk. */
  readonly signal: AbortSignal
  readonly #stream: Writable
  readonly #failed = new AbortController()

  /** `stop` ends the waiting for a reader that does not read. */
  constructor(stream: Writable, stop: AbortSignal) {
    this.#stream = stream
    this.signal = AbortSignal.any([stop, this.#failed.signal])
    stream.on('error', (cause: NodeJS.ErrnoException) =>
      this.#failed.abort(cause.code === 'EPIPE' ? new OutputClosed() : systemError('write to standard output', cause)),
    )
  }

  /** Resolves when there is room for more. @throws the reason of `signal` */
  async write(data: string | Uint8Array): Promise<void> {
    const { signal } = this
    signal.throwIfAborted()
    if (!this.#stream.write(data)) await once(this.#stream, 'drain', { signal }).catch(() => signal.throwIfAborted())
  }

  /** Resolves when everything written has left the process, or the command is stopped. @throws when it could not be written */
  async flush(): Promise<void> {
    const { signal } = this
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true })
        this.#stream.write('', () => resolve())
      })
    }
    this.#failed.signal.throwIfAborted()
  }
}
