// What a client is told that does not get what it asked for.
import { isCairnError, type ErrorCode } from '@cairn/core'
import { RETRY_AFTER_SECONDS } from '../limits.ts'

/** An answer that is not the content. */
export class HttpFailure extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'HttpFailure'
    this.status = status
    this.headers = headers
  }
}

const RETRY: Readonly<Record<string, string>> = { 'Retry-After': String(RETRY_AFTER_SECONDS) }

/** The request may be good another time. */
export function tooManyRequests(message: string): HttpFailure {
  return new HttpFailure(429, message, RETRY)
}

/** Nobody gave the content in time. */
export function retrievalTimedOut(): HttpFailure {
  return new HttpFailure(504, 'The content was not found in time', RETRY)
}

/** Statuses of errors about content, by code: what strangers wrote is never a fault of the server. */
const BY_CODE: Readonly<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  CORRUPT: 500,
  INVALID: 406,
  UNSUPPORTED: 406,
  LIMIT: 400,
  LOCKED: 503,
  CONFLICT: 503,
  DENIED: 400,
  UNAVAILABLE: 502,
}

/** What a client is told of `error`. */
export function failureOf(error: unknown): HttpFailure {
  if (error instanceof HttpFailure) return error
  if (!isCairnError(error)) return new HttpFailure(500, 'The gateway failed')
  const status = BY_CODE[error.code]
  return new HttpFailure(status, error.message, status >= 502 ? RETRY : {})
}

/** What `read` gives; errors of the codes in `statuses` become failures of these statuses. */
export async function failingWith<Value>(
  statuses: Partial<Readonly<Record<ErrorCode, number>>>,
  read: () => Promise<Value> | Value,
): Promise<Value> {
  try {
    return await read()
  } catch (error) {
    const status = isCairnError(error) ? statuses[error.code] : undefined
    if (status === undefined || !isCairnError(error)) throw error
    throw new HttpFailure(status, error.message)
  }
}
