// Failures as Kubo's RPC has them: a status and a JSON object before the first byte, a trailer after it.
import { isCairnError, type ErrorCode } from '@cairn/core'
import { BadRequest } from './http-call.ts'

/** Trailer with the message of a failure after the first byte. */
export const ERROR_TRAILER = 'X-Stream-Error'

/** Header or trailer with the code of a failure in Cairn's own terms, for calls of our own client. */
export const CODE_HEADER = 'X-Cairn-Error'

/** What a client is told. */
export interface HttpFailure {
  readonly status: number
  readonly message: string
  /** Kubo's code: 0 normal, 1 of the client, 3 too many requests, 4 forbidden. Source: go-ipfs-cmds error.go. */
  readonly code: 0 | 1 | 3 | 4
  /** Our own code. */
  readonly name: ErrorCode
}

/** Kubo answers 500 to all that a command refuses, and its clients know no other. */
const NORMAL = { status: 500, code: 0 } as const

const BY_CODE: Readonly<Record<ErrorCode, { readonly status: number; readonly code: HttpFailure['code'] }>> = {
  NOT_FOUND: NORMAL,
  CORRUPT: NORMAL,
  INVALID: NORMAL,
  UNSUPPORTED: NORMAL,
  LIMIT: NORMAL,
  LOCKED: NORMAL,
  CONFLICT: NORMAL,
  DENIED: { status: 403, code: 4 },
  UNAVAILABLE: NORMAL,
}

/** What a client is told of `error`; of a fault in Cairn no more than its message. */
export function httpFailureOf(error: unknown): HttpFailure {
  if (error instanceof BadRequest) return { status: error.status, message: error.message, code: 1, name: 'INVALID' }
  const message = error instanceof Error ? error.message : String(error)
  const name = isCairnError(error) ? error.code : 'UNAVAILABLE'
  return { ...BY_CODE[name], message, name }
}

/** The time of a call is over: its words are what Kubo's clients know a timeout by. */
export function timeoutMessage(message: string): string {
  return `${message}: context deadline exceeded`
}
