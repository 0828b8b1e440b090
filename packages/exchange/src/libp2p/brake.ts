// Stops reading a whole connection. js-libp2p pauses single streams, and a peer opens others meanwhile; what it sends is read,
// decrypted and kept whatever it is. A connection that is not read costs nothing here: the system's buffers fill, and the peer waits.
import type { Connection, MessageStream, Stream } from '@libp2p/interface'

/** What comes on a connection, told as it comes. */
export interface BrakeWatcher {
  /** Bytes have come, of whatever streams. */
  readonly onBytes: (bytes: number) => void
  /** The peer has opened a stream. */
  readonly onStream: () => void
}

/** What a muxer reads. */
type Line = MessageStream & Pick<Stream, 'readStatus'>

/** A connection of js-libp2p, as far as its type does not say it: its muxer, and what that reads. */
interface Muxed {
  readonly muxer: {
    readonly maConn: Line
    addEventListener(type: 'stream', listener: () => void): void
  }
}

/** Reads a connection, or does not. */
export class Brake {
  readonly #line: Line
  #isOn = false
  #isResuming = false

  private constructor({ muxer }: Muxed, { onBytes, onStream }: BrakeWatcher) {
    this.#line = muxer.maConn
    // After the muxer's own listeners, so that what has come is with the streams by now.
    this.#line.addEventListener('message', ({ data }) => onBytes(data.byteLength))
    muxer.addEventListener('stream', onStream)
  }

  /** The brake of `connection`; none when it has no muxer that can be stopped. */
  static of(connection: Connection, watcher: BrakeWatcher): Brake | undefined {
    return isMuxed(connection) ? new Brake(connection, watcher) : undefined
  }

  /** Stops reading, or goes on. */
  set(isOn: boolean): void {
    if (isOn === this.#isOn) return
    this.#isOn = isOn
    if (isOn) this.#pause()
    else this.#resume()
  }

  #pause(): void {
    // Within `resume`, which hands out what has waited, it would be undone.
    if (!this.#isResuming && this.#line.readStatus === 'readable') this.#line.pause()
  }

  #resume(): void {
    if (this.#isResuming || this.#line.readStatus !== 'paused') return
    this.#isResuming = true
    try {
      this.#line.resume()
    } finally {
      this.#isResuming = false
    }
    if (this.#isOn) this.#pause()
  }
}

function isMuxed(connection: object): connection is Muxed {
  if (!('muxer' in connection) || typeof connection.muxer !== 'object' || connection.muxer === null) return false
  const { muxer } = connection
  if (!('maConn' in muxer) || typeof muxer.maConn !== 'object' || muxer.maConn === null) return false
  return 'addEventListener' in muxer && 'pause' in muxer.maConn && 'resume' in muxer.maConn
}
