// What LevelDB says went wrong, as errors of Cairn.
import { CairnError, type ErrorCode } from '@cairn/core'

/** The error `cause` of LevelDB's binding, as one whose message begins with `action`. */
export function databaseError(action: string, cause: unknown): CairnError {
  const root = rootOf(cause)
  const advice = DISK_FULL.test(root.message) ? '; free some megabytes of the disk and try again' : ''
  return new CairnError(codeOf(root), `${action}: ${root.message}${advice}`, { cause })
}

/** The error that LevelDB gave, below what `level` wraps around a failed open. */
function rootOf(cause: unknown): Error & { readonly code?: unknown } {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  return error.cause instanceof Error ? rootOf(error.cause) : error
}

const DISK_FULL = /no space left on device|disk quota exceeded/i

// LevelDB reports the operating system's errors as text only.
function codeOf({ code, message }: Error & { readonly code?: unknown }): ErrorCode {
  if (code === 'LEVEL_LOCKED') return 'LOCKED'
  if (DISK_FULL.test(message) || /too many open files/i.test(message)) return 'LIMIT'
  if (/permission denied|read-only file system|operation not permitted/i.test(message)) return 'DENIED'
  if (code === 'LEVEL_CORRUPTION' || /no such file|invalid argument|is a directory/i.test(message)) return 'CORRUPT'
  return 'UNAVAILABLE'
}
