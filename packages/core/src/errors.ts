// The one error class of Cairn. Codes are API and stay stable; messages are for people and may change.
import type { CID } from 'multiformats/cid'

/**
 * What went wrong, for programs.
 *
 * - `NOT_FOUND`: the block, path, peer or repo is not there, or nobody has it
 * - `CORRUPT`: bytes do not match their CID, or stored data breaks its format
 * - `INVALID`: input that does not parse or breaks a rule of its format
 * - `UNSUPPORTED`: well-formed, but this version cannot handle it
 * - `LIMIT`: a named bound would be exceeded (size, depth, disk space)
 * - `LOCKED`: another process owns the repo
 * - `CONFLICT`: the request contradicts the present state
 * - `DENIED`: a policy or the operating system forbids it
 * - `UNAVAILABLE`: it may work later (time-out, no connection, closed)
 */
export type ErrorCode = (typeof ERROR_CODES)[number]

/** All that there are, as {@link ErrorCode} explains them. */
export const ERROR_CODES = [
  'NOT_FOUND',
  'CORRUPT',
  'INVALID',
  'UNSUPPORTED',
  'LIMIT',
  'LOCKED',
  'CONFLICT',
  'DENIED',
  'UNAVAILABLE',
] as const

/** Cause of an error and the CID it is about, both optional. */
export interface CairnErrorOptions {
  readonly cause?: unknown
  readonly cid?: CID | undefined
}

/** Every failure that Cairn reports on purpose. A caller's programming mistake is a `TypeError` instead. */
export class CairnError extends Error {
  readonly code: ErrorCode
  readonly cid: CID | undefined

  constructor(code: ErrorCode, message: string, options: CairnErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'CairnError'
    this.code = code
    this.cid = options.cid
  }
}

/** True when `error` is a {@link CairnError}, of the given code if one is named. */
export function isCairnError(error: unknown, code?: ErrorCode): error is CairnError {
  return error instanceof CairnError && (code === undefined || error.code === code)
}

/** Codes of failed system calls. Whatever is not here may work later. */
const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'DENIED',
  EDQUOT: 'LIMIT',
  EEXIST: 'CONFLICT',
  EINVAL: 'INVALID',
  EISDIR: 'INVALID',
  ELOOP: 'INVALID',
  EMFILE: 'LIMIT',
  ENAMETOOLONG: 'INVALID',
  ENFILE: 'LIMIT',
  ENOENT: 'NOT_FOUND',
  ENOSPC: 'LIMIT',
  ENOTDIR: 'INVALID',
  ENOTEMPTY: 'CONFLICT',
  EPERM: 'DENIED',
  EROFS: 'DENIED',
}

/**
 * A failed system call as a CairnError whose message begins with `Cannot` and `action`. What is a CairnError already,
 * or an abort, is given back as it is.
 */
export function systemError(action: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string' || isCairnError(cause))
    return cause
  // Node's message reads "ENOENT: no such file or directory, open '/x'".
  const reason = /^[A-Z0-9]+: ([^,]+)/.exec(cause.message)?.[1] ?? cause.message
  return new CairnError(SYSTEM_CODES[cause.code] ?? 'UNAVAILABLE', `Cannot ${action}: ${reason}`, { cause })
}
