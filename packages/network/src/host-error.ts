// What libp2p throws, as errors of Cairn. libp2p drops the cause of a failed handshake and of a failed listen, so two
// things are told apart by its text alone; the tests of host.ts hold these texts against the real thing.
import { CairnError, type ErrorCode } from '@cairn/core'

// TLS, then Noise, on a peer id that is not the expected one.
const WRONG_PEER = /unexpected peer|does not match expected remote identity/i
// Our own gate, before the dial and after the handshake.
const REFUSED: ReadonlySet<string> = new Set(['DialDeniedError', 'ConnectionInterceptedError', 'ConnectionDeniedError'])
const SYSTEM_CODE = /\b(E[A-Z]{3,})\b[^\n]*/
const LISTEN_CODES: Readonly<Record<string, ErrorCode>> = { EADDRINUSE: 'CONFLICT', EACCES: 'DENIED', EPERM: 'DENIED' }

/** Why a dial failed, as one line: INVALID, DENIED or UNAVAILABLE as `Host.connect` says. */
export function dialError(address: string, cause: unknown): CairnError {
  const reason = reasonOf(cause)
  return new CairnError(dialCode(cause, reason), `Cannot connect to ${address}: ${reason}`, { cause })
}

/** Why a host cannot listen, as one line: CONFLICT, DENIED or UNAVAILABLE as `openHost` says. */
export function listenError(addresses: readonly string[], cause: unknown): CairnError {
  const [reason, code] = SYSTEM_CODE.exec(cause instanceof Error ? cause.message : '') ?? [reasonOf(cause), '']
  const message = `Cannot listen on ${addresses.join(', ')}: ${reason}`
  return new CairnError(LISTEN_CODES[code] ?? 'UNAVAILABLE', message, { cause })
}

/** The first line of an error's message; of several errors, that of the last. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors.at(-1))
  const text = cause instanceof Error ? cause.message || cause.name : String(cause)
  return text.split('\n', 1)[0] ?? text
}

function dialCode(cause: unknown, reason: string): ErrorCode {
  if (!(cause instanceof Error)) return 'UNAVAILABLE'
  // Our own address, by its peer id or by who answers.
  if (cause.name === 'InvalidPeerIdError') return 'INVALID'
  if (REFUSED.has(cause.name)) return 'DENIED'
  if (cause instanceof AggregateError && cause.errors.length > 0) return dialCode(cause.errors.at(-1), reason)
  return cause.name === 'EncryptionFailedError' && WRONG_PEER.test(reason) ? 'DENIED' : 'UNAVAILABLE'
}
