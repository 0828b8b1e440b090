// What LevelDB says went wrong, as errors of Cairn.
import { CairnError, type ErrorCode } from '@cairn/core'

/** The error `cause` of LevelDB's binding, as one whose message begins with `action`. */
export function databaseError(action: string, cause: unknown): CairnError {
  const root = rootOf(cause)
  return new CairnError(codeOf(root), `${action}: ${root.message}`, { cause })
}

/** The error that LevelDB gave, below what `level` wraps around a failed open. */
function rootOf(cause: unknown): Error & { readonly code?: unknown } {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  return error.cause instanceof Error ? rootOf(error.cause) : error
}

// LevelDB reports the operating system's errors as text only.
function codeOf({ code, message }: Error & { readonly code?: unknown }): ErrorCode {
  if (code === 'LEVEL_LOCKED') return 'LOCKED'
  if (/no space left on device|disk quota exceeded|too many open files/i.test(message)) return 'LIMIT'
  if (/permission denied|read-only file system|operation not permitted/i.test(message)) return 'DENIED'
  if (code === 'LEVEL_CORRUPTION' || /no such file|invalid argument|is a directory/i.test(message)) return 'CORRUPT'
  return 'UNAVAILABLE'
}
