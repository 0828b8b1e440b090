// Failures as WebDAV has them.
import { isCairnError, type ErrorCode } from '@cairn/core'
import { VfsError, type VfsProblem } from '../vfs/vfs-error.ts'

/** An answer that is a refusal. `condition` is what RFC 4918 names in the body. */
export class DavError extends Error {
  readonly status: number
  readonly condition: string | undefined

  constructor(status: number, condition?: string) {
    super(`${status}`)
    this.status = status
    this.condition = condition
  }
}

const OF_PROBLEM: Readonly<Record<VfsProblem, number>> = {
  missing: 404,
  exists: 405,
  'not-empty': 409,
  'is-directory': 405,
  'not-directory': 409,
  'read-only': 403,
  'bad-name': 400,
  'long-name': 400,
  'inside-itself': 403,
}

const OF_CODE: Readonly<Record<ErrorCode, number>> = {
  NOT_FOUND: 504,
  CORRUPT: 500,
  INVALID: 400,
  UNSUPPORTED: 501,
  LIMIT: 507,
  LOCKED: 503,
  CONFLICT: 409,
  DENIED: 403,
  UNAVAILABLE: 503,
}

/** The status for a failure. */
export function statusOf(error: unknown): number {
  if (error instanceof DavError) return error.status
  if (error instanceof VfsError) return OF_PROBLEM[error.problem]
  return isCairnError(error) ? OF_CODE[error.code] : 500
}
