// What is asked of a libp2p stream before it is touched, and what it throws.
import type { Stream } from '@libp2p/interface'

/** Whether nothing more comes or goes on the stream. */
export function isOver(stream: Stream): boolean {
  return stream.status !== 'open' && stream.status !== 'closing'
}

/** What was thrown, whatever it is, as an error. */
export function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause))
}
