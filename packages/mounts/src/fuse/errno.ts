// Failures as the kernel has them. Numbers: Linux, include/uapi/asm-generic/errno-base.h and errno.h.
import { isCairnError, type ErrorCode } from '@cairn/core'
import { VfsError, type VfsProblem } from '../vfs/vfs-error.ts'

/** Numbers that are answered by name. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSPC: 28,
  EROFS: 30,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ENODATA: 61,
  EILSEQ: 84,
  EOPNOTSUPP: 95,
} as const

const OF_PROBLEM: Readonly<Record<VfsProblem, number>> = {
  missing: ERRNO.ENOENT,
  exists: ERRNO.EEXIST,
  'not-empty': ERRNO.ENOTEMPTY,
  'is-directory': ERRNO.EISDIR,
  'not-directory': ERRNO.ENOTDIR,
  'read-only': ERRNO.EROFS,
  'bad-name': ERRNO.EINVAL,
  'long-name': ERRNO.ENAMETOOLONG,
  'inside-itself': ERRNO.EINVAL,
}

/** A name that is missing is a problem of its own: what else cannot be found is content. */
const OF_CODE: Readonly<Record<ErrorCode, number>> = {
  NOT_FOUND: ERRNO.EIO,
  CORRUPT: ERRNO.EIO,
  INVALID: ERRNO.EIO,
  UNSUPPORTED: ERRNO.EOPNOTSUPP,
  LIMIT: ERRNO.ENOSPC,
  LOCKED: ERRNO.EBUSY,
  CONFLICT: ERRNO.EBUSY,
  DENIED: ERRNO.EACCES,
  UNAVAILABLE: ERRNO.EIO,
}

/** An answer of this number, with nothing more to say. */
export class Errno extends Error {
  readonly errno: number

  constructor(name: keyof typeof ERRNO) {
    super(name)
    this.errno = ERRNO[name]
  }
}

/** The number for a failure; `undefined` for one that is a mistake of this program. */
export function errnoOf(error: unknown): number | undefined {
  if (error instanceof Errno) return error.errno
  if (error instanceof VfsError) return OF_PROBLEM[error.problem]
  if (isCairnError(error)) return OF_CODE[error.code]
  // The time-out of a block that nobody has.
  return error instanceof Error && error.name === 'TimeoutError' ? ERRNO.EIO : undefined
}
